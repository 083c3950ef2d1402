/**
 * Joins the raw records of a partition into blocks and decides where one ends: never inside a packet, at a size, or when
 * nothing more comes. The same offsets always give the same block, although it depends on the clock where an idle one
 * ends: cuts are written down before blocks are published (cut-note.ts), and after a crash those cuts are made again.
 */
import type { LogRecord } from '@tapline/core/record-log';
import { expectsMore, isCapture, linesOf, startsPacket } from './raw-text.ts';

/** Offsets of a block. */
export interface Cut {
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
}

export interface CutBlock extends Cut {
  readonly records: readonly LogRecord[];
}

export const RAW_LIMITS = {
  /** Packets of a block: what fits one batch. */
  packets: 4_096,
  records: 32_768,
  /** A block ends before the packet that would make it larger … */
  bytes: 900_000,
  /** … and even inside a packet that is no packet of this world. */
  hardBytes: 1_000_000,
  /** How long a block waits for more after its first record, and its last packet after its last one, in ms … */
  idleMs: 1_000,
  /** … and how long for the rest of a packet: shell pipes hold lines back until a buffer is full. */
  unfinishedMs: 30_000,
};
export type RawLimits = typeof RAW_LIMITS;

export class RawCutter {
  readonly #limits: RawLimits;
  /** Cuts to be made again, ascending. */
  #planned: readonly Cut[];
  #records: LogRecord[] = [];
  /** Index of the record with which the last packet begins. */
  #lastPacket = 0;
  #packets = 0;
  #bytes = 0;
  /** When the first and the last record came. */
  #startedMs = 0;
  #touchedMs = 0;

  constructor(planned: readonly Cut[], limits: RawLimits = RAW_LIMITS) {
    this.#planned = planned;
    this.#limits = limits;
  }

  /** Cuts that were written down and are not made again yet. */
  get planned(): readonly Cut[] {
    return this.#planned;
  }

  /** Offset after the last record taken; 0 when none is held. */
  get end(): number {
    return (this.#records.at(-1)?.offset ?? -1) + 1;
  }

  /** Takes the next raw record; returns the blocks that it ends. */
  add(record: LogRecord, nowMs: number): CutBlock[] {
    this.#touchedMs = nowMs;
    const cuts: (CutBlock | undefined)[] = [];
    for (let gone = this.#planned[0]; gone !== undefined && record.offset >= gone.end; gone = this.#planned[0]) {
      cuts.push(this.cut());
      if (this.#planned[0] === gone) this.#planned = this.#planned.slice(1);
    }
    const planned = this.#planned[0];
    if (planned !== undefined && record.offset >= planned.start) {
      if (this.#records.length > 0 && this.#records[0]!.offset < planned.start) cuts.push(this.cut());
      this.#append(record);
      if (record.offset === planned.end - 1) cuts.push(this.cut());
      return cuts.filter((cut) => cut !== undefined);
    }
    const whole = isCapture(record.value);
    if (whole || this.#isFull(record)) cuts.push(this.cut());
    this.#append(record);
    if (whole) cuts.push(this.cut());
    return cuts.filter((cut) => cut !== undefined);
  }

  /** Ends the block here; undefined when there is none. */
  cut(): CutBlock | undefined {
    return this.#cutBefore(this.#records.length);
  }

  /** Ends the block because it has waited long enough; a packet that may go on stays for a while. */
  cutDue(nowMs: number): CutBlock | undefined {
    const { idleMs, unfinishedMs } = this.#limits;
    const quietMs = nowMs - this.#touchedMs;
    const mayGoOn = quietMs < (this.#isUnfinished() ? unfinishedMs : idleMs);
    return this.#cutBefore(mayGoOn ? this.#lastPacket : this.#records.length);
  }

  /** Ends the block because the run ends; a packet that lacks its rest stays, and is read again. */
  cutLast(): CutBlock | undefined {
    return this.#cutBefore(this.#isUnfinished() ? this.#lastPacket : this.#records.length);
  }

  /**
   * In how many ms `cutDue` has something to do, 0 or less when now; undefined when never.
   * @param logEnd offset of the next record of the log
   */
  dueInMs(nowMs: number, logEnd: number): number | undefined {
    if (this.#records.length === 0) return undefined;
    const planned = this.#planned[0];
    // The rest of a planned block is still to be read, unless the log was cut shorter than it was.
    if (planned !== undefined && planned.end <= logEnd) return undefined;
    const { idleMs, unfinishedMs } = this.#limits;
    const quietMs = this.#touchedMs + (this.#isUnfinished() ? unfinishedMs : idleMs);
    const dueMs = this.#lastPacket === 0 ? quietMs : Math.min(quietMs, this.#startedMs + idleMs);
    return dueMs - nowMs;
  }

  #isUnfinished(): boolean {
    const first = this.#records[this.#lastPacket];
    return first !== undefined && expectsMore(first.value, this.#records.at(-1)!.value);
  }

  #isFull({ value }: LogRecord): boolean {
    const { packets, records, bytes, hardBytes } = this.#limits;
    const size = this.#bytes + value.length;
    if (size > hardBytes || this.#records.length >= 2 * records) return true;
    if (!startsPacket(value)) return false;
    return size > bytes || this.#records.length >= records || this.#packets + linesOf(value) > packets;
  }

  #append(record: LogRecord): void {
    if (this.#records.length === 0) this.#startedMs = this.#touchedMs;
    if (this.#records.length === 0 || startsPacket(record.value)) {
      this.#lastPacket = this.#records.length;
      this.#packets += linesOf(record.value);
    }
    this.#records.push(record);
    this.#bytes += record.value.length;
  }

  #cutBefore(count: number): CutBlock | undefined {
    if (count === 0) return undefined;
    const records = this.#records.slice(0, count);
    const rest = this.#records.slice(count);
    this.#records = [];
    this.#packets = 0;
    this.#bytes = 0;
    this.#lastPacket = 0;
    for (const record of rest) this.#append(record);
    const end = records.at(-1)!.offset + 1;
    const start = records[0]!.offset;
    const planned = this.#planned[0];
    if (planned !== undefined && planned.start <= start) this.#planned = this.#planned.slice(1);
    return { records, start, end };
  }
}
