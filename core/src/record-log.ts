/**
 * The port to a partitioned log that several readers share (Kafka and a consumer group). A reader has a partition until
 * it is revoked; only while it has it can it commit. Between the two lies everything that the bridge must get right, so
 * nothing of a client library shows here.
 */

export interface LogRecord {
  /** Ascending within a partition; numbers may be missing. */
  readonly offset: number;
  /** When the record arrived or was made, as the log says, in ms since 1970 and before year 10000; -1 when it does not say. */
  readonly arrivalMs: number;
  readonly value: Uint8Array;
}

export interface LogPartition {
  readonly topic: string;
  readonly partition: number;
}

/** One partition, given to a reader until it is revoked. */
export interface Assignment extends LogPartition {
  /** Reading starts here: everything before it was committed. */
  readonly startOffset: number;
  /** The note of that commit; empty when there is none. */
  readonly note: string;
  isRevoked(): boolean;
  /**
   * Says that everything before `offset` is done, with a note for whoever reads on from there.
   * @param note at most 4,000 bytes
   * @throws AssignmentLost when the partition is no longer this reader's: nothing was committed
   */
  commit(offset: number, note: string): Promise<void>;
  /** Ends the whole run with this error. */
  fail(error: unknown): void;
}

/** The partition went to another reader, which starts from the last commit: drop what is under way. */
export class AssignmentLost extends Error {
  override readonly name = 'AssignmentLost';
}

/** What reads one assignment. */
export interface PartitionReader {
  /**
   * Consecutive records, in order. Resolves when it can take more.
   * @param endOffset offset that the next record of the partition will have
   */
  take(records: readonly LogRecord[], endOffset: number): Promise<void>;
  /** Deals with all it took and commits it; takes no more. */
  finish(): Promise<void>;
  /** The partition is revoked: forget what was taken; whoever waits in `take` is let go. */
  drop(): void;
}

export interface PartitionPosition extends LogPartition {
  /** Everything before it was committed; the start of the log when nothing was. */
  readonly committed: number;
  readonly end: number;
}

export interface RecordLog {
  /**
   * Reads until `stop` is called, and then finishes what was taken.
   * @throws PipelineError STORE for what waiting did not solve, and what a reader failed with
   */
  run(open: (assignment: Assignment) => PartitionReader): Promise<void>;
  stop(): void;
  /** Where the whole group is, all readers of it. Throws PipelineError STORE. */
  positions(): Promise<PartitionPosition[]>;
}
