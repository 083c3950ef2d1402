/** Sees, before anything starts, whether somebody else listens where a service would. */
import { createServer } from 'node:net';
import { PipelineError } from '@tapline/core/errors';
import type { Service } from './service.ts';

const FLAGS: Readonly<Record<Service['kind'], readonly string[]>> = {
  kafka: ['--kafka-port', '--kafka-controller-port'],
  cassandra: ['--cassandra-port', '--cassandra-storage-port'],
  pubsub: ['--pubsub-port'],
  bigtable: ['--bigtable-port'],
};

/** Throws PipelineError SERVICE naming the first port that is taken, and the flag that moves it. */
export async function requireFreePorts(services: readonly Service[]): Promise<void> {
  for (const { title, kind, host, ports } of services) {
    for (const [index, port] of ports.entries()) {
      const code = await tryListen(host, port);
      if (code === undefined) continue;
      const what =
        code === 'EADDRINUSE'
          ? `port ${port} on ${host}, wanted by ${title}, is in use by another program: stop it, or use`
          : `${title} cannot listen on ${host}:${port} (${code}): use`;
      throw new PipelineError('SERVICE', `${what} ${FLAGS[kind][index]!} or --port-offset`);
    }
  }
}

/** The error code of listening there, or undefined when it works. */
function tryListen(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code ?? error.message);
    });
    server.listen({ host, port, exclusive: true }, () => {
      server.close(() => {
        resolve(undefined);
      });
    });
  });
}
