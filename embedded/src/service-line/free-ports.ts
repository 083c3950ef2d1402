/** Ports that nobody uses, for functions that only one run or one test talks to. */
import { createServer, type AddressInfo } from 'node:net';

/** The first of `count` consecutive ports on loopback, each of which was free just now. */
export async function freePorts(count: number): Promise<number> {
  for (;;) {
    const first = await listenOnce(0);
    if (first === undefined || first + count > 65_535) continue;
    const others = await Promise.all(Array.from({ length: count - 1 }, (_, i) => listenOnce(first + 1 + i)));
    if (others.every((port) => port !== undefined)) return first;
  }
}

function listenOnce(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => {
      resolve(undefined);
    });
    server.listen(port, '127.0.0.1', () => {
      const bound = (server.address() as AddressInfo).port;
      server.close(() => {
        resolve(bound);
      });
    });
  });
}
