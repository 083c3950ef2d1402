/**
 * Classic pcap files: microsecond, nanosecond and Kuznetzov's patched records, in both byte orders.
 *
 *   file header, 24 bytes: magic u32 · major u16 · minor u16 · zone i32 · accuracy u32 · snap length u32 · link type u32
 *   record, 16 bytes:      seconds u32 · micro- or nanoseconds u32 · captured length u32 · wire length u32 · bytes
 *   patched record:        the same, then interface index u32 · protocol u16 · packet type u8 · padding u8 · bytes
 *
 * Source: draft-ietf-opsawg-pcap; limits and the length order of old versions as libpcap has them.
 */
import { anotherCapture, captureFault } from './capture-fault.ts';
import type { FrameSink } from './frame-sink.ts';
import { MAX_RECORD_BYTES, RecordParser } from './record-parser.ts';
import { captureStartsAt, PCAP_MAGIC, pcapMagic } from './sniff.ts';

const FILE_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;
const PATCHED_HEADER_BYTES = 24;

/** What libpcap takes for a sane captured length when the snap length is smaller or 0. */
const USUAL_LIMIT_BYTES = 262_144;

/** Before version 2.3 the two lengths were written the other way round; 2.3 files exist in both orders. */
const LENGTHS = { normal: 0, swapped: 1, larger: 2 } as const;

/**
 * Push parser of one pcap file. Frames longer than the snap length are delivered whole, as tshark does; a length beyond
 * max(snap length, 256 KiB), and never beyond 16 MiB, is CAPTURE_CORRUPT. Versions other than 2.0 to 2.4 are CAPTURE_FORMAT.
 */
export class PcapParser extends RecordParser {
  #started = false;
  #littleEndian = true;
  #nanoseconds = false;
  #headerBytes = RECORD_HEADER_BYTES;
  #lengths: number = LENGTHS.normal;
  #limit = USUAL_LIMIT_BYTES;
  #linkType = 0;

  constructor(sink: FrameSink) {
    super(sink, FILE_HEADER_BYTES);
  }

  protected override parse(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    if (!this.#started) {
      if (end - at < FILE_HEADER_BYTES) return at;
      this.#readFileHeader(bytes, at);
      at += FILE_HEADER_BYTES;
    }
    at = this.#readRecords(bytes, at, end);
    this.recordOffset = this.base + at;
    this.recordBytes = this.wanted;
    this.record = this.packets + 1;
    return at;
  }

  #readRecords(bytes: Uint8Array, start: number, end: number): number {
    const header = this.#headerBytes;
    const limit = this.#limit;
    const lengths = this.#lengths;
    const nanoseconds = this.#nanoseconds;
    const linkType = this.#linkType;
    const sink = this.sink;
    // Where the bytes of a word are, least significant first.
    const b0 = this.#littleEndian ? 0 : 3;
    const b1 = this.#littleEndian ? 1 : 2;
    const b2 = 3 - b1;
    const b3 = 3 - b0;
    let at = start;
    while (end - at >= header) {
      // Signed on purpose: integer arithmetic is faster, and a captured length beyond 2^31 is beyond the limit anyway.
      const a = at + 8;
      let captured = bytes[a + b0]! | (bytes[a + b1]! << 8) | (bytes[a + b2]! << 16) | (bytes[a + b3]! << 24);
      const b = at + 12;
      let wire = bytes[b + b0]! | (bytes[b + b1]! << 8) | (bytes[b + b2]! << 16) | (bytes[b + b3]! << 24);
      if (lengths !== LENGTHS.normal && (lengths === LENGTHS.swapped || captured >>> 0 > wire >>> 0)) {
        const first = captured;
        captured = wire;
        wire = first;
      }
      if (captured <= 0 || captured > limit) this.#checkRecord(bytes, at, captured >>> 0);
      const next = at + header + captured;
      if (next > end) {
        this.wanted = header + captured;
        return at;
      }
      const seconds = bytes[at + b0]! | (bytes[at + b1]! << 8) | (bytes[at + b2]! << 16) | (bytes[at + b3]! << 24);
      const f = at + 4;
      const fraction = bytes[f + b0]! | (bytes[f + b1]! << 8) | (bytes[f + b2]! << 16) | (bytes[f + b3]! << 24);
      this.packets++;
      if (nanoseconds) {
        const microseconds = Math.floor((fraction >>> 0) / 1000);
        const timeNs = (fraction >>> 0) - microseconds * 1000;
        sink.frame(bytes, at + header, captured, wire >>> 0, (seconds >>> 0) * 1e6 + microseconds, timeNs, linkType);
      } else {
        sink.frame(bytes, at + header, captured, wire >>> 0, (seconds >>> 0) * 1e6 + (fraction >>> 0), 0, linkType);
      }
      at = next;
    }
    this.wanted = header;
    return at;
  }

  /** A record that captured nothing may be the header of a second file, and one beyond the limit is either that or damage. */
  #checkRecord(bytes: Uint8Array, at: number, captured: number): void {
    this.recordOffset = this.base + at;
    this.record = this.packets + 1;
    const other = captureStartsAt(bytes, at);
    if (other !== undefined) throw anotherCapture(other, this.place());
    if (captured > this.#limit) {
      throw captureFault('CAPTURE_CORRUPT', this.place(), `claims ${captured} bytes, the limit is ${this.#limit}`);
    }
  }

  #readFileHeader(bytes: Uint8Array, at: number): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset + at, FILE_HEADER_BYTES);
    const found = pcapMagic(bytes, at);
    if (found === undefined) throw captureFault('CAPTURE_FORMAT', this.place(), 'has no pcap magic number');
    const little = found.littleEndian;
    const major = view.getUint16(4, little);
    const minor = view.getUint16(6, little);
    if (major !== 2 || minor > 4) {
      throw captureFault(
        'CAPTURE_FORMAT',
        this.place(),
        `is of pcap version ${major}.${minor}, only 2.0 to 2.4 are known`,
      );
    }
    this.#lengths = minor < 3 ? LENGTHS.swapped : minor === 3 ? LENGTHS.larger : LENGTHS.normal;
    this.#littleEndian = little;
    this.#nanoseconds = found.magic === PCAP_MAGIC.nanoseconds;
    if (found.magic === PCAP_MAGIC.patched) this.#headerBytes = PATCHED_HEADER_BYTES;
    const snapLength = view.getUint32(16, little);
    this.#limit = Math.min(Math.max(snapLength, USUAL_LIMIT_BYTES), MAX_RECORD_BYTES - PATCHED_HEADER_BYTES);
    // The upper half of the word holds the frame check sequence length and reserved bits.
    this.#linkType = view.getUint32(20, little) & 0xffff;
    this.#started = true;
  }
}
