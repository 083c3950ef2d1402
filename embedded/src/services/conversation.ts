/**
 * Requests and answers over one TCP connection, written out by hand: enough of a protocol to see that a service really
 * speaks it, without loading its client library.
 */
import { connect } from 'node:net';

export interface Request {
  readonly bytes: Uint8Array;
  /** Length of the whole answer, told from its first bytes; undefined while they are too few. */
  readonly answerLength: (start: Buffer) => number | undefined;
}

/** No answer to a probe is longer; a stranger on the port may say anything. */
const MAX_ANSWER_BYTES = 1 << 20;

/** Sends each request after the answer to the one before it. Rejects on refusal, hang-up, timeout or nonsense. */
export function converse(
  host: string,
  port: number,
  requests: readonly Request[],
  timeoutMs: number,
): Promise<Buffer[]> {
  return new Promise((resolve, reject) => {
    const answers: Buffer[] = [];
    let received = Buffer.alloc(0);
    const socket = connect({ host, port });
    const timer = setTimeout(() => {
      fail(new Error(`no answer from ${host}:${port} within ${timeoutMs} ms`));
    }, timeoutMs);
    const end = (): void => {
      clearTimeout(timer);
      socket.destroy();
    };
    const fail = (error: Error): void => {
      end();
      reject(error);
    };
    socket.on('error', fail);
    socket.on('close', () => {
      fail(new Error(`${host}:${port} hung up`));
    });
    socket.on('connect', () => socket.write(requests[0]!.bytes));
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      const length = requests[answers.length]!.answerLength(received);
      if (received.length > MAX_ANSWER_BYTES || (length ?? 0) > MAX_ANSWER_BYTES) {
        fail(new Error(`${host}:${port} does not speak the expected protocol`));
      } else if (length !== undefined && received.length >= length) {
        answers.push(received.subarray(0, length));
        received = received.subarray(length);
        const next = requests[answers.length];
        if (next === undefined) {
          end();
          resolve(answers);
        } else socket.write(next.bytes);
      }
    });
  });
}
