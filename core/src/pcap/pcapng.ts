/**
 * pcapng files: sections of blocks, each section in its own byte order with its own interfaces.
 *
 *   block: type u32 · total length u32 · body, padded to 4 bytes · total length u32
 *
 * Packets come from enhanced (6), simple (3) and obsolete (2) packet blocks. Every other block is passed over without being
 * kept, however large. Section lengths are not needed. if_tzone is not applied: times in the file are UTC whatever it says.
 * Source: draft-ietf-opsawg-pcapng.
 */
import { anotherCapture, captureFault } from './capture-fault.ts';
import type { FrameSink } from './frame-sink.ts';
import { readInterface } from './pcapng-interface.ts';
import type { CaptureInterface } from './pcapng-interface.ts';
import { MAX_RECORD_BYTES, RecordParser } from './record-parser.ts';
import { captureStartsAt, PCAPNG_SECTION } from './sniff.ts';
import { TimeScale } from './time.ts';

const BLOCK = { interface: 1, obsoletePacket: 2, simplePacket: 3, enhancedPacket: 6 } as const;

const BLOCK_HEADER_BYTES = 8;
const TRAILER_BYTES = 4;
const EMPTY_BLOCK_BYTES = BLOCK_HEADER_BYTES + TRAILER_BYTES;
/** Type, length, byte-order magic, version, section length, trailer. */
const SECTION_HEADER_BYTES = 28;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
/** Interfaces one section may describe; more is an attack on memory. */
const MAX_INTERFACES = 65_536;

/** Bytes before the options or packet data of the blocks that are read. */
const INTERFACE_HEADER_BYTES = 16;
const SIMPLE_HEADER_BYTES = 12;
const PACKET_HEADER_BYTES = 28;

/**
 * Push parser of one pcapng file. A simple packet block has no time; its packet gets the time of the packet before it (0 at
 * the start of the file), because 1970 would open windows decades away from the traffic it was captured with.
 */
export class PcapngParser extends RecordParser {
  #littleEndian = true;
  /** Of the bytes being parsed. */
  #view: DataView = new DataView(new ArrayBuffer(0));
  #interfaces: CaptureInterface[] = [];
  /** Total length of a block whose body was passed over and whose trailer is still to come; 0 otherwise. */
  #trailer = 0;
  /** Holds the time of the last packet that had one; 0 before the first. */
  #lastScale = new TimeScale();

  constructor(sink: FrameSink) {
    super(sink, SECTION_HEADER_BYTES);
    this.record = 1;
  }

