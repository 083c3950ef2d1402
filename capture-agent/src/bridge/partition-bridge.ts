/**
 * Carries one partition to Pub/Sub, round by round: records become messages, all of a round are published side by side,
 * then the receipts, and only when every one of them is acknowledged the offset is committed. A crash anywhere repeats
 * the round, which is harmless: the same bytes under the same names. While a round is under way the next is read.
 */
import type { Assignment, LogRecord, PartitionReader } from '@tapline/core/record-log';
import { AssignmentLost } from '@tapline/core/record-log';
import type { ByteBudget } from './byte-budget.ts';
import type { BridgeItem } from './bridge-item.ts';
import { endOf, readControlRecord, readPacketRecord } from './bridge-item.ts';
import type { Decoder } from './bridge-item.ts';
import { CUTS_MAX, decodeCuts, encodeCuts } from './cut-note.ts';
import type { MessageSender } from './message-sender.ts';
import { RawCutter } from './raw-cutter.ts';
import type { Cut, CutBlock, RawLimits } from './raw-cutter.ts';

export interface PartitionBridgeOptions {
  readonly carries: 'packets' | 'heartbeats';
  readonly sender: MessageSender;
  readonly decoder: Decoder;
  readonly budget: ByteBudget;
  readonly rawLimits?: RawLimits;
  /** Called with what was committed. */
  readonly onCarried: (records: number, bytes: number) => void;
}

/** Memory that a record takes beside its bytes. */
const RECORD_OVERHEAD_BYTES = 200;
/** A round takes no more records once it has this many items. */
const ITEMS_MAX = 2_000;

const heldBytes = ({ value }: LogRecord): number => value.length + RECORD_OVERHEAD_BYTES;

export class PartitionBridge implements PartitionReader {
  readonly #assignment: Assignment;
  readonly #options: PartitionBridgeOptions;
  readonly #cutter: RawCutter;
  readonly #dropped = new AbortController();
  readonly #done: Promise<void>;
  /** Taken, but in no round yet. */
  #waiting: LogRecord[] = [];
  #heldBytes = 0;
  #next: number;
  #carrying = false;
  #finishing = false;
  #committed: number;
  #logEnd = 0;
  #wake = Promise.withResolvers<undefined>();

  constructor(assignment: Assignment, options: PartitionBridgeOptions) {
    this.#assignment = assignment;
    this.#options = options;
    this.#committed = assignment.startOffset;
    this.#next = assignment.startOffset;
    this.#cutter = new RawCutter(decodeCuts(assignment.note), options.rawLimits);
    this.#done = this.#work();
  }

  /** Offset after the last record taken. */
  get next(): number {
    return this.#next;
  }

  /** Whether a round is under way or due; a block that waits for more records is neither. */
  get busy(): boolean {
    return this.#carrying || this.#waiting.length > 0;
  }

