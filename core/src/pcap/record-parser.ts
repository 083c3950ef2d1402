/**
 * What the two capture formats have in common: chunks of any size become whole records. Records that lie whole in a chunk
 * are parsed where they lie; only the one that straddles a chunk border is copied, and never more of it than was announced.
 */
import { PipelineError } from '../errors.ts';
import { captureFault } from './capture-fault.ts';
import type { FaultPlace } from './capture-fault.ts';
import type { CaptureParser, FrameSink } from './frame-sink.ts';

/** Largest record that is read; a larger claim is a fault, so memory stays bounded whatever a file says. */
export const MAX_RECORD_BYTES = 16 * 1024 * 1024;

/** A parser is done for once it has thrown. Subclasses say how one record looks. */
export abstract class RecordParser implements CaptureParser {
  /** Frames handed to the sink so far. */
  packets = 0;
  protected readonly sink: FrameSink;
  /** Offset in the capture of byte 0 of the buffer that `parse` was given. */
  protected base = 0;
  /** Bytes `parse` wants to see from its first unconsumed byte before it is called again. */
  protected wanted: number;
  /** Bytes that follow and interest nobody: they are passed over without being kept. */
  protected skip = 0;
  /** Where the first unfinished record starts, its number, and how many bytes it claims as far as known. */
  protected recordOffset = 0;
  protected recordBytes: number;
  protected record = 0;
  #fed = 0;
  #carry = new Uint8Array(4096);
  #carried = 0;

  constructor(sink: FrameSink, headerBytes: number) {
    this.sink = sink;
    this.wanted = headerBytes;
    this.recordBytes = headerBytes;
  }

  /**
   * Takes whole records from bytes[start, end) and returns where it stopped. When it stops short of `end` it leaves in
   * `wanted` how many bytes it needs from there. Keeps recordOffset, recordBytes and record up to date.
   */
  protected abstract parse(bytes: Uint8Array, start: number, end: number): number;

  feed(chunk: Uint8Array): void {
    const length = chunk.length;
    let at = 0;
    while (at < length) {
      if (this.skip > 0) {
        const step = Math.min(this.skip, length - at);
        this.skip -= step;
        at += step;
      } else if (this.#carried > 0) {
        at = this.#finishCarried(chunk, at);
      } else {
        this.base = this.#fed;
        at = this.parse(chunk, at, length);
        if (at < length && this.skip === 0) {
          this.#keep(chunk, at, length);
          at = length;
        }
      }
    }
    this.#fed += length;
  }

  end(): void {
    if (this.#fed === 0) throw new PipelineError('CAPTURE_FORMAT', 'unreadable capture: empty file');
    const left = this.#fed - this.recordOffset;
    if (left > 0) {
      throw captureFault('CAPTURE_TRUNCATED', this.place(), `wants ${this.recordBytes} bytes, ${left} left`);
    }
  }

  /** Where the record is that is being read. */
  protected place(): FaultPlace {
    return { record: this.record, byteOffset: this.recordOffset, packets: this.packets };
  }

  #finishCarried(chunk: Uint8Array, at: number): number {
    const upTo = Math.min(chunk.length, at + this.wanted - this.#carried);
    this.#keep(chunk, at, upTo);
    if (this.#carried < this.wanted) return upTo;
    this.base = this.#fed + upTo - this.#carried;
    const used = this.parse(this.#carry, 0, this.#carried);
    if (used > 0) {
      this.#carry.copyWithin(0, used, this.#carried);
      this.#carried -= used;
    }
    return upTo;
  }

  #keep(chunk: Uint8Array, from: number, to: number): void {
    const total = this.#carried + to - from;
    if (total > this.#carry.length) {
      // Grows with the bytes that came, never with the bytes that were promised.
      const larger = new Uint8Array(Math.max(total, this.#carry.length * 2));
      larger.set(this.#carry.subarray(0, this.#carried));
      this.#carry = larger;
    }
    this.#carry.set(chunk.subarray(from, to), this.#carried);
    this.#carried = total;
  }
}
