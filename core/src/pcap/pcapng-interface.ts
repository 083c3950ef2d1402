/**
 * The interface description block of pcapng: link type, snap length and how to read the interface's timestamps.
 *
 *   type u32 · total length u32 · link type u16 · reserved u16 · snap length u32 · options · total length u32
 *   option: code u16 · length u16 · value, padded to 4 bytes
 */
import { TimeScale } from './time.ts';

export interface CaptureInterface {
  readonly linkType: number;
  /** 0 = no limit. */
  readonly snapLength: number;
  readonly scale: TimeScale;
}

const OPTION = { end: 0, timeResolution: 9, timeOffset: 14 } as const;
const OPTIONS_AT = 16;

/**
 * Reads a whole, length-checked block of `total` bytes at `at`. An option that runs over the end of the block ends the
 * list: what was read before it counts, and the packets stay readable.
 */
export function readInterface(bytes: Uint8Array, at: number, total: number, littleEndian: boolean): CaptureInterface {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, total);
  const end = total - 4;
  let resolution = 6;
  let offsetSeconds = 0;
  let option = OPTIONS_AT;
  while (option + 4 <= end) {
    const code = view.getUint16(option, littleEndian);
    const length = view.getUint16(option + 2, littleEndian);
    const value = option + 4;
    if (code === OPTION.end || value + length > end) break;
    if (code === OPTION.timeResolution && length === 1) resolution = view.getUint8(value);
    // Once per interface, so a BigInt is affordable; a double holds every offset that keeps times within range exactly.
    if (code === OPTION.timeOffset && length === 8) offsetSeconds = Number(view.getBigInt64(value, littleEndian));
    option = value + length + ((4 - (length % 4)) % 4);
  }
  const linkType = view.getUint16(8, littleEndian);
  return { linkType, snapLength: view.getUint32(12, littleEndian), scale: new TimeScale(resolution, offsetSeconds) };
}
