/** What a batch says about itself outside its Arrow body, and how batches are named. */

export interface BatchHeader {
  readonly sensor: string;
  readonly session: string;
  /** 0, 1, 2 … within the session, without holes. */
  readonly sequence: number;
  /** Number of the first packet; rows are contiguous. */
  readonly firstNumber: number;
  readonly count: number;
  /** Sum of the packets' lengths on the wire. */
  readonly wireBytes: number;
  /** Packets whose quality says malformed. */
  readonly malformed: number;
  /** Smallest and largest event time of the batch (input may be out of order). */
  readonly minTimeUs: number;
  readonly maxTimeUs: number;
  /** Hash of the uncompressed body, 16 hex digits: checksum and the batch's part of the digest. */
  readonly contentHash: string;
}

/** `sensor/session/sequence`: the name under which a batch's effects are stored exactly once. */
export function batchId(header: Pick<BatchHeader, 'sensor' | 'session' | 'sequence'>): string {
  return `${header.sensor}/${header.session}/${header.sequence}`;
}
