/**
 * Frames in, batches and heartbeats out: decodes each frame into columns, gives it its flow, cuts batches, and keeps the
 * first column of the books. Batches are cut by packet count and event time alone, so a second run cuts the same ones.
 */
import type { Codec } from '@tapline/core/ports';
import type { FrameSink } from '@tapline/core/pcap/frame-sink';
import { NO_COUNTERS, type Heartbeat, type SensorCounters } from '@tapline/core/ledger/heartbeat';
import type { BatchHeader } from '@tapline/core/wire/batch-header';
import { Decoder } from '@tapline/core/decode/decoder';
import { FlowTable } from '@tapline/core/decode/flow-table';
import {
  BATCH_CAPACITY,
  QUALITY_MALFORMED,
  allocateColumns,
  clearColumns,
  clearRow,
  copyRow,
  type PacketColumns,
} from '@tapline/core/packet/columns';
import { DuplicateFilter } from '@tapline/core/mirror/duplicate-filter';
import type { MirrorCounters } from '@tapline/core/mirror/mirror-counters';
import { MINUTE_US, minuteStart } from '@tapline/core/ledger/minute';
import { windowStart } from '@tapline/core/window/time-window';
import { encodeBatch } from '@tapline/core/wire/batch';
import { SentTotals, type Unsent } from './totals.ts';

export interface BatcherOptions {
  readonly sensor: string;
  readonly session: string;
  /** Window length the stages use; heartbeats announce per window. */
  readonly windowUs: number;
  /** How far behind the watermark a packet may be before it counts as late. */
  readonly allowedLatenessUs: number;
  readonly codec: Codec;
  /** Second copies of a packet within this time are counted and left out; absent: none is looked for. */
  readonly duplicatesWithinUs?: number;
  /** What whoever hands on the frames counts about their order; heartbeats say it. */
  readonly mirror?: Readonly<MirrorCounters>;
  /** Knows packets of our own, which are counted and left out; absent: none is looked for. */
  readonly own?: OwnPackets;
  /** Keeps the frames themselves. */
  readonly recorder?: BatchRecorder;
}

/** Tells our own packets from those of the network that is watched. */
export interface OwnPackets {
  /** Whether the decoded packet in row `row` is one. */
  isOwn(columns: PacketColumns, row: number): boolean;
  /** Looks what there is of our own now; called every second. */
  look(): void;
}

/** Takes frames, and packets of which only the rows are there, because they were text. */
export interface PacketSink extends FrameSink {
  /** @param columns valid only during the call */
  rows(columns: PacketColumns): void;
}

/** Takes the frames that are sent, and after the last frame of a batch the rows they became. Throws nothing. */
export interface BatchRecorder extends FrameSink {
  /** @param columns valid only during the call */
  batch(columns: PacketColumns): void;
  /** Packets of which only the rows are there. */
  rows(columns: PacketColumns): void;
}

/** How the sensor's host is when a heartbeat leaves; added by whoever sends it. */
export type Vitals = Pick<Heartbeat, 'arrivalUs' | 'cpuPercent' | 'rssBytes'>;

export type AgentMessage =
  | { readonly kind: 'batch'; readonly header: BatchHeader; readonly bytes: Uint8Array }
  | { readonly kind: 'heartbeat'; readonly heartbeat: Omit<Heartbeat, keyof Vitals> };

/** A batch of a file ends when the newest event time seen has advanced this far since the batch began. */
const CUT_US = 1_000_000;
/** Windows announced by one heartbeat at most before the next is due. */
const ANNOUNCE_AT = 512;
/** A batch may touch thousands of windows; a heartbeat names this many of each at most, so that it stays a small message. */
const ITEMS_AT_MOST = 1000;

export class Batcher implements FrameSink {
  readonly counters: SensorCounters = { ...NO_COUNTERS };
  readonly #options: BatcherOptions;
  readonly #emit: (message: AgentMessage) => void;
  readonly #recorder: BatchRecorder | undefined;
  readonly #columns = allocateColumns();
  readonly #decoder = new Decoder();
  readonly #flows = new FlowTable();
  readonly #duplicates: DuplicateFilter | undefined;
  readonly #own: OwnPackets | undefined;
  readonly #totals = new SentTotals();
  #row = 0;
  /** -1 = no packet was cut. */
  #cutToBytes = -1;
  #sequence = 0;
  #heartbeatSequence = 0;
  #newestUs = -Infinity;
  /** Never behind newestUs once that is known; -Infinity before. */
  #watermarkUs = -Infinity;
  /** What the last heartbeat said. */
  #promisedUs = -Infinity;
  #cutAtUs = Infinity;
  #lateBeforeUs = -Infinity;
  #heartbeatAtUs = -Infinity;

