import { Refusal } from '@tapline/functions/entry/refusal';
import { MESSAGE_BYTES_MAX, readJson, readPush } from '@tapline/functions/entry/envelope';
import { describe, expect, it } from 'vitest';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const push = (message: unknown): Record<string, unknown> => ({ message, subscription: 'projects/p/subscriptions/s' });

function statusOf(work: () => unknown): number {
  try {
    work();
  } catch (error) {
    if (error instanceof Refusal) return error.status;
    throw error;
  }
  return 0;
}

describe('the body of a push', () => {
  it('gives payload, attributes and names of the message', () => {
    const data = Buffer.from([0, 255, 254, 128, 10]);
    const body = readJson(
      bytes(
        JSON.stringify({
          ...push({
            data: data.toString('base64'),
            attributes: { batchId: 'a/b/1' },
            messageId: '17',
            message_id: '17',
            publishTime: '2026-11-24T10:00:00.1Z',
          }),
          deliveryAttempt: 3,
        }),
      ),
    );
    const message = readPush(body);
    expect([...message.payload]).toEqual([...data]);
    expect(message).toMatchObject({
      attributes: { batchId: 'a/b/1' },
      messageId: '17',
      publishTime: '2026-11-24T10:00:00.1Z',
      deliveryAttempt: 3,
    });
  });

  it('needs nothing but a message', () => {
    expect(readPush({ message: {} })).toEqual({
      payload: new Uint8Array(),
      attributes: {},
      messageId: '',
      publishTime: '',
      deliveryAttempt: undefined,
    });
  });

  it.each([
    ['text', 'not json'],
    ['a list', '[1]'],
    ['null', 'null'],
    ['nothing', ''],
    ['bytes that are no UTF-8', '\u0000'],
  ])('is refused when it is %s', (_, text) => {
    expect(statusOf(() => readJson(bytes(text)))).toBe(400);
  });

  it.each([
    ['no message', {}],
    ['a message that is a text', push('x')],
    ['data that is a number', push({ data: 7 })],
    ['base64 with a hole', push({ data: 'AA!A' })],
    ['base64 of a wrong length', push({ data: 'AAA' })],
    ['base64 with padding inside', push({ data: 'AA==AAAA' })],
    ['URL-safe base64, which Pub/Sub does not send', push({ data: '_-AA' })],
    ['an attribute that is no text', push({ attributes: { a: 1 } })],
    ['101 attributes', push({ attributes: Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`a${i}`, ''])) })],
    ['an endless message id', push({ messageId: 'x'.repeat(300) })],
  ])('is refused with %s', (_, body) => {
    expect(statusOf(() => readPush(body))).toBe(400);
  });

  it('holds at most what Pub/Sub takes as one message', () => {
    const zeros = (length: number): object => push({ data: Buffer.alloc(length).toString('base64') });
    expect(readPush({ ...zeros(MESSAGE_BYTES_MAX) }).payload.length).toBe(MESSAGE_BYTES_MAX);
    expect(statusOf(() => readPush({ ...zeros(MESSAGE_BYTES_MAX + 10) }))).toBe(413);
  });
});
