/**
 * Which packets belong to conversations that Tapline itself, or the people who operate it, have over the capturing host.
 * Told what sockets there are, it judges a decoded packet in typed arrays: nearly every packet of a mirror has no address
 * of this host and is done after two lookups. It knows no sockets of its own: whoever reads them says when they were read.
 */
import type { Address, AddressWords } from '../packet/address.ts';
import { LAYER, type PacketColumns } from '../packet/columns.ts';
import { hashAddress, hashPair } from '../sketch/hash.ts';

export const TCP = 6;
export const UDP = 17;

/**
 * What a packet is, each outweighing those before it where both ends are here: somebody else's; of a conversation of this
 * host that nobody has decided on yet; ours unless sockets say that it is not; ours.
 */
export const VERDICT = { other: 0, unknown: 1, likely: 2, own: 3 } as const;
export type Verdict = (typeof VERDICT)[keyof typeof VERDICT];

export interface Conversation {
  /** TCP or UDP. */
  readonly protocol: number;
  /** End on this host; absent = any address of it. */
  readonly local?: AddressWords;
  /** 0 = any port. */
  readonly localPort: number;
  /** The other end; absent = whoever it is. */
  readonly remote?: AddressWords;
  readonly remotePort: number;
  /** The exact conversation's counts before that of one with an end left open. */
  readonly verdict: Verdict;
}

const ANY: AddressWords = [0, 0, 0, 0];
/** Bits of the first look at an address. */
const HOST_BITS = 12;
/** Words of an entry: both addresses, both ports, the protocol, and whether it is ours. */
const ENTRY_WORDS = 11;
/** Places for conversations of this host that were looked at and are nobody's of ours. */
const SETTLED_SLOTS = 65_536;
const FIRST_SEED = 1;
const SECOND_SEED = 2;
const SYN = 0x02;
const ACK = 0x10;

export class OwnConversations {
  /** 1 where some address of this host may be. */
  readonly #maybeHost = new Uint8Array(1 << HOST_BITS);
  #hosts = new Uint32Array(0);
  /** Open addressing; an entry with protocol 0 is free. */
  #entries = new Uint32Array(ENTRY_WORDS * 2);
  #mask = 1;
  readonly #settled = new Uint32Array(2 * SETTLED_SLOTS);
  /** What is looked for: an entry without its last word. */
  readonly #key = new Uint32Array(ENTRY_WORDS - 1);

