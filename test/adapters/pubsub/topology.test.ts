/** The topics and subscriptions of a deployment, on the emulator. */
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { makePubSub } from '@tapline/adapters/pubsub/client';
import { PubSubPublisher } from '@tapline/adapters/pubsub/publisher';
import { ensureTopology, removeTopology } from '@tapline/adapters/pubsub/topology';
import { pubsubTopic } from '@tapline/core/settings/topics';
import { freePorts } from '@tapline/embedded/service-line/free-ports';
import { expect, it } from 'vitest';
import { describeWithServices } from '../../helpers/services.ts';
import { until } from '../../helpers/until.ts';

/** Longer than the emulator, given a retry policy, takes to give up without a word. */
const AWAY_MS = 8_000;
const LIMIT_MS = 60_000;

describeWithServices(['pubsub'], 'the topology of Pub/Sub', (services) => {
  it(
    'delivers what was published while nobody listened',
    async () => {
      const client = makePubSub({ ...services, project: `topology-${randomBytes(4).toString('hex')}` });
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
