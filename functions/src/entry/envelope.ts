/**
 * The body of a Pub/Sub push, wrapped as the service sends it:
 * `{message: {data, attributes, messageId, publishTime, orderingKey}, subscription, deliveryAttempt}`. Only `message` must be there; a message
 * with attributes alone has no data. Pub/Sub never sends anything else, so what is no envelope is refused and not kept.
 */
import { Refusal } from './refusal.ts';

export interface PushMessage {
  readonly payload: Uint8Array;
  readonly attributes: Readonly<Record<string, string>>;
  /** Empty when the body names none. */
  readonly messageId: string;
  /** ISO 8601, empty when the body names none. */
  readonly publishTime: string;
  /** How often the message was delivered, from 1; only with a dead-letter policy on the subscription. */
  readonly deliveryAttempt: number | undefined;
}

/** A message as Pub/Sub takes it, at most. */
export const MESSAGE_BYTES_MAX = 10_000_000;
const ATTRIBUTES_MAX = 100;
/** Groups of four; the last may be padded (RFC 4648 §4). */
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** The body as JSON. @throws Refusal 400 */
export function readJson(body: Uint8Array): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'));
  } catch {
    throw new Refusal(400, 'the body is no JSON');
  }
  if (!isObject(value)) throw new Refusal(400, 'the body is no JSON object');
  return value;
}

/** The message of a push. @throws Refusal 400 when the body is no push, 413 when the message is too large */
export function readPush(body: Readonly<Record<string, unknown>>): PushMessage {
  const { message, deliveryAttempt } = body;
  if (!isObject(message)) throw new Refusal(400, 'the body is no Pub/Sub push: it has no message');
  return {
    payload: readData(message['data']),
    attributes: readAttributes(message['attributes']),
    messageId: readText(message['messageId'] ?? message['message_id'], 'messageId'),
    publishTime: readText(message['publishTime'] ?? message['publish_time'], 'publishTime'),
    deliveryAttempt: typeof deliveryAttempt === 'number' ? deliveryAttempt : undefined,
  };
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const wrong = (field: string): Refusal =>
  new Refusal(400, `the body is no Pub/Sub push: ${field} is not what it must be`);

function readText(value: unknown, field: string): string {
  if (value === undefined || value === null) return '';
  if (typeof value !== 'string' || value.length > 256) throw wrong(field);
  return value;
}

function readData(data: unknown): Uint8Array {
  if (data === undefined || data === null) return new Uint8Array();
  // Node's decoder skips what it does not know, and a payload with holes is worse than none.
  if (typeof data !== 'string' || data.length % 4 !== 0 || !BASE64.test(data)) throw wrong('data');
  const payload = Buffer.from(data, 'base64');
  if (payload.length > MESSAGE_BYTES_MAX)
    throw new Refusal(413, `the message has more than ${MESSAGE_BYTES_MAX} bytes`);
  return payload;
}

function readAttributes(value: unknown): Readonly<Record<string, string>> {
  if (value === undefined || value === null) return {};
  if (!isObject(value)) throw wrong('attributes');
  const entries = Object.entries(value);
  if (entries.length > ATTRIBUTES_MAX) throw wrong('attributes');
  for (const [, text] of entries) if (typeof text !== 'string') throw wrong('attributes');
  return value as Readonly<Record<string, string>>;
}
