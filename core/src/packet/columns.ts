/**
 * The packet row: one table that declares every column once. The in-memory columns, the wire batch, `tapline decode`,
 * SQLite, CQL, the report page and the documentation all derive from it. To add a column, see docs/internals.md.
 */

/** How many packets a batch holds at most (design §5); the capacity of every PacketColumns. */
export const BATCH_CAPACITY = 4096;

/**
 * How a column is coded inside a wire batch (see core/src/wire/coding.ts). Every coding is exact and reversible: it keeps
 * the difference to a prediction, zigzag so that small differences of either sign are small numbers.
 * - `plain`: the value itself.
 * - `delta`: difference to the previous row of the batch.
 * - `flow`: difference to the last row of the same flow and direction in the batch, else to the last of the other
 *   direction, else to the last row that began a flow (0 for most columns of most packets).
 * - `host`: `flow`, but the first row against the direction of its flow is predicted from the last such row of any flow:
 *   for what the sender's stack decides.
 * - `endpoint`: `flow`, but the other direction predicts a source from its destination and a destination from its source.
 * - `flowNumber`: rows back to the last row of the flow, and at its first row the difference to the flow that began before.
 * - `captured`: difference to `length`, or to the largest captured length so far where that is smaller (snap length).
 * - `payload`: how many bytes of `length` are headers, as `flow`.
 * - `sequence`: difference to the sequence number the last row of the same flow and direction made its receiver expect,
 *   else to what the other direction acknowledged.
 * - `acknowledgment`: difference to the next sequence number expected from the other direction.
 * - `echo`: difference to the last TCP timestamp value of the other direction.
 * - `options`: difference to the shortest TCP header with the options that `layers` says are there.
 */
export type Coding =
  | 'plain'
  | 'delta'
  | 'flow'
  | 'host'
  | 'endpoint'
  | 'flowNumber'
  | 'captured'
  | 'payload'
  | 'sequence'
  | 'acknowledgment'
  | 'echo'
  | 'options';

/** In-memory element type; `address` is 16 bytes as four big-endian-ordered 32-bit words, IPv4 as ::ffff:a.b.c.d. */
export type ColumnType = 'u8' | 'u16' | 'u32' | 'f64' | 'address';

export interface ColumnSpec {
  readonly name: string;
  readonly type: ColumnType;
  readonly coding: Coding;
  /** Layer bit (see LAYER) without which the value is absent, or 0 when every row has it. */
  readonly needs: number;
  readonly doc: string;
}

/** Which headers a row's packet had; bits of the `layers` column. */
export const LAYER = {
  ethernet: 1 << 0,
  vlan: 1 << 1,
  qinq: 1 << 2,
  mpls: 1 << 3,
  pppoe: 1 << 4,
  arp: 1 << 5,
  ipv4: 1 << 6,
  ipv6: 1 << 7,
  tcp: 1 << 8,
  udp: 1 << 9,
  sctp: 1 << 10,
  icmp: 1 << 11,
  icmpv6: 1 << 12,
  /** The packet is an IP fragment (offset > 0, or more fragments follow). */
  fragment: 1 << 13,
  gre: 1 << 14,
  /** IP in IP, 6in4, 4in6, 6in6. */
  ipInIp: 1 << 15,
  vxlan: 1 << 16,
  geneve: 1 << 17,
  erspan: 1 << 18,
  gtpu: 1 << 19,
  /** sourcePort and destinationPort are present. */
  ports: 1 << 20,
  /** source and destination are present. */
  addresses: 1 << 21,
  tcpMss: 1 << 22,
  tcpWindowScale: 1 << 23,
  tcpSackPermitted: 1 << 24,
  tcpTimestamps: 1 << 25,
  /** At least one encapsulated network header was decoded: outerSource and outerDestination are present. */
  outer: 1 << 26,
  /** IPv6 extension headers or IPv4 options were present. */
  ipOptions: 1 << 27,
  /** An innermost IP header is present: ttl, dscpEcn, ipProtocol … are meaningful. */
  ip: 1 << 28,
  /** Any ICMP or ICMPv6 header is present: icmpType and icmpCode are meaningful. */
  anyIcmp: 1 << 29,
  /** sourceMacHigh and sourceMacLow are present. */
  mac: 1 << 30,
} as const;

