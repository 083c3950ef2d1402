/** Which addresses are our own. */
import { PipelineError } from '../errors.ts';
import { parseNetwork, type HostRange } from '../packet/host-range.ts';

/** IPv4 and IPv6 ranges that are not routed on the internet: RFC 1918, 6598, 3927, 4193, 4291. */
export const PRIVATE_NETWORKS =
  '10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,100.64.0.0/10,169.254.0.0/16,fc00::/7,fe80::/10';

export type IsInternal = (words: Uint32Array, at: number) => boolean;

/**
 * @param text networks as `address/bits`, comma-separated
 * @returns whether the 16-byte address (IPv4 as ::ffff:a.b.c.d) at a word of an address column is in one of them
 * @throws PipelineError USAGE naming what is no network
 */
export function internalNetworks(text: string): IsInternal {
  const networks = text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map(networkOf);
  return (words, at) => networks.some((network) => network.holds(words, at));
}

function networkOf(text: string): HostRange {
  const network = parseNetwork(text);
  if (network !== undefined) return network;
  throw new PipelineError('USAGE', `${JSON.stringify(text)} is no network: write 10.0.0.0/8 or fd00::/8`);
}
