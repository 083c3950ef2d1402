/**
 * Writes pcapng: one section, little-endian, an interface per link type, times in nanoseconds, frames as they came.
 *
 *   section:   type u32 · length u32 · byte order u32 · version 2 × u16 · section length i64 · length u32
 *   interface: type u32 · length u32 · link type u16 · reserved u16 · snap length u32 · options · length u32
 *   packet:    type u32 · length u32 · interface u32 · time 2 × u32 · captured u32 · wire u32 · bytes, padded to 4 · length u32
 *
 * Source: draft-ietf-opsawg-pcapng.
 */
import { CaptureWriter, type TakeBytes } from './capture-writer.ts';
import { TIME_LIMIT_US } from './time.ts';

/** An interface of a file that this module wrote. */
export interface WrittenInterface {
  readonly linkType: number;
  /** Whether its times are before 1970: pcapng counts from an offset, and upwards only. */
  readonly beforeEpoch: boolean;
}

const SECTION_BYTES = 28;
const INTERFACE_BYTES = 32;
const OFFSET_OPTION_BYTES = 12;
const PACKET_HEADER_BYTES = 28;
const TRAILER_BYTES = 4;

/** Seconds before which no event time is, but for those clamped to the limit. */
const OFFSET_SECONDS = -Math.floor(TIME_LIMIT_US / 1e6);
const OFFSET_US = OFFSET_SECONDS * 1e6;
const TWO_32 = 2 ** 32;

export class PcapngWriter extends CaptureWriter {
  /** In the order of their numbers in the file. */
  readonly interfaces: WrittenInterface[] = [];
  #lastLinkType = -1;
  #lastBeforeEpoch = false;
  #lastNumber = 0;

  /** @param interfaces described at once; others when their first frame comes */
  constructor(take: TakeBytes, interfaces: readonly WrittenInterface[] = []) {
    super(take);
    this.#writeSection();
    for (const described of interfaces) this.#describe(described);
  }

  override frame(
    bytes: Uint8Array,
    offset: number,
    capturedLength: number,
    wireLength: number,
    timeUs: number,
    timeNs: number,
    linkType: number,
  ): void {
    const beforeEpoch = timeUs < 0;
    if (linkType !== this.#lastLinkType || beforeEpoch !== this.#lastBeforeEpoch) this.#choose(linkType, beforeEpoch);
    const padded = (capturedLength + 3) & ~3;
    const total = PACKET_HEADER_BYTES + padded + TRAILER_BYTES;
    const at = this.reserve(total);
    const view = this.view;
    view.setUint32(at, 6, true);
    view.setUint32(at + 4, total, true);
    view.setUint32(at + 8, this.#lastNumber, true);
    // Nanoseconds do not fit a double: multiplied in halves of 32 bits.
    const sinceUs = beforeEpoch ? Math.max(0, timeUs - OFFSET_US) : timeUs;
    const upper = Math.floor(sinceUs / TWO_32);
    const lower = (sinceUs - upper * TWO_32) * 1000 + timeNs;
    const carry = Math.floor(lower / TWO_32);
    view.setUint32(at + 12, upper * 1000 + carry, true);
    view.setUint32(at + 16, lower - carry * TWO_32, true);
    view.setUint32(at + 20, capturedLength, true);
    view.setUint32(at + 24, wireLength, true);
    const data = at + PACKET_HEADER_BYTES;
    this.buffer.set(bytes.subarray(offset, offset + capturedLength), data);
    for (let pad = data + capturedLength; pad < data + padded; pad++) this.buffer[pad] = 0;
    view.setUint32(data + padded, total, true);
  }

  #choose(linkType: number, beforeEpoch: boolean): void {
    const known = this.interfaces.findIndex((one) => one.linkType === linkType && one.beforeEpoch === beforeEpoch);
    this.#lastNumber = known >= 0 ? known : this.#describe({ linkType, beforeEpoch });
    this.#lastLinkType = linkType;
    this.#lastBeforeEpoch = beforeEpoch;
  }

  #writeSection(): void {
    const at = this.reserve(SECTION_BYTES);
    this.#words(at, 0x0a0d0d0a, SECTION_BYTES, 0x1a2b3c4d, 1, 0xffff_ffff, 0xffff_ffff, SECTION_BYTES);
  }

  /** The number of the new interface. */
  #describe(described: WrittenInterface): number {
    const total = INTERFACE_BYTES + (described.beforeEpoch ? OFFSET_OPTION_BYTES : 0);
    const at = this.reserve(total);
    // Option 9 is the unit of times, 10^-9 s; option 14 the offset in seconds, signed 64 bits; option 0 the end.
    this.#words(at, 1, total, described.linkType, 0, 9 | (1 << 16), 9);
    if (described.beforeEpoch) {
      const high = Math.floor(OFFSET_SECONDS / TWO_32);
      this.#words(at + 24, 14 | (8 << 16), OFFSET_SECONDS - high * TWO_32, high);
    }
    this.#words(at + total - 8, 0, total);
    return this.interfaces.push(described) - 1;
  }

  #words(at: number, ...words: number[]): void {
    for (const [index, word] of words.entries()) this.view.setUint32(at + index * 4, word >>> 0, true);
  }
}