/** Bits of the `quality` column: what was wrong or unusual about a packet. A bit never drops a packet. */
export const QUALITY = {
  /** Fewer bytes were captured than were on the wire (snap length). */
  truncated: 1 << 0,
  /** The link, VLAN, MPLS, PPPoE or LLC header is cut short or contradicts itself. */
  malformedLink: 1 << 1,
  /** The IP or ARP header is cut short or contradicts itself. */
  malformedNetwork: 1 << 2,
  /** The transport header is cut short or contradicts itself. */
  malformedTransport: 1 << 3,
  /** A tunnel header (GRE, VXLAN, …) is cut short or contradicts itself. */
  malformedTunnel: 1 << 4,
  /** Longer on the wire than a 1,500-byte IP packet: jumbo frame or segmentation offload. */
  oversize: 1 << 5,
  /** A second copy of a frame seen within the duplicate window (mirror of ingress and egress). */
  duplicate: 1 << 6,
  /** IPv4 total length or IPv6 payload length was 0: segmentation offload; the length was taken from the frame. */
  zeroLength: 1 << 7,
  /** The header claims more bytes than the frame had on the wire. */
  lengthLie: 1 << 8,
  /** The link type has no decoder; the row says which in `linkType`. */
  unknownLink: 1 << 9,
  /** The packet was cut by the snap length inside a header, so later columns are absent. */
  headerCut: 1 << 10,
  /** The event time was out of the range that can be kept exactly and was clamped. */
  timeClamped: 1 << 11,
  /** More encapsulation layers than the decoder follows. */
  tooDeep: 1 << 12,
  /** Read from the text of tcpdump or tshark: a column that the text says nothing of is 0, which here means not known. */
  fromText: 1 << 13,
  /** The text has no event time, or no day: it was taken from the time of arrival. */
  timeInferred: 1 << 14,
  /** An ARP message names another sender hardware address than the link header it came in. */
  foreignSender: 1 << 15,
} as const;

/** Any of the "this packet contradicts itself" bits: what the ledger counts as malformed. */
export const QUALITY_MALFORMED =
  QUALITY.malformedLink | QUALITY.malformedNetwork | QUALITY.malformedTransport | QUALITY.malformedTunnel;

/** Values of the `addressType` and `outerAddressType` columns. */
export const ADDRESS_TYPE = { none: 0, mac: 1, ipv4: 4, ipv6: 6 } as const;

const column = <N extends string, T extends ColumnType>(
  name: N,
  type: T,
  coding: Coding,
  needs: number,
  doc: string,
): { readonly name: N; readonly type: T; readonly coding: Coding; readonly needs: number; readonly doc: string } => ({
  name,
  type,
  coding,
  needs,
  doc,
});

/**
 * Every stored column, in wire order. `number` is not here: a batch is contiguous, so row i has number firstNumber + i.
 * `flow` and `direction` come first, because the flow index is rebuilt from them; a column that predicts another one
 * (`length` for `payloadLength`, tcpFlags and payloadLength for tcpSeq) comes before it.
 */
