/**
 * What is kept of one flow: 87 numbers in a row of a Float64Array, grouped by how two halves of a flow merge. Times and
 * gaps are microseconds, which together with sums of them stay exact below 2^53.
 */

/** Counters of the forward and of the backward direction lie side by side: offset + direction. */
export const AT = {
  /** Additive. */
  headerBytes: 0,
  pushPackets: 2,
  urgentPackets: 4,
  /** Eight counters by bit of the TCP flags octet, FIN first. */
  flags: 6,
  /** Forward packets with payload. */
  dataPackets: 14,
  /** Gaps of more than one second. */
  longGaps: 15,
  /** Closed bulks: four counters per direction, see BULK. */
  bulks: 16,

  /** Series (see SERIES): count, sum, sum of squared deviations, least, greatest. */
  length: 24,
  lengthAll: 34,
  gap: 39,
  gapAll: 49,
  active: 54,
  idle: 59,

  /** Extremal: shortest forward header. */
  headerMin: 64,

  /** First wins. */
  firstUs: 65,
  firstOf: 66,
  /** Window of the flow's first packet when that is forward, else 0. */
  windowForward: 68,
  /** First window of a backward packet that is not 0. */
  windowBackward: 69,

  /** Last wins. */
  lastUs: 70,
  lastOf: 71,

  /** Boundary: runs of data packets in one direction; 0 = none, 1 = the head only, 2 = head and tail are different runs. */
  runs: 73,
  /** Runs that may go on beyond the edge, see RUN. */
  headRun: 74,
  tailRun: 79,
  /** Boundary: segments between gaps of more than five seconds; 1 = one, 2 = more. */
  segments: 84,
  /** Where the first of several segments ends, and where the last begins. */
  headSegmentEndUs: 85,
  tailSegmentStartUs: 86,
} as const;

export const ROW_NUMBERS = 87;

export const BULK = { count: 0, packets: 1, bytes: 2, durationUs: 3, size: 4 } as const;
export const SERIES = { count: 0, sum: 1, squares: 2, min: 3, max: 4, size: 5 } as const;
export const RUN = { direction: 0, packets: 1, bytes: 2, firstUs: 3, lastUs: 4, size: 5 } as const;

/** Additive columns are [0, ADDITIVE_END); every series follows them up to SERIES_END. */
export const ADDITIVE_END: number = AT.length;
export const SERIES_END: number = AT.headerMin;

/** The constants of CICFlowMeter, which are part of what its columns mean. */
export const SUBFLOW_GAP_US = 1_000_000;
export const BULK_GAP_US = 1_000_000;
export const BULK_PACKETS = 4;
export const ACTIVE_GAP_US = 5_000_000;

/** Who a flow is between: words of a row of a Uint32Array. Addresses are four words, as in the packet columns. */
export const WHO = { flow: 0, source: 1, destination: 5, ports: 9, protocol: 10, addressType: 11, size: 12 } as const;
