/** The addresses behind `host:port`, as the clients that connect to it would find them. */
import { lookup } from 'node:dns/promises';
import { parseAddress, type Address } from '@tapline/core/packet/address';

export interface Peer {
  readonly address: Address;
  readonly port: number;
}

/** Names that nobody knows have no addresses; the client that needs them says so. */
export async function resolvePeers(hostPorts: readonly string[]): Promise<Peer[]> {
  const found = await Promise.all(
    hostPorts.map(async (hostPort) => {
      const { hostname, port } = new URL(`tcp://${hostPort}`);
      const addresses = await lookup(hostname, { all: true }).catch(() => []);
      return addresses.flatMap(({ address }) => {
        const parsed = parseAddress(address);
        return parsed === undefined ? [] : [{ address: parsed, port: Number(port) }];
      });
    }),
  );
  return found.flat();
}
