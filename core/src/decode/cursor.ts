/**
 * Where the decoder stands inside one packet. One Cursor is reused for every packet, so decoding allocates nothing; each
 * protocol's function reads at `position`, writes its columns, moves on, and returns which protocol comes next.
 */
import { ADDRESS_TYPE, LAYER, QUALITY } from '../packet/columns.ts';
import type { PacketColumns } from '../packet/columns.ts';

/** Network headers that are followed into each other before a packet is called too deep. */
const MAX_NETWORKS = 8;

/** Layer bits that describe the innermost network header and what it carries; link and tunnel bits add up instead. */
const INNERMOST =
  LAYER.arp |
  LAYER.ipv4 |
  LAYER.ipv6 |
  LAYER.tcp |
  LAYER.udp |
  LAYER.sctp |
  LAYER.icmp |
  LAYER.icmpv6 |
  LAYER.fragment |
  LAYER.ports |
  LAYER.ipOptions |
  LAYER.ip |
  LAYER.anyIcmp;

export class Cursor {
  columns: PacketColumns;
  row = 0;
  bytes: Uint8Array = new Uint8Array(0);
  /** The same bytes for reads of 16 and 32 bits, which are big-endian: one bounds check instead of one per byte. */
  view: DataView;
  /** Start of the next header. */
  position = 0;
  /** End of what was captured of the current layer's payload. Nothing at or beyond it is ever read. */
  end = 0;
  /** Where the payload of the current layer ended on the wire, by the headers so far; `end` or beyond. */
  wireEnd = 0;
  /** What will be written to the `layers` and `quality` columns. */
  layers = 0;
  quality = 0;
  /** EtherType of the innermost header that had one. */
  etherType = 0;
  /** Network headers (IPv4, IPv6, ARP) decoded so far. */
  networks = 0;
  /** VLAN tags decoded so far. */
  tags = 0;
  /** Where destination MAC and source MAC of the outermost link header start, or -1. */
  destinationMacAt = -1;
  sourceMacAt = -1;
  /** Where the source MAC of the innermost link header starts, or in ARP the sender's; -1 = none yet. */
  senderMacAt = -1;
  /** Every header that was entered and where, in pairs, for who asks where headers lie; null on the hot path. */
  trace: number[] | null = null;

  constructor(columns: PacketColumns) {
    this.columns = columns;
    this.view = new DataView(this.bytes.buffer);
  }

  /** Points at a buffer of frames. Many frames come from one, so this is nearly always nothing to do. */
  setBytes(bytes: Uint8Array): void {
    if (bytes === this.bytes) return;
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
}

/**
 * Whether fewer than `length` bytes of a header were captured. If so the packet is marked: `headerCut` when the rest was
 * on the wire (snap length), the given malformed bit when the packet itself is too short.
 */
export function isCut(c: Cursor, length: number, malformedBit: number): boolean {
  const needed = c.position + length;
  if (needed <= c.end) return false;
  c.quality |= needed <= c.wireEnd ? QUALITY.headerCut : malformedBit;
  return true;
}

/** Ends the current layer `length` bytes after `position` when that is before its end: what follows is padding. */
export function limitTo(c: Cursor, length: number): void {
  const wireEnd = c.position + length;
  if (wireEnd >= c.wireEnd) return;
  c.wireEnd = wireEnd;
  if (c.end > wireEnd) c.end = wireEnd;
}

/** Whether one more network header may be followed; a packet beyond the limit is marked. */
export function isTooDeep(c: Cursor): boolean {
  if (c.networks < MAX_NETWORKS) return false;
  c.quality |= QUALITY.tooDeep;
  return true;
}

/**
 * Called by a network protocol once its header is known to be good, before it writes its columns. The first network
 * header inside another moves the addresses so far to the outer columns; what the outer header carried is forgotten.
 */
export function enterNetwork(c: Cursor): void {
  if (c.networks > 0) {
    if (c.networks === 1) keepOuter(c);
    const { columns, row } = c;
    columns.tunnelDepth[row] = c.networks;
    columns.sourcePort[row] = 0;
    columns.destinationPort[row] = 0;
    columns.ipProtocol[row] = 0;
    columns.ttl[row] = 0;
    columns.dscpEcn[row] = 0;
    columns.ipId[row] = 0;
    columns.ipFlags[row] = 0;
    columns.fragmentOffset[row] = 0;
    columns.payloadLength[row] = 0;
    c.layers &= ~INNERMOST;
  }
  c.networks += 1;
}

function keepOuter(c: Cursor): void {
  const { columns, row } = c;
  c.layers |= LAYER.outer;
  columns.outerAddressType[row] = columns.addressType[row]!;
  for (let word = row * 4; word < row * 4 + 4; word += 1) {
    columns.outerSource[word] = columns.source[word]!;
    columns.outerDestination[word] = columns.destination[word]!;
  }
}

/** Writes an IPv4 source and destination found in the packet, as ::ffff:a.b.c.d. */
export function setIpv4Addresses(c: Cursor, sourceAt: number, destinationAt: number): void {
  const { columns, row } = c;
  const word = row * 4;
  const { source, destination } = columns;
  c.layers |= LAYER.addresses;
  columns.addressType[row] = ADDRESS_TYPE.ipv4;
  source[word] = 0;
  source[word + 1] = 0;
  source[word + 2] = 0xffff;
  source[word + 3] = c.view.getInt32(sourceAt);
  destination[word] = 0;
  destination[word + 1] = 0;
  destination[word + 2] = 0xffff;
  destination[word + 3] = c.view.getInt32(destinationAt);
}

/** Writes the columns of the sender's MAC. */
export function setSenderMac(c: Cursor): void {
  c.layers |= LAYER.mac;
  c.columns.sourceMacHigh[c.row] = c.view.getUint16(c.senderMacAt);
  c.columns.sourceMacLow[c.row] = c.view.getInt32(c.senderMacAt + 2);
}

/** Writes the link addresses of a packet without a network header: two bytes in the third word, four in the fourth. */
export function setMacAddresses(c: Cursor): void {
  const { columns, row } = c;
  const word = row * 4;
  c.layers |= LAYER.addresses;
  columns.addressType[row] = ADDRESS_TYPE.mac;
  columns.source[word + 2] = c.view.getUint16(c.sourceMacAt);
  columns.source[word + 3] = c.view.getInt32(c.sourceMacAt + 2);
  if (c.destinationMacAt < 0) return;
  columns.destination[word + 2] = c.view.getUint16(c.destinationMacAt);
  columns.destination[word + 3] = c.view.getInt32(c.destinationMacAt + 2);
}