export const COLUMNS = [
  column(
    'flow',
    'u32',
    'flowNumber',
    0,
    'Number of the bidirectional flow generation, from 1 per session; 0 = no addresses',
  ),
  column('direction', 'u8', 'plain', 0, '0 = as the first packet of the flow, 1 = against it'),
  column('timeUs', 'f64', 'delta', 0, 'Event time: microseconds since 1970-01-01T00:00:00Z, a whole number'),
  column('timeNs', 'u16', 'plain', 0, 'Nanoseconds beyond timeUs, 0 to 999'),
  column('layers', 'u32', 'flow', 0, 'Headers present, see LAYER'),
  column('quality', 'u16', 'flow', 0, 'What was wrong or unusual, see QUALITY'),
  column('linkType', 'u16', 'flow', 0, 'LINKTYPE_ value of the capture interface'),
  column('length', 'u32', 'plain', 0, 'Bytes on the wire, never the captured length'),
  column('capturedLength', 'u32', 'captured', 0, 'Bytes captured'),
  column('etherType', 'u16', 'flow', 0, 'Innermost EtherType; below 0x0600 the DSAP of an 802.2 LLC frame; 0 = none'),
  column(
    'sourceMacHigh',
    'u16',
    'host',
    LAYER.mac,
    'First 16 bits of the source MAC of the innermost link header (ARP: sender hardware address)',
  ),
  column('sourceMacLow', 'u32', 'host', LAYER.mac, 'The other 32 bits of it'),
  column('addressType', 'u8', 'flow', 0, 'What source and destination hold, see ADDRESS_TYPE'),
  column(
    'source',
    'address',
    'endpoint',
    LAYER.addresses,
    'Source of the innermost network header (ARP: sender protocol address; no network header: MAC)',
  ),
  column('destination', 'address', 'endpoint', LAYER.addresses, 'Destination of the innermost network header'),
  column('ipProtocol', 'u8', 'flow', LAYER.ip, 'IP protocol after all extension headers'),
  column('sourcePort', 'u16', 'endpoint', LAYER.ports, 'TCP, UDP or SCTP source port'),
  column('destinationPort', 'u16', 'endpoint', LAYER.ports, 'TCP, UDP or SCTP destination port'),
  column(
    'tcpFlags',
    'u16',
    'plain',
    LAYER.tcp,
    'TCP flags: FIN 1 SYN 2 RST 4 PSH 8 ACK 16 URG 32 ECE 64 CWR 128 AE 256',
  ),
  column('ttl', 'u8', 'host', LAYER.ip, 'IPv4 time to live or IPv6 hop limit'),
  column('dscpEcn', 'u8', 'flow', LAYER.ip, 'IPv4 TOS octet or IPv6 traffic class'),
  column('ipId', 'u32', 'host', LAYER.ip, 'IPv4 identification, or the identification of an IPv6 fragment header'),
  column('ipFlags', 'u8', 'flow', LAYER.ip, 'Fragment flags: 1 = more fragments, 2 = do not fragment'),
  column('fragmentOffset', 'u16', 'flow', LAYER.ip, 'Fragment offset in bytes'),
  column(
    'payloadLength',
    'u32',
    'payload',
    0,
    'Transport payload bytes by the IP header (padding and capture cuts do not count)',
  ),
  column('tcpSeq', 'u32', 'sequence', LAYER.tcp, 'TCP sequence number'),
  column('tcpAck', 'u32', 'acknowledgment', LAYER.tcp, 'TCP acknowledgment number'),
  column('tcpWindow', 'u16', 'flow', LAYER.tcp, 'TCP window, unscaled'),
  column('tcpMss', 'u16', 'plain', LAYER.tcpMss, 'TCP option: maximum segment size'),
  column('tcpWindowScale', 'u8', 'plain', LAYER.tcpWindowScale, 'TCP option: window scale shift'),
  column('tcpTsValue', 'u32', 'flow', LAYER.tcpTimestamps, 'TCP option: timestamp value'),
  column('tcpTsEcho', 'u32', 'echo', LAYER.tcpTimestamps, 'TCP option: timestamp echo reply'),
  column('tcpHeaderLength', 'u8', 'options', LAYER.tcp, 'Bytes of the TCP header with its options, as it says itself'),
  column('icmpType', 'u8', 'flow', LAYER.anyIcmp, 'ICMP or ICMPv6 type'),
  column('icmpCode', 'u8', 'flow', LAYER.anyIcmp, 'ICMP or ICMPv6 code'),
  column('arpOp', 'u16', 'flow', LAYER.arp, 'ARP operation: 1 request, 2 reply'),
  column('vlan', 'u16', 'flow', LAYER.vlan, 'Outer VLAN id'),
  column('vlanInner', 'u16', 'flow', LAYER.qinq, 'Inner VLAN id of a double-tagged frame'),
  column('tunnelDepth', 'u8', 'flow', 0, 'Network headers around the innermost one'),
  column('outerAddressType', 'u8', 'flow', LAYER.outer, 'What outerSource and outerDestination hold, see ADDRESS_TYPE'),
  column(
    'outerSource',
    'address',
    'endpoint',
    LAYER.outer,
    'Source of the outermost network header of a tunnelled packet',
  ),
  column('outerDestination', 'address', 'endpoint', LAYER.outer, 'Destination of the outermost network header'),
] as const;