  /**
   * Replaces all that is known of sockets.
   * @param hosts addresses of this host; the local ends of conversations are added to them
   */
  replace(hosts: readonly Address[], conversations: readonly Conversation[]): void {
    const words = [...hosts.map((host) => host.words), ...conversations.flatMap(({ local }) => (local ? [local] : []))];
    const unique = new Map(words.map((address) => [address.join(), address]));
    this.#hosts = Uint32Array.from([...unique.values()].flat());
    this.#maybeHost.fill(0);
    for (let at = 0; at < this.#hosts.length; at += 4) this.#maybeHost[hostBit(this.#hosts, at)] = 1;
    let capacity = 2;
    while (capacity < 2 * conversations.length) capacity *= 2;
    this.#mask = capacity - 1;
    this.#entries = new Uint32Array(ENTRY_WORDS * capacity);
    for (const conversation of conversations) this.#insert(conversation);
  }

  /** Judges the packet in row `row`. */
  judge(columns: PacketColumns, row: number): Verdict {
    if ((columns.layers[row]! & LAYER.ports) === 0) return VERDICT.other;
    const { source, destination } = columns;
    const isFromHost = this.#isHost(source, row * 4);
    const isToHost = this.#isHost(destination, row * 4);
    if (!isFromHost && !isToHost) return VERDICT.other;
    const protocol = columns.ipProtocol[row]!;
    if (protocol !== TCP && protocol !== UDP) return VERDICT.other;
    const from = columns.sourcePort[row]!;
    const to = columns.destinationPort[row]!;
    // Whoever begins a conversation has a new socket, although there may have been one of the same name before.
    const begins = protocol === TCP && (columns.tcpFlags[row]! & (SYN | ACK)) === SYN;
    // On a loopback both ends are here, and one of them may be ours.
    const out = isFromHost ? this.#judgeEnd(source, from, destination, to, row, protocol, begins) : VERDICT.other;
    if (out === VERDICT.own || !isToHost) return out;
    return Math.max(out, this.#judgeEnd(destination, to, source, from, row, protocol, begins)) as Verdict;
  }

  /** Takes the conversation of the packet in row `row`, one of this host, for somebody else's until sockets say it is not. */
  settle(columns: PacketColumns, row: number): void {
    const { source, destination, ipProtocol } = columns;
    const from = columns.sourcePort[row]!;
    const to = columns.destinationPort[row]!;
    this.#setKey(source, from, destination, to, row, ipProtocol[row]!);
    this.#rememberSettled();
    this.#setKey(destination, to, source, from, row, ipProtocol[row]!);
    this.#rememberSettled();
  }

  #judgeEnd(
    local: Uint32Array,
    localPort: number,
    remote: Uint32Array,
    remotePort: number,
    row: number,
    protocol: number,
    begins: boolean,
  ): Verdict {
    const key = this.#key;
    this.#setKey(local, localPort, remote, remotePort, row, protocol);
    const exact = this.#find();
    if (exact !== VERDICT.unknown) return exact;
    const isSettled = !begins && this.#isSettled();
    // A port of a peer, to which our end may be any of this host's.
    key.fill(0, 0, 4);
    key[8] = remotePort;
    const asPeer = this.#find();
    // A port on which we listen: at every address, or at this one.
    key.fill(0, 4, 8);
    key[8] = localPort << 16;
    const asListener = this.#find();
    for (let word = 0; word < 4; word++) key[word] = local[row * 4 + word]!;
    const open = Math.max(asPeer, asListener, this.#find()) as Verdict;
    return isSettled && open === VERDICT.unknown ? VERDICT.other : open;
  }

  #isHost(words: Uint32Array, at: number): boolean {
    if (this.#maybeHost[hostBit(words, at)] === 0) return false;
    const hosts = this.#hosts;
    for (let host = 0; host < hosts.length; host += 4) {
      if (
        hosts[host + 3] === words[at + 3] &&
        hosts[host + 2] === words[at + 2] &&
        hosts[host + 1] === words[at + 1] &&
        hosts[host] === words[at]
      )
        return true;
    }
    return false;
  }

  #insert({ protocol, local = ANY, localPort, remote = ANY, remotePort, verdict }: Conversation): void {
    const key = this.#key;
    key.set(local, 0);
    key.set(remote, 4);
    key[8] = (localPort << 16) | remotePort;
    key[9] = protocol;
    const at = this.#slot();
    this.#entries.set(key, at);
    this.#entries[at + ENTRY_WORDS - 1] = verdict;
  }

  #find(): Verdict {
    const at = this.#slot();
    return this.#entries[at + 9] === 0 ? VERDICT.unknown : (this.#entries[at + ENTRY_WORDS - 1] as Verdict);
  }

  /** Where the entry of the key is, or would be. At least half of the places are free. */
  #slot(): number {
    const key = this.#key;
    const entries = this.#entries;
    let slot = this.#hashKey(FIRST_SEED) & this.#mask;
    for (; ; slot = (slot + 1) & this.#mask) {
      const at = slot * ENTRY_WORDS;
      if (entries[at + 9] === 0) return at;
      let word = 0;
      while (word < ENTRY_WORDS - 1 && entries[at + word] === key[word]) word++;
      if (word === ENTRY_WORDS - 1) return at;
    }
  }

  #setKey(
    local: Uint32Array,
    localPort: number,
    remote: Uint32Array,
    remotePort: number,
    row: number,
    protocol: number,
  ): void {
    const key = this.#key;
    for (let word = 0; word < 4; word++) {
      key[word] = local[row * 4 + word]!;
      key[4 + word] = remote[row * 4 + word]!;
    }
    key[8] = (localPort << 16) | remotePort;
    key[9] = protocol;
  }

  #hashKey(seed: number): number {
    const key = this.#key;
    return hashPair(hashAddress(key, 0, seed), hashPair(key[8]!, key[9]!, hashAddress(key, 4)), seed);
  }

  #rememberSettled(): void {
    const first = this.#hashKey(FIRST_SEED);
    const at = 2 * (first & (SETTLED_SLOTS - 1));
    this.#settled[at] = first;
    this.#settled[at + 1] = this.#hashKey(SECOND_SEED);
  }

  #isSettled(): boolean {
    const first = this.#hashKey(FIRST_SEED);
    const at = 2 * (first & (SETTLED_SLOTS - 1));
    return this.#settled[at] === first && this.#settled[at + 1] === this.#hashKey(SECOND_SEED);
  }
}

function hostBit(words: Uint32Array, at: number): number {
  return Math.imul(words[at + 3]! ^ words[at + 1]!, 0x9e37_79b1) >>> (32 - HOST_BITS);
}