  constructor(options: BatcherOptions, emit: (message: AgentMessage) => void) {
    this.#options = options;
    this.#emit = emit;
    const { duplicatesWithinUs, own, recorder } = options;
    this.#duplicates = duplicatesWithinUs === undefined ? undefined : new DuplicateFilter(duplicatesWithinUs);
    this.#own = own;
    this.#recorder = recorder;
    clearColumns(this.#columns, 1);
  }

  /** Newest event time seen so far, or -Infinity. */
  get newestUs(): number {
    return this.#newestUs;
  }

  frame(
    bytes: Uint8Array,
    offset: number,
    capturedLength: number,
    wireLength: number,
    timeUs: number,
    timeNs: number,
    linkType: number,
  ): void {
    const row = this.#nextRow(timeUs);
    this.#decoder.decode(this.#columns, row, bytes, offset, capturedLength, wireLength, timeUs, timeNs, linkType);
    if (this.#own?.isOwn(this.#columns, row) === true) {
      clearRow(this.#columns, row);
      this.#leaveOut('self', 1, timeUs);
      return;
    }
    if (this.#duplicates?.isDuplicate(this.#columns, row, bytes, offset, capturedLength) === true) {
      clearRow(this.#columns, row);
      this.#leaveOut('duplicate', 1, timeUs);
      return;
    }
    if (capturedLength < wireLength && capturedLength > this.#cutToBytes) this.#cutToBytes = capturedLength;
    this.#recorder?.frame(bytes, offset, capturedLength, wireLength, timeUs, timeNs, linkType);
    this.#flows.assign(this.#columns, row);
    this.#row = row + 1;
    if (this.#row === BATCH_CAPACITY) this.flush();
  }

  /** Takes packets of which only the rows are there, made from text: there are no bytes to compare or to record. */
  rows(from: PacketColumns): void {
    this.#recorder?.rows(from);
    for (let at = 0; at < from.count; at++) {
      const row = this.#nextRow(from.timeUs[at]!);
      copyRow(from, at, this.#columns, row);
      this.#columns.flow[row] = 0;
      this.#columns.direction[row] = 0;
      this.#flows.assign(this.#columns, row);
      this.#row = row + 1;
      if (this.#row === BATCH_CAPACITY) this.flush();
    }
  }

  /** The row of a packet of that event time; what came before is sent when the batch is due. */
  #nextRow(timeUs: number): number {
    if (timeUs >= this.#cutAtUs && this.#row > 0) this.flush();
    if (timeUs > this.#newestUs) this.#newestUs = timeUs;
    if (timeUs > this.#watermarkUs) this.#advance(timeUs);
    else if (timeUs < this.#lateBeforeUs) this.counters.late += 1;
    if (this.#row === 0) this.#cutAtUs = this.#newestUs + CUT_US;
    return this.#row;
  }

  /** Sends the rows gathered so far as one batch, and a heartbeat when a window has ended since the last one. */
  flush(): void {
    if (this.#row === 0) return;
    const columns = this.#columns;
    columns.count = this.#row;
    this.#recorder?.batch(columns);
    const { sensor, session, codec } = this.#options;
    const { header, bytes } = encodeBatch(columns, { sensor, session, sequence: this.#sequence }, codec);
    this.#count(header);
    this.#sequence += 1;
    this.#row = 0;
    this.#cutAtUs = Infinity;
    clearColumns(columns, header.firstNumber + header.count);
    this.#emit({ kind: 'batch', header, bytes });
    if (this.#watermarkUs >= this.#heartbeatAtUs || this.#totals.changedWindows >= ANNOUNCE_AT) this.heartbeat(false);
  }

  /**
   * For live sources, when the wall clock asks for it: flushes, promises that nothing older than `watermarkUs` will come
   * (a time before what was promised already is ignored), and says so.
   */
  tick(watermarkUs: number): void {
    this.#own?.look();
    this.flush();
    if (watermarkUs > this.#watermarkUs) this.#advance(watermarkUs);
    this.heartbeat(false);
  }

  /**
   * Enters packets that the kernel dropped before they could be read into the books.
   * @param timeUs when the kernel's counter was read, on the clock of the packets
   */
  drop(packets: number, timeUs: number): void {
    this.#leaveOut('kernelDropped', packets, timeUs);
  }

  #leaveOut(why: Unsent, packets: number, timeUs: number): void {
    this.counters.offered += packets;
    this.counters[why] += packets;
    this.#totals.addUnsent(minuteStart(timeUs), why, packets);
  }

  /** Says where the sensor stands; `final` closes the session. Call it only when everything before it was flushed. */
  heartbeat(final: boolean): void {
    this.#heartbeatAtUs = windowStart(this.#watermarkUs, this.#options.windowUs) + this.#options.windowUs;
    let windows = this.#totals.takeWindows();
    let minutes = this.#totals.takeMinutes();
    // The promise comes with the last of the totals: a window is over when all of it was announced.
    while (windows.length > ITEMS_AT_MOST || minutes.length > ITEMS_AT_MOST) {
      this.#say(windows.slice(0, ITEMS_AT_MOST), minutes.slice(0, ITEMS_AT_MOST), false);
      windows = windows.slice(ITEMS_AT_MOST);
      minutes = minutes.slice(ITEMS_AT_MOST);
    }
    this.#promisedUs = this.#watermarkUs;
    this.#say(windows, minutes, final);
  }

  #say(windows: Heartbeat['windows'], minutes: Heartbeat['minutes'], final: boolean): void {
    const { sensor, session, windowUs, mirror } = this.#options;
    const heartbeat = {
      sensor,
      session,
      sequence: this.#heartbeatSequence++,
      watermarkUs: this.#promisedUs === -Infinity ? null : this.#promisedUs,
      lastBatch: this.#sequence - 1,
      windowUs,
      windows,
      minutes,
      counters: { ...this.counters },
      ...(mirror && { mirror: { ...mirror } }),
      ...(this.#cutToBytes >= 0 && { cutToBytes: this.#cutToBytes }),
      final,
    };
    this.#emit({ kind: 'heartbeat', heartbeat });
  }

  #advance(watermarkUs: number): void {
    this.#watermarkUs = watermarkUs;
    const { windowUs, allowedLatenessUs } = this.#options;
    this.#lateBeforeUs = windowStart(watermarkUs - allowedLatenessUs, windowUs);
  }

  #count(header: BatchHeader): void {
    const counters = this.counters;
    counters.offered += header.count;
    counters.sent += header.count;
    counters.malformed += header.malformed;
    counters.wireBytes += header.wireBytes;
    this.#countBy(this.#options.windowUs, (startUs, packets, _malformed, bytes) => {
      this.#totals.addWindow(startUs, packets, bytes);
    });
    this.#countBy(MINUTE_US, (startUs, packets, malformed, bytes) => {
      this.#totals.addMinute(startUs, packets, malformed, bytes);
    });
  }

  /** Sums the batch by event-time slots of `slotUs`; each slot the batch touches is added once. */
  #countBy(slotUs: number, add: (startUs: number, packets: number, malformed: number, bytes: number) => void): void {
    const { timeUs, length, quality, count } = this.#columns;
    const slots = new Map<number, { packets: number; malformed: number; bytes: number }>();
    let startUs = NaN;
    let slot = { packets: 0, malformed: 0, bytes: 0 };
    for (let row = 0; row < count; row++) {
      const time = timeUs[row]!;
      if (!(time >= startUs && time < startUs + slotUs)) {
        startUs = windowStart(time, slotUs);
        slot = slots.get(startUs) ?? { packets: 0, malformed: 0, bytes: 0 };
        slots.set(startUs, slot);
      }
      slot.packets += 1;
      slot.bytes += length[row]!;
      if ((quality[row]! & QUALITY_MALFORMED) !== 0) slot.malformed += 1;
    }
    for (const [start, { packets, malformed, bytes }] of slots) add(start, packets, malformed, bytes);
  }
}
