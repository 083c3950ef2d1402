/** Publishing to the emulator, which enforces no limits: those are the publisher's own. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PipelineError } from '@tapline/core/errors';
import { pubsubTopic } from '@tapline/core/settings/topics';
import { PAYLOAD_BYTES_MAX, PubSubPublisher } from '@tapline/adapters/pubsub/publisher';
import { pubsubError } from '@tapline/adapters/pubsub/pubsub-error';
import { BridgeStack } from '../../helpers/bridge-stack.ts';
import { describeWithServices } from '../../helpers/services.ts';

const failureOf = async (promise: Promise<unknown>): Promise<PipelineError> => {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(PipelineError);
  return error as PipelineError;
};

describeWithServices(['kafka', 'pubsub'], 'the Pub/Sub publisher', (services) => {
  let stack: BridgeStack;
  beforeAll(async () => {
    stack = await BridgeStack.start(services);
  });
  afterAll(() => stack.close());

  it('resolves when messages are stored, with every byte and attribute, also the largest', async () => {
    const publisher = new PubSubPublisher(stack.client, pubsubTopic('tapline', 'packets'));
    const everyByte = Uint8Array.from({ length: 256 }, (_, i) => i);
    // A view into a larger buffer: only the view may travel.
    const inside = new Uint8Array(600).fill(7).subarray(100, 103);
    const largest = new Uint8Array(PAYLOAD_BYTES_MAX).fill(3);
    await Promise.all([
      publisher.publish(everyByte, { batchId: 'a/b/1', eventTime: '1' }),
      publisher.publish(inside),
      publisher.publish(largest, { long: 'x'.repeat(1_024) }),
      ...Array.from({ length: 500 }, (_, i) => publisher.publish(Uint8Array.of(1, i & 255, i >> 8))),
    ]);
    const received = await stack.receive('packets');
    expect(received).toHaveLength(503);
    const ofLength = (length: number) => received.filter(({ payload }) => payload.length === length);
    expect(ofLength(256)).toEqual([{ payload: everyByte, attributes: { batchId: 'a/b/1', eventTime: '1' } }]);
    expect(ofLength(PAYLOAD_BYTES_MAX)).toHaveLength(1);
    expect(ofLength(3).map(({ payload }) => [...payload].join())).toContain('7,7,7');
  });

  it('refuses what the service would, before sending, and not for trying again', async () => {
    const publisher = new PubSubPublisher(stack.client, pubsubTopic('tapline', 'packets'));
    const one = Uint8Array.of(1);
    const many = Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`k${i}`, '']));
    const refused = await Promise.all([
      failureOf(publisher.publish(new Uint8Array(PAYLOAD_BYTES_MAX + 1))),
      failureOf(publisher.publish(new Uint8Array())),
      failureOf(publisher.publish(one, many)),
      failureOf(publisher.publish(one, { key: 'ü'.repeat(513) })),
      failureOf(publisher.publish(one, { '': 'value' })),
    ]);
    expect(refused.map(({ code, retriable }) => [code, retriable])).toEqual(refused.map(() => ['STORE', false]));
    expect(refused[0].message).toContain('9000001 bytes is over the limit of 9000000');
    await publisher.flush();
    expect(await stack.receive('packets')).toEqual([]);
  });

  it('says that a topic is missing, and that trying again cannot help', async () => {
    const error = await failureOf(new PubSubPublisher(stack.client, 'nowhere').publish(Uint8Array.of(1)));
    expect(error).toMatchObject({ code: 'STORE', retriable: false });
    expect(error.message).toMatch(/^Pub\/Sub: publishing to nowhere: it does not exist: create it/);
  });

  it('flushes when there is nothing to flush', async () => {
    await new PubSubPublisher(stack.client, pubsubTopic('tapline', 'packets')).flush();
  });
});

describe('an error of the client library', () => {
  const status = (code: number, message: string): Error => Object.assign(new Error(message), { code });

  it.each([
    [7, 'PERMISSION_DENIED', false],
    [5, 'NOT_FOUND', false],
    [16, 'UNAUTHENTICATED', false],
    [3, 'INVALID_ARGUMENT', false],
    [14, 'UNAVAILABLE', true],
    [4, 'DEADLINE_EXCEEDED', true],
    [8, 'RESOURCE_EXHAUSTED', true],
  ])('of status %d (%s) is worth trying again: %s %s', (code, name, retriable) => {
    expect(pubsubError(status(code, name), 'publishing')).toMatchObject({ code: 'STORE', retriable });
  });

  it('becomes one line without what the library adds', () => {
    const message =
      'Total timeout exceeded Error: 14 UNAVAILABLE: refused. Resolution note: x : Previous errors : [{message: 14\n}]';
    expect(pubsubError(status(4, message), 'publishing to t').message).toBe(
      'Pub/Sub: publishing to t: Total timeout exceeded Error: 14 UNAVAILABLE: refused',
    );
    expect(pubsubError(new Error('Could not load the default credentials.'), 'x')).toMatchObject({ retriable: false });
  });
});
