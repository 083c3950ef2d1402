/** The plain counters of a window, by name and place: sums that are exact however a window is cut into batches. */

/** Order is part of the partial's byte form: append only, and raise PARTIAL_VERSION when it changes. */
export const COUNTERS = [
  'packets',
  'bytes',
  'payloadBytes',
  'tcpPackets',
  'udpPackets',
  'icmpPackets',
  'arpPackets',
  'otherPackets',
  'tcpBytes',
  'udpBytes',
  'icmpBytes',
  'arpBytes',
  'otherBytes',
  'ipv4Packets',
  'ipv6Packets',
  'fragments',
  'tunnelled',
  'arpRequests',
  'arpReplies',
  'syn',
  'synAck',
  'rst',
  'fin',
  'psh',
  'ack',
  'urg',
  'ece',
  'cwr',
  'nullFlags',
  'malformed',
  'truncated',
  'oversize',
  'duplicates',
  'lengthLies',
  /** Flow records folded into buckets because a bound was hit. */
  'rowsShed',
  /** Keys of folded flows (a host, a service …) for which no bucket was kept. */
  'keysDropped',
] as const;

export type CounterName = (typeof COUNTERS)[number];

/** Place of each counter in a Float64Array of COUNTERS.length. */
export const COUNTER = Object.fromEntries(COUNTERS.map((name, index) => [name, index])) as Readonly<
  Record<CounterName, number>
>;

/** Packets of traffic class c are at COUNTER.tcpPackets + c, bytes at COUNTER.tcpBytes + c, in TRAFFIC_CLASSES order. */
export const CLASS = { tcp: 0, udp: 1, icmp: 2, arp: 3, other: 4 } as const;
export const CLASS_COUNT = 5;