  async take(records: readonly LogRecord[], endOffset: number): Promise<void> {
    const bytes = records.reduce((sum, record) => sum + heldBytes(record), 0);
    if (!(await this.#options.budget.acquire(bytes, this.#dropped.signal))) return;
    if (this.#dropped.signal.aborted) {
      this.#options.budget.release(bytes);
      return;
    }
    this.#heldBytes += bytes;
    for (const record of records) this.#waiting.push(record);
    this.#next = (records.at(-1)?.offset ?? this.#next - 1) + 1;
    this.#logEnd = Math.max(this.#logEnd, endOffset);
    this.#wake.resolve(undefined);
  }

  async finish(): Promise<void> {
    this.#finishing = true;
    this.#wake.resolve(undefined);
    await this.#done;
  }

  drop(): void {
    this.#dropped.abort();
    this.#wake.resolve(undefined);
  }

  async #work(): Promise<void> {
    try {
      while (!this.#dropped.signal.aborted) {
        await this.#rest();
        const items = this.#nextRound();
        if (items.length > 0) await this.#carry(items);
        else if (this.#finishing && this.#waiting.length === 0) break;
      }
    } catch (error) {
      if (!(error instanceof AssignmentLost)) this.#assignment.fail(error);
    } finally {
      this.#dropped.abort();
      this.#options.budget.release(this.#heldBytes);
      this.#heldBytes = 0;
    }
  }

  /** Waits for records, or for a block to be cut because none come. */
  async #rest(): Promise<void> {
    if (this.#waiting.length > 0 || this.#finishing || this.#dropped.signal.aborted) return;
    const dueMs = this.#cutter.dueInMs(performance.now(), this.#logEnd);
    const timer = dueMs === undefined ? undefined : setTimeout(this.#wake.resolve, Math.max(0, dueMs), undefined);
    await this.#wake.promise;
    clearTimeout(timer);
    this.#wake = Promise.withResolvers();
  }

  /** What to publish next, in order; nothing while a block waits for more records. */
  #nextRound(): BridgeItem[] {
    const items: BridgeItem[] = [];
    const nowMs = performance.now();
    const push = (block: CutBlock | undefined): void => {
      if (block !== undefined) items.push({ kind: 'raw', block });
    };
    // A record adds three items at most, and every cut must find room in the note.
    let at = 0;
    while (at < this.#waiting.length && items.length < ITEMS_MAX && cutsOf(items).length < CUTS_MAX - 3) {
      const record = this.#waiting[at++]!;
      const item = this.#read(record);
      if (item === undefined) {
        for (const block of this.#cutter.add(record, nowMs)) push(block);
      } else {
        push(this.#cutter.cut());
        items.push(item);
      }
    }
    // Nothing before `at` is kept, also when the reader is never done: records hold on to whole fetches.
    this.#waiting = this.#waiting.slice(at);
    if (this.#waiting.length === 0) {
      const dueMs = this.#cutter.dueInMs(nowMs, this.#logEnd);
      // At the end of a run the last block is cut only at the end of the log: its last packet may go on in what follows.
      if (dueMs !== undefined && this.#finishing && this.#cutter.end >= this.#logEnd) push(this.#cutter.cutLast());
      else if (dueMs !== undefined && dueMs <= 0) push(this.#cutter.cutDue(nowMs));
    }
    return items;
  }

  #read(record: LogRecord): BridgeItem | undefined {
    const { carries, decoder } = this.#options;
    return carries === 'heartbeats' ? readControlRecord(record) : readPacketRecord(record, decoder);
  }

  async #carry(items: readonly BridgeItem[]): Promise<void> {
    this.#carrying = true;
    const cuts = cutsOf(items);
    // Not published before everybody can know where these blocks end; and refused if the partition is another's.
    if (cuts.length > 0) await this.#commit(this.#committed, cuts);
    await this.#options.sender.send(this.#assignment, items);
    await this.#commit(endOf(items.at(-1)!), []);
    const records = items.flatMap((item) => (item.kind === 'raw' ? item.block.records : [item.record]));
    const bytes = records.reduce((sum, record) => sum + heldBytes(record), 0);
    this.#heldBytes -= bytes;
    this.#options.budget.release(bytes);
    this.#options.onCarried(records.length, bytes - records.length * RECORD_OVERHEAD_BYTES);
    this.#carrying = false;
  }

  /** Commits with the cuts of this round and those of an earlier run that are not made again yet. */
  async #commit(offset: number, cuts: readonly Cut[]): Promise<void> {
    const known = new Set(cuts.map(({ start }) => start));
    const later = this.#cutter.planned.filter(({ start, end }) => end > offset && !known.has(start));
    await this.#assignment.commit(offset, encodeCuts([...cuts, ...later].slice(0, CUTS_MAX)));
    this.#committed = offset;
  }
}

function cutsOf(items: readonly BridgeItem[]): Cut[] {
  return items.flatMap((item) => (item.kind === 'raw' ? [{ start: item.block.start, end: item.block.end }] : []));
}
