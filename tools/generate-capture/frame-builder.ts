/**
 * Writes one frame at a time into a buffer: Ethernet, IPv4 or IPv6 or ARP, and TCP, UDP or ICMP, with lengths and checksums right.
 * The caller sets the fields that several packets share, calls one of the `write…` methods, and finds the frame in `bytes`.
 */
import { ipv4Of, ttlOf, writeIpv6, writeMac } from './hosts.ts';
import { sumOf, type Pool } from './payload.ts';

/** TCP flag bits used here. */
export const TCP = { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16 } as const;
const PROTOCOL = { icmp: 1, tcp: 6, udp: 17, icmpv6: 58 } as const;
const ETHERNET = 14;
const DONT_FRAGMENT = 0x4000;

export class FrameBuilder {
  readonly bytes = new Uint8Array(2048);
  length = 0;
  /** Frames are padded with zeros up to this many bytes (60 = the Ethernet minimum without its checksum). */
  minimumLength = 60;

  source = 0;
  destination = 0;
  ipv6 = false;
  sourcePort = 0;
  destinationPort = 0;
  ipId = 0;
  dontFragment = true;

  sequence = 0;
  acknowledgment = 0;
  flags = 0;
  window = 0;
  /** Options of a SYN: maximum segment size, or 0 for none. */
  mss = 0;
  /** Window scale offered in a SYN; -1 = none (then no SACK permitted either). */
  windowScale = -1;
  timestamps = false;
  timestampValue = 0;
  timestampEcho = 0;

  private head: Uint8Array = new Uint8Array(0);
  private pool: Pool | undefined;
  private poolOffset = 0;
  private payloadLength = 0;

  /** The next packet carries `length` bytes: `head` (of even length) as far as it goes, then `pool` from an even offset. */
  setPayload(head: Uint8Array, pool: Pool, poolOffset: number, length: number): void {
    this.head = head;
    this.pool = pool;
    this.poolOffset = poolOffset;
    this.payloadLength = length;
  }

  /** The next packet carries exactly these bytes. */
  setPayloadBytes(bytes: Uint8Array, length: number): void {
    this.head = bytes;
    this.pool = undefined;
    this.payloadLength = length;
  }

  clearPayload(): void {
    this.payloadLength = 0;
  }

  writeTcp(): void {
    const { bytes } = this;
    const at = ETHERNET + (this.ipv6 ? 40 : 20);
    let end = at + 20;
    if (this.mss > 0) end = this.writeSynOptions(end);
    if (this.timestamps) end = this.writeTimestamps(end);
    write16(bytes, at, this.sourcePort);
    write16(bytes, at + 2, this.destinationPort);
    write32(bytes, at + 4, this.sequence);
    write32(bytes, at + 8, this.acknowledgment);
    bytes[at + 12] = ((end - at) / 4) << 4;
    bytes[at + 13] = this.flags;
    write16(bytes, at + 14, this.window);
    write32(bytes, at + 16, 0);
    this.finish(at, end, PROTOCOL.tcp, at + 16);
  }

  writeUdp(): void {
    const { bytes } = this;
    const at = ETHERNET + (this.ipv6 ? 40 : 20);
    write16(bytes, at, this.sourcePort);
    write16(bytes, at + 2, this.destinationPort);
    write16(bytes, at + 4, 8 + this.payloadLength);
    write16(bytes, at + 6, 0);
    this.finish(at, at + 8, PROTOCOL.udp, at + 6);
  }

  /** An echo request or reply of ICMP or ICMPv6, after the packet's IP version. */
  writeEcho(reply: boolean, identifier: number, sequence: number): void {
    const { bytes } = this;
    const at = ETHERNET + (this.ipv6 ? 40 : 20);
    bytes[at] = this.ipv6 ? (reply ? 129 : 128) : reply ? 0 : 8;
    bytes[at + 1] = 0;
    write16(bytes, at + 2, 0);
    write16(bytes, at + 4, identifier);
    write16(bytes, at + 6, sequence);
    this.finish(at, at + 8, this.ipv6 ? PROTOCOL.icmpv6 : PROTOCOL.icmp, at + 2);
  }

  /** Who has `destination`, asked by `source` of everyone; or the answer of `source` to `destination`. */
  writeArp(reply: boolean): void {
    const { bytes } = this;
    this.payloadLength = 0;
    if (reply) writeMac(bytes, 0, this.destination);
    else bytes.fill(0xff, 0, 6);
    writeMac(bytes, 6, this.source);
    write16(bytes, 12, 0x0806);
    write32(bytes, 14, 0x00010800);
    write32(bytes, 18, 0x06040000 + (reply ? 2 : 1));
    writeMac(bytes, 22, this.source);
    write32(bytes, 28, ipv4Of(this.source));
    if (reply) writeMac(bytes, 32, this.destination);
    else bytes.fill(0, 32, 38);
    write32(bytes, 38, ipv4Of(this.destination));
    this.pad(42);
  }

