/** `tapline dlq` on the Pub/Sub emulator: looking takes nothing away, and sending again loses nothing. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { DeadLetters } from '@tapline/adapters/pubsub/dead-letters';
import { pubsubTopic, pushSubscription } from '@tapline/core/settings/topics';
import { BridgeStack, PREFIX } from '../helpers/bridge-stack.ts';
import { describeWithServices } from '../helpers/services.ts';
import { until } from '../helpers/until.ts';

const LIMIT_MS = 120_000;

interface Letter {
  readonly id: string;
  readonly origin?: string;
  readonly code: string;
  readonly reason: string;
  readonly payload?: string;
}

describeWithServices(['kafka', 'pubsub'], 'dead letters', (services) => {
  let stack: BridgeStack;
  let store: DeadLetters;
  beforeEach(async () => {
    stack = await BridgeStack.start(services);
    store = new DeadLetters(stack.client, PREFIX);
  }, LIMIT_MS);
  afterEach(async () => {
    await store.close();
    await stack.close();
  }, LIMIT_MS);

  const dlq = (...args: string[]) => stack.tapline(['dlq', ...args]).finished;
  const listed = async (): Promise<Letter[]> => JSON.parse((await dlq('list', '--json')).stdout) as Letter[];
  const problem = { code: 'WIRE_CORRUPT', reason: 'torn \u001b[31m in two' };

  it(
    'are listed and shown as often as one likes, and sent again byte for byte',
    async () => {
      expect((await dlq('list')).stdout).toBe('no dead letters\n');
      const payload = Uint8Array.from({ length: 256 }, (_, i) => i);
      await store.put({ kind: 'packets', payload, attributes: { batchId: 'a/b/1' } }, problem);
      await store.put({ kind: 'heartbeats', payload: Uint8Array.of(1) }, problem);
      const letters = await listed();
      expect(letters).toHaveLength(2);
      expect(await listed()).toEqual(letters);
      const { id } = letters.find(({ origin }) => origin === 'packets')!;

      const table = (await dlq('list')).stdout;
      expect(table).toMatch(/^id +since +meant for +code +bytes +reason\n/);
      expect(table, 'what a message says does not steer the terminal').not.toContain('\u001b');
      const shown = (await dlq('show', id)).stdout;
      expect(shown).toContain('meant for  packets\n');
      expect(shown).toContain('attribute  batchId = a/b/1\n');
      expect(shown).toContain('00000040  40 41 42 43 44 45 46 47 48 49 4a 4b 4c 4d 4e 4f  |@ABCDEFGHIJKLMNO|\n');
      expect(shown).not.toContain('\u001b');
      const json = JSON.parse((await dlq('show', id, '--json')).stdout) as Letter;
      expect(Uint8Array.from(Buffer.from(json.payload!, 'base64'))).toEqual(payload);

      const replayed = await dlq('replay', id);
      expect([replayed.code, replayed.stdout]).toEqual([0, `${id}  sent to tapline-packets\n`]);
      expect(await stack.receive('packets')).toEqual([{ payload, attributes: { batchId: 'a/b/1' } }]);
      expect((await listed()).map(({ origin }) => origin)).toEqual(['heartbeats']);
    },
    LIMIT_MS,
  );

  it(
    'are all sent again but those that cannot be, which stay and are named',
    async () => {
      for (let i = 0; i < 150; i++) await store.put({ kind: 'packets', payload: Uint8Array.of(i) }, problem);
      await store.put({ kind: 'packets', payload: new Uint8Array(9_100_000) }, { code: 'OVERSIZE', reason: 'large' });
      await stack.client.topic(pubsubTopic(PREFIX, 'dead-letters')).publishMessage({ data: Buffer.from('stray') });
      const { code, stdout } = await dlq('replay', '--all');
      expect(code, 'something stays').toBe(1);
      const stays = stdout.split('\n').filter((line) => line.includes('stays'));
      expect(stays.map((line) => line.replace(/^\S+ +/, '')).sort()).toEqual([
        'stays: it does not say which topic it was meant for',
        'stays: only 1000000 of its 9100000 bytes were kept',
      ]);
      const again = await stack.receive('packets');
      expect(new Set(again.map(({ payload }) => payload[0]))).toEqual(
        new Set(Array.from({ length: 150 }, (_, i) => i)),
      );
      expect(again).toHaveLength(150);
      expect((await listed()).map((letter) => letter.code).sort()).toEqual(['OVERSIZE', 'UNKNOWN']);
    },
    LIMIT_MS,
  );

  it(
    'that cannot be sent again because the topic is gone stay where they are',
    async () => {
      await store.put({ kind: 'windows', payload: Uint8Array.of(1) }, problem);
      await stack.client.topic(pubsubTopic(PREFIX, 'windows')).delete();
      const { code, stdout } = await dlq('replay', '--all');
      expect(code).toBe(1);
      expect(stdout).toContain('stays: Pub/Sub: publishing to tapline-windows: it does not exist');
      expect(await listed()).toHaveLength(1);
    },
    LIMIT_MS,
  );

  it(
    'that Pub/Sub itself gave up are listed with the rest and sent again to their topic',
    async () => {
      const name = pushSubscription(PREFIX, 'packets');
      const { projectId } = stack.client;
      await stack.client.topic(pubsubTopic(PREFIX, 'packets')).createSubscription(name, {
        // Nobody listens there.
        pushConfig: { pushEndpoint: 'http://127.0.0.1:9/' },
        deadLetterPolicy: {
          deadLetterTopic: `projects/${projectId}/topics/${pubsubTopic(PREFIX, 'dead-letters')}`,
          maxDeliveryAttempts: 5,
        },
      });
      await stack.client.topic(pubsubTopic(PREFIX, 'packets')).publishMessage({
        data: Buffer.from([1, 2, 255]),
        attributes: { batchId: 'a/b/9' },
      });
      await until('Pub/Sub gives the message up', async () => (await store.list(10)).length === 1, 60_000);
      const [letter] = await listed();
      expect(letter).toMatchObject({ origin: 'packets', code: 'DELIVERIES' });
      expect(letter!.reason).toMatch(/^not acknowledged in \d+ deliveries of tapline-packets-push$/);
      await stack.client.subscription(name).delete();
      await stack.receive('packets');
      expect((await dlq('replay', letter!.id)).code).toBe(0);
      const again = [{ payload: Uint8Array.of(1, 2, 255), attributes: { batchId: 'a/b/9' } }];
      expect(await stack.receive('packets')).toEqual(again);
      expect(await listed()).toEqual([]);
    },
    LIMIT_MS,
  );

  it(
    'that are asked for wrongly give one clear line',
    async () => {
      const missing = await dlq('show', '404');
      expect([missing.code, missing.stderr]).toEqual([
        1,
        'tapline: there is no dead letter 404: see "tapline dlq list"\n',
      ]);
      const nothing = await dlq('replay');
      expect([nothing.code, nothing.stderr]).toEqual([2, 'tapline: name the dead letters to send again, or --all\n']);
      const gone = await dlq('replay', '404');
      expect([gone.code, gone.stdout]).toEqual([1, '404  stays: there is no such dead letter\n']);
    },
    LIMIT_MS,
  );
});