  protected override parse(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, end);
    if (this.#trailer > 0) {
      if (end - at < TRAILER_BYTES) return at;
      this.#checkTrailer(at, this.#trailer);
      at += TRAILER_BYTES;
      this.#trailer = 0;
      this.#nextRecord(at);
    }
    while (this.skip === 0 && this.#trailer === 0) {
      const next = this.#readBlock(bytes, at, end);
      if (next === at) break;
      at = next;
    }
    return at;
  }

  /** Reads the block at `at` and returns where it ends; `at` when more bytes are wanted first. */
  #readBlock(bytes: Uint8Array, at: number, end: number): number {
    if (end - at < BLOCK_HEADER_BYTES) return this.#want(at, BLOCK_HEADER_BYTES);
    const type = this.#word(at);
    if (type === BLOCK.enhancedPacket) return this.#readEnhanced(bytes, at, end);
    if (type === PCAPNG_SECTION) {
      if (end - at < SECTION_HEADER_BYTES) return this.#want(at, SECTION_HEADER_BYTES);
      this.#startSection(at);
    } else if (this.packets === 0 && this.record === 1) {
      throw captureFault('CAPTURE_FORMAT', this.place(), 'is not a pcapng section header');
    }
    const least = this.#leastLength(type);
    if (least === undefined) this.#rejectCapture(bytes, at);
    const claimed = this.#word(at + 4);
    const total = this.#totalLength(claimed, least ?? EMPTY_BLOCK_BYTES);
    if (least === undefined || type === PCAPNG_SECTION) return this.#passOver(at, end, total, claimed);
    if (total > MAX_RECORD_BYTES) this.#rejectLength(total);
    if (end - at < total) return this.#want(at, total);
    this.#checkTrailer(at + total - TRAILER_BYTES, claimed);
    this.#readBody(type, bytes, at, total);
    this.#nextRecord(at + total);
    return at + total;
  }

  /** The block nearly all of a capture consists of; what `#readBlock` does for the others, without the detours. */
  #readEnhanced(bytes: Uint8Array, at: number, end: number): number {
    const claimed = this.#word(at + 4);
    const total = this.#totalLength(claimed, PACKET_HEADER_BYTES + TRAILER_BYTES);
    if (total > MAX_RECORD_BYTES) this.#rejectLength(total);
    if (end - at < total) return this.#want(at, total);
    this.#checkTrailer(at + total - TRAILER_BYTES, claimed);
    this.#readPacket(bytes, at, total, this.#interface(this.#word(at + 8)));
    this.#nextRecord(at + total);
    return at + total;
  }

  /** Some writers do not count the padding; like Wireshark, take the next multiple of 4. */
  #totalLength(claimed: number, least: number): number {
    if (claimed < least) {
      throw captureFault(
        'CAPTURE_CORRUPT',
        this.place(),
        `has a total length of ${claimed}, which is too short for its type`,
      );
    }
    return (claimed & 3) === 0 ? claimed : claimed + 4 - (claimed & 3);
  }

  #rejectLength(total: number): never {
    throw captureFault('CAPTURE_CORRUPT', this.place(), `claims ${total} bytes, the limit is ${MAX_RECORD_BYTES}`);
  }

  /** Smallest total length of a block that is read, undefined for those that are passed over. */
  #leastLength(type: number): number | undefined {
    switch (type) {
      case PCAPNG_SECTION:
        return SECTION_HEADER_BYTES;
      case BLOCK.interface:
        return INTERFACE_HEADER_BYTES + TRAILER_BYTES;
      case BLOCK.simplePacket:
        return SIMPLE_HEADER_BYTES + TRAILER_BYTES;
      case BLOCK.obsoletePacket:
        return PACKET_HEADER_BYTES + TRAILER_BYTES;
      default:
        return undefined;
    }
  }

  #readBody(type: number, bytes: Uint8Array, at: number, total: number): void {
    if (type === BLOCK.obsoletePacket) {
      const word = this.#word(at + 8);
      // Two 16-bit fields: interface number, then drop count.
      this.#readPacket(bytes, at, total, this.#interface(this.#littleEndian ? word & 0xffff : word >>> 16));
    } else if (type === BLOCK.simplePacket) {
      this.#readSimplePacket(bytes, at, total);
    } else {
      if (this.#interfaces.length === MAX_INTERFACES) {
        throw captureFault('CAPTURE_CORRUPT', this.place(), `describes more than ${MAX_INTERFACES} interfaces`);
      }
      this.#interfaces.push(readInterface(bytes, at, total, this.#littleEndian));
    }
  }

  /** Enhanced and obsolete packet blocks differ only in how they name the interface. */
  #readPacket(bytes: Uint8Array, at: number, total: number, from: CaptureInterface): void {
    const captured = this.#word(at + 20);
    if (captured > total - PACKET_HEADER_BYTES - TRAILER_BYTES) {
      throw captureFault('CAPTURE_CORRUPT', this.place(), `holds ${total} bytes but claims ${captured} of packet data`);
    }
    const scale = from.scale;
    scale.convert(this.#word(at + 12), this.#word(at + 16));
    this.#lastScale = scale;
    this.packets++;
    const wire = this.#word(at + 24);
    this.sink.frame(bytes, at + PACKET_HEADER_BYTES, captured, wire, scale.timeUs, scale.timeNs, from.linkType);
  }

  #readSimplePacket(bytes: Uint8Array, at: number, total: number): void {
    const from = this.#interface(0);
    const wire = this.#word(at + 8);
    const snapLength = from.snapLength === 0 ? wire : from.snapLength;
    const captured = Math.min(wire, snapLength, total - SIMPLE_HEADER_BYTES - TRAILER_BYTES);
    this.packets++;
    const { timeUs, timeNs } = this.#lastScale;
    this.sink.frame(bytes, at + SIMPLE_HEADER_BYTES, captured, wire, timeUs, timeNs, from.linkType);
  }

  #interface(index: number): CaptureInterface {
    const found = this.#interfaces[index];
    if (found !== undefined) return found;
    const known = this.#interfaces.length;
    throw captureFault('CAPTURE_CORRUPT', this.place(), `names interface ${index}, its section describes ${known}`);
  }

  #startSection(at: number): void {
    const view = this.#view;
    const little = view.getUint32(at + 8, true) === BYTE_ORDER_MAGIC;
    if (!little && view.getUint32(at + 8, false) !== BYTE_ORDER_MAGIC) {
      throw captureFault(
        this.record === 1 ? 'CAPTURE_FORMAT' : 'CAPTURE_CORRUPT',
        this.place(),
        'has no byte-order magic',
      );
    }
    const major = view.getUint16(at + 12, little);
    if (major !== 1) {
      const version = `${major}.${view.getUint16(at + 14, little)}`;
      throw captureFault('CAPTURE_FORMAT', this.place(), `is of pcapng version ${version}, only 1.x is known`);
    }
    this.#littleEndian = little;
    this.#interfaces = [];
  }

  /** Skips the body of a block, of which `bytes` may hold only the beginning, and leaves its trailer to be checked. */
  #passOver(at: number, end: number, total: number, claimed: number): number {
    const trailerAt = at + total - TRAILER_BYTES;
    if (end - at >= total) {
      this.#checkTrailer(trailerAt, claimed);
      this.#nextRecord(at + total);
      return at + total;
    }
    const stop = Math.min(end, trailerAt);
    this.recordBytes = total;
    this.skip = trailerAt - stop;
    this.#trailer = claimed;
    this.wanted = TRAILER_BYTES;
    return stop;
  }

  #checkTrailer(at: number, claimed: number): void {
    const trailer = this.#word(at);
    if (trailer === claimed) return;
    const problem = `has a total length of ${claimed} in front and of ${trailer} behind`;
    throw captureFault('CAPTURE_CORRUPT', this.place(), problem);
  }

  #rejectCapture(bytes: Uint8Array, at: number): void {
    const other = captureStartsAt(bytes, at);
    if (other === 'pcap') throw anotherCapture(other, this.place());
  }

  #want(at: number, wanted: number): number {
    this.wanted = wanted;
    this.recordBytes = wanted;
    return at;
  }

  #nextRecord(at: number): void {
    this.recordOffset = this.base + at;
    this.record++;
  }

  #word(at: number): number {
    return this.#view.getUint32(at, this.#littleEndian);
  }
}