  /** MSS, then SACK permitted and window scale where offered; padded to whole words. */
  private writeSynOptions(at: number): number {
    const { bytes } = this;
    write32(bytes, at, 0x02040000 + this.mss);
    if (this.windowScale < 0) return at + 4;
    write32(bytes, at + 4, 0x01010402);
    write32(bytes, at + 8, 0x01030300 + this.windowScale);
    return at + 12;
  }

  private writeTimestamps(at: number): number {
    const { bytes } = this;
    write32(bytes, at, 0x0101080a);
    write32(bytes, at + 4, this.timestampValue);
    write32(bytes, at + 8, this.timestampEcho);
    return at + 12;
  }

  /** Copies the payload behind the transport header, writes the headers in front of it, and fills the checksum in. */
  private finish(transport: number, payload: number, protocol: number, checksumAt: number): void {
    const { bytes, payloadLength } = this;
    const fromHead = Math.min(this.head.length, payloadLength);
    let summed = payload;
    let sum = 0;
    if (payloadLength > 0) {
      for (let i = 0; i < fromHead; i++) bytes[payload + i] = this.head[i]!;
      summed = payload + fromHead;
      const rest = payloadLength - fromHead;
      if (rest > 0) {
        const pool = this.pool!;
        pool.bytes.copy(bytes, summed, this.poolOffset, this.poolOffset + rest);
        sum = sumOf(pool, this.poolOffset, rest);
      }
    }
    const length = payload + payloadLength - transport;
    sum += this.ipv6 ? this.writeIpv6(length, protocol) : this.writeIpv4(length, protocol);
    sum += sumRange(bytes, transport, summed);
    const checksum = fold(sum) ^ 0xffff;
    write16(bytes, checksumAt, checksum === 0 && protocol === PROTOCOL.udp ? 0xffff : checksum);
    this.pad(transport + length);
  }

  /** Returns the sum of the pseudo-header (RFC 9293 §3.1), which ICMP does without. */
  private writeIpv4(length: number, protocol: number): number {
    const { bytes } = this;
    const source = ipv4Of(this.source);
    const destination = ipv4Of(this.destination);
    const fragment = this.dontFragment ? DONT_FRAGMENT : 0;
    const ttl = ttlOf(this.source);
    this.writeEthernet(0x0800);
    write16(bytes, 14, 0x4500);
    write16(bytes, 16, 20 + length);
    write16(bytes, 18, this.ipId);
    write16(bytes, 20, fragment);
    bytes[22] = ttl;
    bytes[23] = protocol;
    write32(bytes, 26, source);
    write32(bytes, 30, destination);
    const addresses = (source >>> 16) + (source & 0xffff) + (destination >>> 16) + (destination & 0xffff);
    write16(bytes, 24, fold(0x4500 + 20 + length + this.ipId + fragment + (ttl << 8) + protocol + addresses) ^ 0xffff);
    return protocol === PROTOCOL.icmp ? 0 : addresses + protocol + length;
  }

  /** Returns the sum of the pseudo-header (RFC 8200 §8.1). */
  private writeIpv6(length: number, protocol: number): number {
    const { bytes } = this;
    this.writeEthernet(0x86dd);
    write32(bytes, 14, 0x60000000);
    write16(bytes, 18, length);
    bytes[20] = protocol;
    bytes[21] = ttlOf(this.source);
    writeIpv6(bytes, 22, this.source);
    writeIpv6(bytes, 38, this.destination);
    return sumRange(bytes, 22, 54) + protocol + length;
  }

  private writeEthernet(etherType: number): void {
    writeMac(this.bytes, 0, this.destination);
    writeMac(this.bytes, 6, this.source);
    write16(this.bytes, 12, etherType);
  }

  private pad(length: number): void {
    if (length < this.minimumLength) this.bytes.fill(0, length, this.minimumLength);
    this.length = Math.max(length, this.minimumLength);
  }
}

function write16(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >>> 8;
  bytes[offset + 1] = value;
}

function write32(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >>> 24;
  bytes[offset + 1] = value >>> 16;
  bytes[offset + 2] = value >>> 8;
  bytes[offset + 3] = value;
}

/** Sum of the big-endian 16-bit words of bytes[from, to), an odd last byte padded with zero. */
function sumRange(bytes: Uint8Array, from: number, to: number): number {
  let sum = 0;
  let at = from;
  for (; at + 1 < to; at += 2) sum += (bytes[at]! << 8) | bytes[at + 1]!;
  return at < to ? sum + (bytes[at]! << 8) : sum;
}

/** Folds a sum into 16 bits, carries added back in (RFC 1071). */
function fold(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = Math.floor(folded / 65536) + (folded % 65536);
  return folded;
}
