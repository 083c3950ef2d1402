/** Which addresses are our own. */
import { PipelineError } from '../errors.ts';

/** IPv4 and IPv6 ranges that are not routed on the internet: RFC 1918, 6598, 3927, 4193, 4291. */
export const PRIVATE_NETWORKS =
  '10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,100.64.0.0/10,169.254.0.0/16,fc00::/7,fe80::/10';

interface Network {
  readonly words: readonly number[];
  readonly bits: number;
}

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
    .map(parseNetwork);
  return (words, at) => networks.some((network) => holds(network, words, at));
}

function holds({ words: own, bits }: Network, words: Uint32Array, at: number): boolean {
  for (let word = 0; 32 * word < bits; word++) {
    const mask = bits - 32 * word >= 32 ? 0xffff_ffff : (0xffff_ffff << (32 - (bits - 32 * word))) >>> 0;
    if (((own[word]! ^ words[at + word]!) & mask) >>> 0 !== 0) return false;
  }
  return true;
}

function parseNetwork(text: string): Network {
  const [address = '', length = ''] = text.split('/');
  const words = address.includes(':') ? ipv6Words(address) : ipv4Words(address);
  const most = address.includes(':') ? 128 : 32;
  const bits = Number(length === '' ? most : length);
  if (words === undefined || !Number.isInteger(bits) || bits < 0 || bits > most) {
    throw new PipelineError('USAGE', `${JSON.stringify(text)} is no network: write 10.0.0.0/8 or fd00::/8`);
  }
  return { words, bits: bits + 128 - most };
}

function ipv4Words(text: string): number[] | undefined {
  const octets = text.split('.').map((part) => (/^\d{1,3}$/u.test(part) ? Number(part) : NaN));
  if (octets.length !== 4 || !octets.every((octet) => octet <= 255)) return undefined;
  return [0, 0, 0xffff, octets.reduce((word, octet) => word * 256 + octet, 0)];
}

function ipv6Words(text: string): number[] | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const gap = tail === undefined ? 0 : 8 - head!.length - tail.length;
  if (gap < 0) return undefined;
  const groups = [...head!, ...Array<string>(gap).fill('0'), ...(tail ?? [])];
  if (groups.length !== 8 || !groups.every((group) => /^[0-9a-f]{1,4}$/iu.test(group))) return undefined;
  const values = groups.map((group) => parseInt(group, 16));
  return [0, 1, 2, 3].map((word) => values[2 * word]! * 65_536 + values[2 * word + 1]!);
}
