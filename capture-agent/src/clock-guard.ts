/**
 * Notices that the clock of a live source was set: its times jump back, or forward by more than the wall clock says has
 * passed. What comes then belongs to another session, because the watermark of this one has promised otherwise.
 */
import type { FrameSink } from '@tapline/core/pcap/frame-sink';

/** Packets older than the newest by this much more than may be put in order are of another clock. */
const BACK_US = 5_000_000;
const FORWARD_US = 2 * 3600e6;
/** A source that jumps all the time, such as two merged ones, makes no more sessions than this allows. */
const NOT_WITHIN_MS = 10_000;

export class ClockGuard implements FrameSink {
  /** Where packets go; may be exchanged while `jumped` runs. */
  next: FrameSink;
  readonly #backUs: number;
  readonly #jumped: (byUs: number) => void;
  #newestUs = -Infinity;
  /** When the newest packets came, and those before them, on a monotonic clock. */
  #cameMs = NaN;
  #beforeMs = NaN;
  #jumpedMs = -Infinity;

  /**
   * @param reorderedUs how far back a packet may be that is put in order
   * @param jumped called before the first packet of the other time is handed on
   */
  constructor(next: FrameSink, reorderedUs: number, jumped: (byUs: number) => void) {
    this.next = next;
    this.#backUs = reorderedUs + BACK_US;
    this.#jumped = jumped;
  }

  /** Says that packets come now, on a monotonic clock. */
  arrive(nowMs: number): void {
    this.#beforeMs = this.#cameMs;
    this.#cameMs = nowMs;
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
    if (timeUs > this.#newestUs) {
      if (timeUs > this.#newestUs + FORWARD_US && this.#newestUs > -Infinity) this.#judge(timeUs);
      this.#newestUs = timeUs;
    } else if (timeUs < this.#newestUs - this.#backUs) this.#judge(timeUs);
    this.next.frame(bytes, offset, capturedLength, wireLength, timeUs, timeNs, linkType);
  }

  #judge(timeUs: number): void {
    const byUs = timeUs - this.#newestUs;
    const passedUs = (this.#cameMs - (Number.isNaN(this.#beforeMs) ? this.#cameMs : this.#beforeMs)) * 1000;
    // A night without packets is no jump.
    if (byUs > 0 && byUs - passedUs <= FORWARD_US) return;
    if (this.#cameMs - this.#jumpedMs < NOT_WITHIN_MS) return;
    this.#jumpedMs = this.#cameMs;
    this.#newestUs = timeUs;
    this.#jumped(byUs);
  }
}