export type ColumnName = (typeof COLUMNS)[number]['name'];

type ArrayOf<T extends ColumnType> = T extends 'u8'
  ? Uint8Array
  : T extends 'u16'
    ? Uint16Array
    : T extends 'f64'
      ? Float64Array
      : Uint32Array;

type ColumnArrays = {
  readonly [C in (typeof COLUMNS)[number] as C['name']]: ArrayOf<C['type']>;
};

/**
 * One batch of packets as columns: typed arrays of BATCH_CAPACITY elements (address columns: 4 words per row), of which
 * the first `count` rows are meaningful. Rows are numbered firstNumber, firstNumber + 1, … within the session.
 * All columns are views of one buffer, so a batch moves between threads as one transferable.
 */
export interface PacketColumns extends ColumnArrays {
  readonly buffer: ArrayBuffer;
  count: number;
  firstNumber: number;
}

const WORDS: Record<ColumnType, number> = { u8: 1, u16: 2, u32: 4, f64: 8, address: 16 };

/** Bytes one row of a column takes in memory. */
export function bytesPerRow(type: ColumnType): number {
  return WORDS[type];
}

const makeView = (type: ColumnType, buffer: ArrayBuffer, offset: number, rows: number): ArrayBufferView => {
  switch (type) {
    case 'u8':
      return new Uint8Array(buffer, offset, rows);
    case 'u16':
      return new Uint16Array(buffer, offset, rows);
    case 'u32':
      return new Uint32Array(buffer, offset, rows);
    case 'f64':
      return new Float64Array(buffer, offset, rows);
    case 'address':
      return new Uint32Array(buffer, offset, rows * 4);
  }
};

/** A PacketColumns with room for BATCH_CAPACITY rows, all zero; `buffer` may be one that came back from another thread. */
export function allocateColumns(buffer?: ArrayBuffer): PacketColumns {
  let size = 0;
  for (const spec of COLUMNS) size += bytesPerRow(spec.type) * BATCH_CAPACITY;
  const backing = buffer?.byteLength === size ? buffer : new ArrayBuffer(size);
  const columns: Record<string, unknown> = { buffer: backing, count: 0, firstNumber: 1 };
  let offset = 0;
  for (const spec of COLUMNS) {
    columns[spec.name] = makeView(spec.type, backing, offset, BATCH_CAPACITY);
    offset += bytesPerRow(spec.type) * BATCH_CAPACITY;
  }
  // The copy matters: an object grown key by key is a hash table to V8, and every column read would be a lookup.
  return { ...columns } as unknown as PacketColumns;
}

/** Empties one row again, as decoders need it. */
export function clearRow(columns: PacketColumns, row: number): void {
  for (const { name, type } of COLUMNS) {
    if (type === 'address') columns[name].fill(0, row * 4, row * 4 + 4);
    else columns[name][row] = 0;
  }
}

/** Copies one row over another. */
export function copyRow(from: PacketColumns, at: number, to: PacketColumns, row: number): void {
  for (const { name, type } of COLUMNS) {
    if (type === 'address') to[name].set(from[name].subarray(at * 4, at * 4 + 4), row * 4);
    else to[name][row] = from[name][at]!;
  }
}

/** Empties a PacketColumns for reuse: decoders write only what a packet has and rely on zeros elsewhere. */
export function clearColumns(columns: PacketColumns, firstNumber: number): void {
  new Uint8Array(columns.buffer).fill(0);
  columns.count = 0;
  columns.firstNumber = firstNumber;
}
