/** The topics and subscriptions of a deployment, on the emulator. */
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PubSub } from '@google-cloud/pubsub';
import { makePubSub } from '@tapline/adapters/pubsub/client';
import { PubSubPublisher } from '@tapline/adapters/pubsub/publisher';
import { ensureTopology, removeTopology } from '@tapline/adapters/pubsub/topology';
import type { Settings } from '@tapline/core/settings/settings';
import { pubsubTopic } from '@tapline/core/settings/topics';
import { freePorts } from '@tapline/embedded/service-line/free-ports';
import { expect, it } from 'vitest';
import { describeWithServices } from '../../helpers/services.ts';
import { until } from '../../helpers/until.ts';

/** Longer than the emulator, given a retry policy, takes to give up without a word. */
const AWAY_MS = 8_000;
const LIMIT_MS = 60_000;

/** Topics of another test are in another project. */
const ownProject = (services: Settings): PubSub =>
  makePubSub({ ...services, project: `topology-${randomBytes(4).toString('hex')}` });

describeWithServices(['pubsub'], 'the topics and subscriptions', (services) => {
  it('are made once, keep their messages, and move to another URL', async () => {
    const client = ownProject(services);
    const prefix = 'tapline';
    await ensureTopology({ client, prefix, push: { packets: 'http://127.0.0.1:9/a' } });
    await ensureTopology({
      client,
      prefix,
      push: { packets: 'http://127.0.0.1:9/b', windows: 'http://127.0.0.1:9/c' },
    });
    const [subscriptions] = await client.getSubscriptions();
    const facts = await Promise.all(
      subscriptions.map(async (subscription) => {
        const [metadata] = await subscription.getMetadata();
        const policy = metadata.deadLetterPolicy;
        return [
          subscription.name.split('/').at(-1),
          metadata.pushConfig?.pushEndpoint,
          policy?.maxDeliveryAttempts ?? 0,
          policy?.deadLetterTopic?.split('/').at(-1) ?? '',
          metadata.ackDeadlineSeconds,
        ];
      }),
    );
    expect(facts.sort()).toEqual([
      ['tapline-dead-letters-pull', '', 0, '', 60],
      ['tapline-packets-push', 'http://127.0.0.1:9/b', 100, 'tapline-dead-letters', 60],
      ['tapline-windows-push', 'http://127.0.0.1:9/c', 100, 'tapline-dead-letters', 60],
    ]);
    await removeTopology({ client, prefix });
    await removeTopology({ client, prefix });
    const [topics] = await client.getTopics();
    expect(topics).toEqual([]);
    await client.close();
  });

  it(
    'deliver what was published while nobody listened',
    async () => {
      const client = ownProject(services);
      const topology = { client, prefix: 'tapline' };
      const port = await freePorts(1);
      await ensureTopology({ ...topology, push: { heartbeats: `http://127.0.0.1:${port}/` } });
      const publisher = new PubSubPublisher(client, pubsubTopic('tapline', 'heartbeats'));
      const sent = ['a', 'b', 'c'];
      await Promise.all(sent.map((text) => publisher.publish(Buffer.from(text))));
      await sleep(AWAY_MS);

      const received = new Set<string>();
      const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
        const body = JSON.parse(Buffer.concat(await request.toArray()).toString()) as { message: { data: string } };
        received.add(Buffer.from(body.message.data, 'base64').toString());
        response.end();
      };
      const server = createServer((request, response) => void take(request, response));
      await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
      await until('all are there', async () => Promise.resolve(received.size === sent.length), 20_000);
      expect([...received].sort()).toEqual(sent);
      await removeTopology(topology);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await client.close();
    },
    LIMIT_MS,
  );
});
