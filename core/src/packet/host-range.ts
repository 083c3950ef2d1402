/** Hosts as label tables write them: addresses, networks, `address:port`, several of them, or words for people. */
import { parseAddress, type AddressWords } from './address.ts';
import { ADDRESS_TYPE } from './columns.ts';

/** An address or a network, and the port if one was written. */
export class HostRange {
  readonly text: string;
  readonly port: number | undefined;
  /** See ADDRESS_TYPE. */
  readonly type: number;
  readonly #words: AddressWords;
  /** Bits of each word that count. */
  readonly #masks: readonly number[];

  /** @param prefixBits of 128: an IPv4 network /24 has 120 */
  constructor(text: string, type: number, words: AddressWords, prefixBits: number, port?: number) {
    this.text = text;
    this.port = port;
    this.type = type;
    this.#words = words;
    this.#masks = words.map((_, index) => {
      const bits = Math.min(32, Math.max(0, prefixBits - 32 * index));
      return bits === 0 ? 0 : (0xffff_ffff << (32 - bits)) >>> 0;
    });
  }

  /** Whether row `row` of an address column is in the range. */
  matches(column: ArrayLike<number>, row: number, type: number): boolean {
    return type === this.type && this.holds(column, 4 * row);
  }

  /** Whether the IP address at word `at` of an address column is in the range; IPv4 is ::ffff:0:0/96 there. */
  holds(column: ArrayLike<number>, at: number): boolean {
    for (let word = 0; word < 4; word++) {
      const difference = column[at + word]! ^ this.#words[word]!;
      if ((difference & this.#masks[word]!) !== 0) return false;
    }
    return true;
  }
}

/** An address or a network without a port: `192.0.2.1`, `10.0.0.0/8`, `fd00::/8`; undefined when it is none of these. */
export function parseNetwork(text: string): HostRange | undefined {
  const network = text.endsWith('/') ? undefined : parseHost(text);
  const isIp = network?.type === ADDRESS_TYPE.ipv4 || network?.type === ADDRESS_TYPE.ipv6;
  return isIp && network.port === undefined ? network : undefined;
}

/** `192.0.2.1`, `192.0.2.0/24`, `192.0.2.1:80`, `[2001:db8::1]:80`; undefined when it is none of these. */
export function parseHost(text: string): HostRange | undefined {
  const { host, port } = splitEndpoint(text);
  const [address, prefix, ...rest] = host.split('/') as [string, string?, ...string[]];
  const parsed = parseAddress(address);
  if (parsed === undefined || rest.length > 0) return undefined;
  const width = parsed.type === ADDRESS_TYPE.ipv4 ? 32 : 128;
  if (prefix === undefined) return new HostRange(text, parsed.type, parsed.words, 128, port);
  const bits = Number(prefix);
  if (!/^\d+$/.test(prefix) || bits > width || parsed.type === ADDRESS_TYPE.mac) return undefined;
  return new HostRange(text, parsed.type, parsed.words, 128 - width + bits, port);
}

/** Every host named in a cell, words between them passed over: `forged, 198.18.0.0/16`. `broadcast` is 255.255.255.255. */
export function parseHosts(cell: string): HostRange[] {
  return cell.split(/[\s,;]+/).flatMap((word) => parseHost(word === 'broadcast' ? '255.255.255.255' : word) ?? []);
}

/** The host of an alert's entity, and its port if it has one. */
export function splitEndpoint(text: string): { readonly host: string; readonly port: number | undefined } {
  const bracketed = /^\[([^\]]+)\](?::(\d{1,5}))?$/.exec(text);
  const plain = bracketed ?? /^([^:]+):(\d{1,5})$/.exec(text);
  if (plain === null) return { host: text, port: undefined };
  return { host: plain[1]!, port: plain[2] === undefined ? undefined : Number(plain[2]) };
}
