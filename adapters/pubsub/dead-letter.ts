/**
 * What a message on the dead-letters topic says about itself. Two sorts meet there: messages that Tapline gave up, with
 * the reason in attributes of ours, and messages that Pub/Sub gave up after too many deliveries, with attributes of its
 * own. Both become one form for people and for sending again.
 */
import type { PushedKind } from '@tapline/core/settings/topics';
import { PUSHED_KINDS, pushSubscription } from '@tapline/core/settings/topics';
import { VALUE_BYTES_MAX } from './publisher.ts';

export interface DeadLetter {
  /** Pub/Sub's id of the dead letter. */
  readonly id: string;
  /** The topic it was meant for; undefined when that cannot be told, and then it cannot be sent again. */
  readonly origin: PushedKind | undefined;
  /** Code of a PipelineError, or DELIVERIES when Pub/Sub gave it up. */
  readonly code: string;
  readonly reason: string;
  /** ISO 8601. */
  readonly quarantinedAt: string;
  /** Length of the payload before it was cut to fit a message; more than `payload.length` when it was. */
  readonly originalBytes: number;
  readonly payload: Uint8Array;
  /** What the message brought along when it still was alive. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** Why a message is given up. */
export interface Problem {
  readonly code: string;
  readonly reason: string;
}

const OURS = ['reason', 'origin', 'code', 'quarantinedAt', 'firstBytes', 'originalBytes'];
const PUBSUBS = /^(CloudPubSubDeadLetterSource|googclient_)/;
/** Attributes that a message may have beside ours. */
const KEPT_ATTRIBUTES = 80;
const FIRST_BYTES = 64;
/** How much is kept of a payload that fits no message. */
const KEPT_BYTES = 1_000_000;

/** Message and attributes for the dead-letters topic. */
export function buryMessage(
  message: {
    readonly kind: PushedKind;
    readonly payload: Uint8Array;
    readonly attributes?: Readonly<Record<string, string>>;
  },
  { code, reason }: Problem,
  now: Date,
  payloadLimit: number,
): { payload: Uint8Array; attributes: Record<string, string> } {
  const { kind, payload, attributes = {} } = message;
  const fits = payload.length <= payloadLimit;
  return {
    payload: fits ? payload : payload.subarray(0, KEPT_BYTES),
    attributes: {
      ...Object.fromEntries(Object.entries(attributes).filter(fitsBeside).slice(0, KEPT_ATTRIBUTES)),
      reason: cutToBytes(reason, VALUE_BYTES_MAX),
      origin: kind,
      code,
      quarantinedAt: now.toISOString(),
      firstBytes: Buffer.from(payload.subarray(0, FIRST_BYTES)).toString('hex'),
      ...(fits ? {} : { originalBytes: String(payload.length) }),
    },
  };
}

const fitsBeside = ([key, value]: [string, string]): boolean =>
  isOriginal(key) && key !== '' && Buffer.byteLength(key) <= 256 && Buffer.byteLength(value) <= VALUE_BYTES_MAX;

const isOriginal = (key: string): boolean => !OURS.includes(key) && !PUBSUBS.test(key);

function cutToBytes(text: string, limit: number): string {
  if (Buffer.byteLength(text) <= limit) return text;
  // Cutting inside a character leaves a replacement character of three bytes at the end.
  return (
    Buffer.from(text)
      .subarray(0, limit - 6)
      .toString('utf8')
      .replace(/\uFFFD$/, '') + '…'
  );
}

/** A message as it was pulled from the dead-letters subscription. */
export interface PulledMessage {
  readonly id: string;
  readonly publishedAt: string;
  readonly payload: Uint8Array;
  readonly attributes: Readonly<Record<string, string>>;
}

/** Whatever a message says; nothing it can say is an error. */
export function readDeadLetter(message: PulledMessage, prefix: string): DeadLetter {
  const { id, publishedAt, payload, attributes } = message;
  const original = Object.fromEntries(Object.entries(attributes).filter(([key]) => isOriginal(key)));
  const base = { id, payload, attributes: original };
  const subscription = attributes['CloudPubSubDeadLetterSourceSubscription'];
  if (subscription !== undefined) {
    const deliveries = attributes['CloudPubSubDeadLetterSourceDeliveryCount'] ?? 'many';
    return {
      ...base,
      origin: PUSHED_KINDS.find((kind) => pushSubscription(prefix, kind) === subscription),
      code: 'DELIVERIES',
      reason: `not acknowledged in ${deliveries} deliveries of ${subscription}`,
      quarantinedAt: publishedAt,
      originalBytes: payload.length,
    };
  }
  const claimed = Number(attributes['originalBytes']);
  return {
    ...base,
    origin: PUSHED_KINDS.find((kind) => kind === attributes['origin']),
    code: attributes['code'] ?? 'UNKNOWN',
    reason: attributes['reason'] ?? 'the message does not say',
    quarantinedAt: attributes['quarantinedAt'] ?? publishedAt,
    originalBytes: Number.isSafeInteger(claimed) && claimed > payload.length ? claimed : payload.length,
  };
}

/** Why the letter cannot be sent again; undefined when it can. */
export function obstacle(letter: DeadLetter): string | undefined {
  if (letter.origin === undefined) return 'it does not say which topic it was meant for';
  if (letter.originalBytes > letter.payload.length) {
    return `only ${letter.payload.length} of its ${letter.originalBytes} bytes were kept`;
  }
  return undefined;
}
