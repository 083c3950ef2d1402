/**
 * Puts packets that arrive out of event-time order back in order, as far as the horizon allows: each is held until one that
 * is younger by the horizon has come. Packets in order cost a compare and a place in a queue; their bytes are copied once
 * for each piece of the capture and not one by one. Those out of order wait in a heap beside it.
 */
import type { FrameSink } from '../pcap/frame-sink.ts';
import type { MirrorCounters } from './mirror-counters.ts';

/** What a sensor looks back over unless it is told otherwise: longer than switches and merged taps displace packets. */
export const REORDER_WITHIN_US = 1_000_000;
/** Places: a second of 131,072 packets. */
const PACKETS_MOST = 131_072;
const BYTES_MOST = 64 * 2 ** 20;

export class ReorderBuffer implements FrameSink {
  /** Where packets go in order, and what is counted on the way: both may be exchanged when the buffer is empty. */
  sink: FrameSink;
  counters: MirrorCounters;
  readonly #horizonUs: number;
  readonly #packetsMost: number;
  readonly #bytesMost: number;
  // By place.
  readonly #frames: Uint8Array[] = [];
  readonly #timeUs: Float64Array;
  readonly #timeNs: Uint16Array;
  readonly #order: Float64Array;
  readonly #offset: Uint32Array;
  readonly #captured: Uint32Array;
  readonly #wire: Uint32Array;
  readonly #link: Uint32Array;
  readonly #free: Uint32Array;
  #freeCount: number;
  /** Places of packets that came in order, a ring; and of the others, a heap with the oldest first. */
  readonly #queue: Uint32Array;
  #queueFrom = 0;
  #queued = 0;
  readonly #heap: Uint32Array;
  #heaped = 0;
  #arrived = 0;
  #bytes = 0;
  #newestUs = -Infinity;
  #newestNs = 0;
  #releasedUs = -Infinity;
  #releasedNs = 0;
  #piece: Uint8Array | undefined;
  #copy: Uint8Array | undefined;

  /** @param limits how much is held at most; beyond it the oldest packets leave before their time, and are counted */
  constructor(
    sink: FrameSink,
    horizonUs: number,
    counters: MirrorCounters,
    { packets = PACKETS_MOST, bytes = BYTES_MOST }: { readonly packets?: number; readonly bytes?: number } = {},
  ) {
    this.sink = sink;
    this.counters = counters;
    this.#horizonUs = horizonUs;
    this.#packetsMost = packets;
    this.#bytesMost = bytes;
    this.#timeUs = new Float64Array(packets);
    this.#timeNs = new Uint16Array(packets);
    this.#order = new Float64Array(packets);
    this.#offset = new Uint32Array(packets);
    this.#captured = new Uint32Array(packets);
    this.#wire = new Uint32Array(packets);
    this.#link = new Uint32Array(packets);
    this.#queue = new Uint32Array(packets);
    this.#heap = new Uint32Array(packets);
    this.#free = Uint32Array.from({ length: packets }, (_, place) => place);
    this.#freeCount = packets;
  }

  /** Says that the frames that follow lie in `piece`, so that it is copied once. Other buffers are copied frame by frame. */
  beginPiece(piece: Uint8Array): void {
    this.#piece = piece;
    this.#copy = undefined;
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
    const inOrder = timeUs > this.#newestUs || (timeUs === this.#newestUs && timeNs >= this.#newestNs);
    if (!inOrder && this.#isReleased(timeUs, timeNs)) {
      this.counters.beyondHorizon += 1;
      this.sink.frame(bytes, offset, capturedLength, wireLength, timeUs, timeNs, linkType);
      return;
    }
    if (this.#freeCount === 0 || this.#bytes + capturedLength > this.#bytesMost) this.#makeRoom(capturedLength);
    const place = this.#free[--this.#freeCount]!;
    const shared = bytes === this.#piece;
    this.#frames[place] = shared
      ? (this.#copy ??= new Uint8Array(bytes))
      : new Uint8Array(bytes.subarray(offset, offset + capturedLength));
    this.#offset[place] = shared ? offset : 0;
    this.#captured[place] = capturedLength;
    this.#wire[place] = wireLength;
    this.#timeUs[place] = timeUs;
    this.#timeNs[place] = timeNs;
    this.#link[place] = linkType;
    this.#order[place] = this.#arrived++;
    this.#bytes += capturedLength;
    if (inOrder) {
      this.#newestUs = timeUs;
      this.#newestNs = timeNs;
      this.#queue[(this.#queueFrom + this.#queued++) % this.#packetsMost] = place;
      this.release(timeUs - this.#horizonUs);
    } else {
      this.counters.reordered += 1;
      this.counters.displacedMostUs = Math.max(this.counters.displacedMostUs, this.#newestUs - timeUs);
      this.#push(place);
    }
  }

  /** Hands on what is not younger than `untilUs`: nothing older is expected. */
  release(untilUs: number): void {
    while (this.#queued + this.#heaped > 0) {
      const place = this.#oldest();
      if (this.#timeUs[place]! > untilUs) return;
      this.#emit(place);
    }
  }

  /** Hands on everything, and begins anew. */
  flush(): void {
    this.release(Infinity);
    this.#newestUs = this.#releasedUs = -Infinity;
    this.#newestNs = this.#releasedNs = 0;
  }

  #makeRoom(bytes: number): void {
    while (this.#queued + this.#heaped > 0 && (this.#freeCount === 0 || this.#bytes + bytes > this.#bytesMost)) {
      this.counters.releasedEarly += 1;
      this.#emit(this.#oldest());
    }
  }

  #isReleased(timeUs: number, timeNs: number): boolean {
    return timeUs < this.#releasedUs || (timeUs === this.#releasedUs && timeNs < this.#releasedNs);
  }

  #oldest(): number {
    if (this.#heaped === 0) return this.#queue[this.#queueFrom]!;
    const heaped = this.#heap[0]!;
    return this.#queued > 0 && this.#isBefore(this.#queue[this.#queueFrom]!, heaped)
      ? this.#queue[this.#queueFrom]!
      : heaped;
  }

  /** Takes the oldest packet out, and hands it on. */
  #emit(place: number): void {
    if (this.#heaped > 0 && this.#heap[0] === place) this.#pop();
    else {
      this.#queueFrom = (this.#queueFrom + 1) % this.#packetsMost;
      this.#queued -= 1;
    }
    this.#free[this.#freeCount++] = place;
    const captured = this.#captured[place]!;
    this.#bytes -= captured;
    const [timeUs, timeNs] = [this.#timeUs[place]!, this.#timeNs[place]!];
    this.#releasedUs = timeUs;
    this.#releasedNs = timeNs;
    const bytes = this.#frames[place]!;
    this.#frames[place] = NOTHING;
    this.sink.frame(bytes, this.#offset[place]!, captured, this.#wire[place]!, timeUs, timeNs, this.#link[place]!);
  }

  #isBefore(a: number, b: number): boolean {
    const us = this.#timeUs[a]! - this.#timeUs[b]!;
    if (us !== 0) return us < 0;
    const ns = this.#timeNs[a]! - this.#timeNs[b]!;
    return ns !== 0 ? ns < 0 : this.#order[a]! < this.#order[b]!;
  }

  #push(place: number): void {
    const heap = this.#heap;
    let at = this.#heaped++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#isBefore(place, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = place;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap[--this.#heaped]!;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.#heaped) break;
      if (child + 1 < this.#heaped && this.#isBefore(heap[child + 1]!, heap[child]!)) child += 1;
      if (!this.#isBefore(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
  }
}

const NOTHING = new Uint8Array(0);
