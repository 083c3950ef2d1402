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
