/** Something else on a service's port: a start refuses it by name, and no probe takes it for the service or hangs. */
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { requireFreePorts } from '@tapline/embedded/services/free-ports';
import { probeCassandra } from '@tapline/embedded/services/cassandra-probe';
import { probeBigtable, probePubsub } from '@tapline/embedded/services/emulator-probes';
import { probeKafka } from '@tapline/embedded/services/kafka-probe';
import { choosePorts } from '@tapline/embedded/services/ports';
import { kafkaService } from '@tapline/embedded/services/kafka';

const servers: Server[] = [];
const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) server.close();
});

async function listen(behave: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    behave(socket);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

const PROBES = {
  kafka: (port: number) => probeKafka('127.0.0.1', port, 500),
  cassandra: (port: number) => probeCassandra('127.0.0.1', port, 0, 500),
  pubsub: (port: number) => probePubsub('127.0.0.1', port, 500),
  bigtable: (port: number) => probeBigtable('127.0.0.1', port, 500),
};

const STRANGERS: Record<string, (socket: Socket) => void> = {
  'says nothing': () => undefined,
  'hangs up at once': (socket) => socket.end(),
  'answers with an HTTP error': (socket) => socket.end('HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n'),
  'announces an enormous answer': (socket) => socket.write(Buffer.alloc(64, 0x7f)),
  'answers with zeros': (socket) => socket.write(Buffer.alloc(64)),
};

describe.each(Object.entries(PROBES))('the probe of %s', (_, probe) => {
  it.each(Object.entries(STRANGERS))('rejects a server that %s', async (_stranger, behave) => {
    const port = await listen(behave);
    await expect(probe(port)).rejects.toThrow();
  });

  it('rejects when nobody listens', async () => {
    const port = await listen(() => undefined);
    await new Promise((resolve) => servers.pop()!.close(resolve));
    await expect(probe(port)).rejects.toThrow();
  });
});

it('a port that is taken is named, with the flag that moves it', async () => {
  const port = await listen(() => undefined);
  const service = kafkaService('/nowhere', choosePorts({ explicit: { kafkaController: port }, offset: 23_000 }));
  await expect(requireFreePorts([service])).rejects.toThrow(
    new RegExp(
      `^port ${port} on 127.0.0.1, wanted by Kafka \\S+, is in use .* --kafka-controller-port or --port-offset$`,
    ),
  );
});
