import { describe, expect, it } from 'vitest';
import { buryMessage, obstacle, readDeadLetter } from '@tapline/adapters/pubsub/dead-letter';
import { PAYLOAD_BYTES_MAX } from '@tapline/adapters/pubsub/publisher';

const now = new Date('2026-11-24T08:00:00.000Z');
const message = { kind: 'packets', payload: Uint8Array.from([0, 1, 255]), attributes: { batchId: 'a/b/1' } } as const;
const pulled = { id: '7', publishedAt: '2026-11-24T08:00:01.000Z' };

describe('a message that Tapline gives up', () => {
  it('says why, what it was meant for, and how it began; and becomes what it was again', () => {
    const buried = buryMessage(message, { code: 'WIRE_CORRUPT', reason: 'torn' }, now, PAYLOAD_BYTES_MAX);
    expect(buried.attributes).toEqual({
      batchId: 'a/b/1',
      reason: 'torn',
      origin: 'packets',
      code: 'WIRE_CORRUPT',
      quarantinedAt: '2026-11-24T08:00:00.000Z',
      firstBytes: '0001ff',
    });
    const letter = readDeadLetter({ ...pulled, ...buried }, 'tapline');
    expect(letter).toEqual({
      id: '7',
      origin: 'packets',
      code: 'WIRE_CORRUPT',
      reason: 'torn',
      quarantinedAt: '2026-11-24T08:00:00.000Z',
      originalBytes: 3,
      payload: message.payload,
      attributes: message.attributes,
    });
    expect(obstacle(letter)).toBeUndefined();
  });

  it.each(['x'.repeat(5_000), 'ü'.repeat(900), '€'.repeat(900), '😀'.repeat(900)])(
    'has a reason that fits an attribute, cut between characters (%#)',
    (reason) => {
      const { attributes } = buryMessage(message, { code: 'X', reason }, now, PAYLOAD_BYTES_MAX);
      expect(Buffer.byteLength(attributes['reason']!)).toBeLessThanOrEqual(1_024);
      expect(reason.startsWith(attributes['reason']!.replace(/…$/, ''))).toBe(true);
      expect(attributes['reason']!.length).toBeGreaterThan(200);
    },
  );

  it('is cut when it fits no message, and then stays where it is', () => {
    const large = { ...message, payload: new Uint8Array(PAYLOAD_BYTES_MAX + 1) };
    const buried = buryMessage(large, { code: 'OVERSIZE', reason: 'too large' }, now, PAYLOAD_BYTES_MAX);
    expect(buried.payload.length).toBe(1_000_000);
    const letter = readDeadLetter({ ...pulled, ...buried }, 'tapline');
    expect(letter.originalBytes).toBe(PAYLOAD_BYTES_MAX + 1);
    expect(obstacle(letter)).toBe('only 1000000 of its 9000001 bytes were kept');
  });

  it('keeps no more attributes than a message may have, and none that would pass for ours', () => {
    const attributes = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`key-${i}`, 'value']));
    const hostile = { ...attributes, reason: 'forged', long: 'x'.repeat(2_000) };
    const buried = buryMessage({ ...message, attributes: hostile }, { code: 'X', reason: 'true' }, now, 9_000_000);
    expect(Object.keys(buried.attributes).length).toBeLessThanOrEqual(100);
    expect(buried.attributes['reason']).toBe('true');
    expect(buried.attributes).not.toHaveProperty('long');
  });
});

describe('a message on the dead-letters topic', () => {
  it('that Pub/Sub gave up is understood, and its attributes stay its own', () => {
    const attributes = {
      batchId: 'a/b/2',
      CloudPubSubDeadLetterSourceDeliveryCount: '20',
      CloudPubSubDeadLetterSourceSubscription: 'tapline-windows-push',
      CloudPubSubDeadLetterSourceSubscriptionProject: 'p',
      CloudPubSubDeadLetterSourceTopicPublishTime: '2026-11-24T07:00:00.000+00:00',
    };
    expect(readDeadLetter({ ...pulled, payload: new Uint8Array(4), attributes }, 'tapline')).toMatchObject({
      origin: 'windows',
      code: 'DELIVERIES',
      reason: 'not acknowledged in 20 deliveries of tapline-windows-push',
      quarantinedAt: pulled.publishedAt,
      attributes: { batchId: 'a/b/2' },
    });
  });

  it.each([
    ['nothing', {}],
    ['a topic that there is not', { origin: 'nowhere' }],
    ['the dead letters themselves', { origin: 'dead-letters' }],
    ['a subscription of somebody else', { CloudPubSubDeadLetterSourceSubscription: 'other-push' }],
  ])('that names %s as its origin is shown, but cannot be sent again', (_, attributes: Record<string, string>) => {
    const letter = readDeadLetter({ ...pulled, payload: new Uint8Array(1), attributes }, 'tapline');
    expect(letter.origin).toBeUndefined();
    expect(obstacle(letter)).toBe('it does not say which topic it was meant for');
  });

  it('that claims nonsense about its length has the length it has', () => {
    for (const originalBytes of ['-1', 'many', '1e99', '2']) {
      const letter = readDeadLetter(
        { ...pulled, payload: new Uint8Array(4), attributes: { originalBytes } },
        'tapline',
      );
      expect(letter.originalBytes).toBe(4);
    }
  });
});
