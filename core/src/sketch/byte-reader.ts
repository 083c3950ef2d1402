/** Reads what ByteWriter wrote. Anything impossible is a PipelineError WIRE_CORRUPT, never a wild read. */
import { PipelineError } from '../errors.ts';

export class ByteReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get remaining(): number {
    return this.#bytes.length - this.#at;
  }

  u8(): number {
    if (this.#at >= this.#bytes.length) throw this.damage('ends early');
    return this.#bytes[this.#at++]!;
  }

  u32(): number {
    return (this.u8() | (this.u8() << 8) | (this.u8() << 16) | (this.u8() << 24)) >>> 0;
  }

  varint(): number {
    let byte = this.u8();
    let value = byte & 0x7f;
    let scale = 128;
    while (byte >= 0x80) {
      byte = this.u8();
      value += (byte & 0x7f) * scale;
      scale *= 128;
      if (value > Number.MAX_SAFE_INTEGER) throw this.damage('holds a number beyond 2^53');
    }
    return value;
  }

  f64(): number {
    const { buffer, byteOffset } = this.raw(8);
    return new DataView(buffer, byteOffset).getFloat64(0, true);
  }

  f32(): number {
    const { buffer, byteOffset } = this.raw(4);
    return new DataView(buffer, byteOffset).getFloat32(0, true);
  }

  signed(): number {
    const value = this.varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  /** A varint that must not exceed `limit`, such as a count of things that follow. */
  bounded(limit: number, what: string): number {
    const value = this.varint();
    if (value > limit) throw this.damage(`claims ${value} ${what}, at most ${limit} are possible`);
    return value;
  }

  text(limit: number): string {
    const length = this.bounded(limit, 'characters');
    let text = '';
    for (let index = 0; index < length; index++) text += String.fromCharCode(this.bounded(0xffff, 'as a character'));
    return text;
  }

  raw(count: number): Uint8Array {
    if (count > this.remaining) throw this.damage('ends early');
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }

  /** Says that nothing may follow. */
  end(): void {
    if (this.remaining > 0) throw this.damage(`has ${this.remaining} bytes too many`);
  }

  damage(what: string): PipelineError {
    return new PipelineError('WIRE_CORRUPT', `a partial ${what} (byte ${this.#at} of ${this.#bytes.length})`);
  }
}
