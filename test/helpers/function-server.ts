/** An HTTP function under the real framework on a port of its own, and requests to it as raw as a test needs them. */
import { connect, type AddressInfo } from 'node:net';
import { http } from '@google-cloud/functions-framework';
import { getTestServer } from '@google-cloud/functions-framework/testing';
import type { HttpHandler } from '@tapline/functions/entry/push-endpoint';
import { afterAll } from 'vitest';

let registered = 0;

/** Serves the handler until the test file ends; resolves with its URL. */
export async function serveFunction(handler: HttpHandler): Promise<string> {
  const name = `test-${++registered}`;
  http(name, handler);
  const server = getTestServer(name);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

/** The body of a push with this payload. */
export function pushBody(payload: Uint8Array, attributes: Record<string, string> = {}): string {
  const data = Buffer.from(payload).toString('base64');
  const message = { data, attributes, messageId: '1', publishTime: '2026-11-24T10:00:00Z' };
  return JSON.stringify({ message, subscription: 'projects/p/subscriptions/s' });
}

export function post(url: string, body: BodyInit, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } });
}

/** Writes the bytes to the server and resolves with what it answers until it has sent a whole head. */
export function rawRequest(url: string, head: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname, () => socket.write(head));
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk.toString();
      if (!answer.includes('\r\n\r\n')) return;
      resolve(answer);
      socket.destroy();
    });
    socket.on('error', reject);
    socket.on('close', () => {
      reject(new Error(`closed after ${JSON.stringify(answer)}`));
    });
  });
}

/** What `endlessPost` sends at most: a server that takes all of it would take anything. */
export const ENDLESS_BYTES = 200_000_000;

/**
 * Posts a body of unknown length that has no end, until the server hangs up. By hand and at the pace of the socket: `fetch`
 * goes on pulling such a body, and keeping it, once its write has failed (EPIPE), until the machine has no memory left.
 */
export function endlessPost(url: string): Promise<{ readonly answer: string; readonly sentBytes: number }> {
  return new Promise((resolve) => {
    const { hostname, port } = new URL(url);
    const chunk = Buffer.from(`10000\r\n${' '.repeat(0x10000)}\r\n`);
    let answer = '';
    let sentBytes = 0;
    const socket = connect(Number(port), hostname, () => {
      socket.write(`POST / HTTP/1.1\r\nHost: ${hostname}\r\nTransfer-Encoding: chunked\r\n\r\n`);
      send();
    });
    const send = (failure?: Error | null): void => {
      if (failure != null || socket.destroyed) return;
      if (sentBytes >= ENDLESS_BYTES) {
        socket.destroy();
        return;
      }
      sentBytes += chunk.length;
      socket.write(chunk, send);
    };
    socket.on('data', (bytes) => (answer += bytes.toString()));
    // Being hung up on is what is waited for.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      resolve({ answer, sentBytes });
    });
  });
}
