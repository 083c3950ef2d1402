/** What the capture writers have in common: whole records gather in one buffer and leave it in large pieces. */
import type { FrameSink } from './frame-sink.ts';

const BUFFER_BYTES = 1024 * 1024;

/** Takes bytes that are valid only during the call; they always end where a record ends. */
export type TakeBytes = (bytes: Uint8Array) => void;

/** Frames in, bytes of a capture file out, without an object kept per frame. Subclasses say how one record looks. */
export abstract class CaptureWriter implements FrameSink {
  /** Bytes made so far, what waits in the buffer included. */
  bytes = 0;
  protected buffer = new Uint8Array(BUFFER_BYTES);
  protected view = new DataView(this.buffer.buffer);
  readonly #take: TakeBytes;
  #used = 0;

  /** @param take called when the buffer is full, and by `flush`; what it throws, `frame` and `flush` throw */
  constructor(take: TakeBytes) {
    this.#take = take;
  }

  abstract frame(...frame: Parameters<FrameSink['frame']>): void;

  /** Hands on what waits in the buffer. */
  flush(): void {
    const used = this.#used;
    if (used === 0) return;
    this.#used = 0;
    this.#take(this.buffer.subarray(0, used));
  }

  /** Room for a record of `length` bytes: where it starts in `buffer`. */
  protected reserve(length: number): number {
    if (this.#used + length > this.buffer.length) {
      this.flush();
      // A record larger than the buffer is rare and at most 16 MiB.
      if (length > this.buffer.length) {
        this.buffer = new Uint8Array(length);
        this.view = new DataView(this.buffer.buffer);
      }
    }
    const at = this.#used;
    this.#used = at + length;
    this.bytes += length;
    return at;
  }
}
