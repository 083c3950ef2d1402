/** Writes classic pcap, little-endian with nanoseconds: one link type, times from 1970 to 2106. Layout: pcap.ts. */
import { PipelineError } from '../errors.ts';
import { linkTypeName } from '../packet/names.ts';
import { CaptureWriter, type TakeBytes } from './capture-writer.ts';
import { PCAP_MAGIC } from './sniff.ts';

const FILE_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;
const SNAP_LENGTH = 262_144;
const SECONDS_LIMIT = 2 ** 32;

export class PcapWriter extends CaptureWriter {
  readonly #advice: string;
  #linkType = -1;

  /** @param advice what to do about packets that the format cannot hold: the end of the error's line */
  constructor(take: TakeBytes, advice = 'use pcapng') {
    super(take);
    this.#advice = advice;
  }

  /** Throws PipelineError USAGE for a second link type and for a time that the format cannot hold. */
  override frame(
    bytes: Uint8Array,
    offset: number,
    capturedLength: number,
    wireLength: number,
    timeUs: number,
    timeNs: number,
    linkType: number,
  ): void {
    if (linkType !== this.#linkType) this.#start(linkType);
    const seconds = Math.floor(timeUs / 1e6);
    if (seconds < 0 || seconds >= SECONDS_LIMIT) {
      throw new PipelineError('USAGE', `pcap holds times from 1970 to 2106 only: ${this.#advice}`);
    }
    const at = this.reserve(RECORD_HEADER_BYTES + capturedLength);
    this.view.setUint32(at, seconds, true);
    this.view.setUint32(at + 4, (timeUs - seconds * 1e6) * 1000 + timeNs, true);
    this.view.setUint32(at + 8, capturedLength, true);
    this.view.setUint32(at + 12, wireLength, true);
    this.buffer.set(bytes.subarray(offset, offset + capturedLength), at + RECORD_HEADER_BYTES);
  }

  /** An empty file needs a header too; its link type is Ethernet. */
  override flush(): void {
    if (this.#linkType < 0) this.#start(1);
    super.flush();
  }

  #start(linkType: number): void {
    if (this.#linkType >= 0) {
      const types = `${linkTypeName(this.#linkType)} and ${linkTypeName(linkType)}`;
      throw new PipelineError('USAGE', `pcap holds one link type only, the packets have ${types}: ${this.#advice}`);
    }
    this.#linkType = linkType;
    const at = this.reserve(FILE_HEADER_BYTES);
    const words = [PCAP_MAGIC.nanoseconds, 2 | (4 << 16), 0, 0, SNAP_LENGTH, linkType];
    for (const [index, word] of words.entries()) this.view.setUint32(at + index * 4, word, true);
  }
}
