/**
 * Batches of one session in, finished flows out. What is open is bounded: a flow leaves when it is cut, when it has been
 * silent for so long that nothing can follow, or, oldest first, when there are too many.
 */
import { BATCH_CAPACITY } from '../packet/columns.ts';
import type { PacketColumns } from '../packet/columns.ts';
import { createBatchSegments, FLOW_SILENCE_US, FlowCut } from './flow-cut.ts';
import { FlowStatistics } from './flow-statistics.ts';

/** Open flows at most, so that with those that one batch begins they fill a power of two: about 100 MB. */
export const OPEN_FLOWS_MAX = 131_072 - BATCH_CAPACITY;
/** What leaves when there are more. */
const SHED_SHARE = 1 / 16;
/** Flows that leave in one call at most, so that whoever takes them can keep up. A batch begins half as many. */
const LEAVE_MAX = 8192;
/** Event time between two looks for silent flows. */
const LOOK_EVERY_US = 10_000_000;

/** Gets a finished flow: row `row` of `statistics`, valid during the call. */
export type TakeFlow = (statistics: FlowStatistics, row: number) => void;

export class FlowExporter {
  /** Flows given out. */
  flows = 0;
  /** Packets without an IP header, which belong to no flow here. */
  skipped = 0;
  /** Flows that left before their time, because too many were open: what followed of them, if anything, is another row. */
  shed = 0;
  readonly #cut = new FlowCut();
  readonly #segments = createBatchSegments();
  readonly #open = new FlowStatistics();
  readonly #ofBatch = new FlowStatistics();
  readonly #take: TakeFlow;
  readonly #openMax: number;
  #cleared = 0;
  #clockUs = -Infinity;
  #beforeUs = -Infinity;
  #lookAtUs = -Infinity;

  constructor(take: TakeFlow, options: { readonly openMax?: number } = {}) {
    this.#take = take;
    this.#openMax = options.openMax ?? OPEN_FLOWS_MAX;
  }

  /** Takes the session's next batch. */
  take(columns: PacketColumns): void {
    const segments = this.#segments;
    this.#cut.cut(columns, segments);
    this.skipped += segments.skipped;
    FlowStatistics.fromBatch(columns, segments, this.#ofBatch);
    this.#makeRoom();
    for (let segment = 0; segment < segments.count; segment += 1) {
      const slot = segments.slot[segment]!;
      if (segments.continues[segment] === 0) this.#giveOut(slot);
      this.#open.merge(slot, this.#ofBatch, segment);
    }
    this.#tick(columns);
    this.#look();
  }

  /**
   * Gives out a part of what is open; to be called after the last batch until it returns true: nothing is open any more.
   */
  finish(): boolean {
    this.#expire(Infinity);
    return this.#cut.open === 0;
  }

  #makeRoom(): void {
    const { slots } = this.#cut;
    this.#open.reserve(slots);
    for (; this.#cleared < slots; this.#cleared += 1) this.#open.clear(this.#cleared);
  }

  /**
   * Event time moves when two packets in a row say so: one alone with a wrong clock must not make all flows look silent.
   */
  #tick(columns: PacketColumns): void {
    for (let row = 0; row < columns.count; row += 1) {
      const timeUs = columns.timeUs[row]!;
      const agreedUs = Math.min(timeUs, this.#beforeUs);
      if (agreedUs > this.#clockUs) this.#clockUs = agreedUs;
      this.#beforeUs = timeUs;
    }
  }

  #look(): void {
    if (this.#clockUs >= this.#lookAtUs) {
      const isAll = this.#expire(this.#clockUs - FLOW_SILENCE_US) < LEAVE_MAX;
      if (isAll) this.#lookAtUs = this.#clockUs + LOOK_EVERY_US;
    }
    if (this.#cut.open <= this.#openMax) return;
    this.shed += this.#expire(this.#cut.silentSince(SHED_SHARE));
    // Many flows of one instant cannot be told apart by their silence.
    if (this.#cut.open > this.#openMax) this.shed += this.#expire(Infinity);
  }

  #expire(silentSinceUs: number): number {
    return this.#cut.expire(silentSinceUs, LEAVE_MAX, (slot) => {
      this.#giveOut(slot);
    });
  }

  #giveOut(slot: number): void {
    if (this.#open.packets(slot) === 0) return;
    this.#open.close(slot);
    this.#take(this.#open, slot);
    this.flows += 1;
    this.#open.clear(slot);
  }
}
