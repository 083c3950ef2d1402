/** Tells what a file is from its first bytes; names and extensions are never trusted. */

export type CaptureKind = 'pcap' | 'pcapng' | 'gzip' | 'zstd' | 'unknown';

/** How many bytes `sniffCapture` needs to be certain. */
export const SNIFF_BYTES = 4;

/** Magic numbers of classic pcap files, as the writer's byte order reads them. */
export const PCAP_MAGIC = {
  microseconds: 0xa1b2c3d4,
  nanoseconds: 0xa1b23c4d,
  /** Alexey Kuznetzov's patched libpcap: eight more bytes in every record header. */
  patched: 0xa1b2cd34,
} as const;

/** Block type of a pcapng section header: the same four bytes in either byte order. */
export const PCAPNG_SECTION = 0x0a0d0d0a;

const PCAP_MAGICS: readonly number[] = Object.values(PCAP_MAGIC);
const GZIP = [0x1f, 0x8b, 0x08];
const ZSTD = [0x28, 0xb5, 0x2f, 0xfd];

/** Unsigned 32-bit big-endian word of four bytes. */
const bigEndian = (bytes: Uint8Array, at: number): number =>
  ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;

const littleEndian = (bytes: Uint8Array, at: number): number =>
  ((bytes[at + 3]! << 24) | (bytes[at + 2]! << 16) | (bytes[at + 1]! << 8) | bytes[at]!) >>> 0;

/** Whether the four bytes at `at` are a pcap magic number, in which byte order; undefined when they are not. */
export function pcapMagic(bytes: Uint8Array, at: number): { magic: number; littleEndian: boolean } | undefined {
  const big = bigEndian(bytes, at);
  if (PCAP_MAGICS.includes(big)) return { magic: big, littleEndian: false };
  const little = littleEndian(bytes, at);
  return PCAP_MAGICS.includes(little) ? { magic: little, littleEndian: true } : undefined;
}

/** Whether a whole pcap file header (magic and a version 2 within four more bytes) or a pcapng section header starts at `at`. */
export function captureStartsAt(bytes: Uint8Array, at: number): 'pcap' | 'pcapng' | undefined {
  if (bigEndian(bytes, at) === PCAPNG_SECTION) return 'pcapng';
  const found = pcapMagic(bytes, at);
  if (found === undefined) return undefined;
  const version = found.littleEndian ? littleEndian(bytes, at + 4) : bigEndian(bytes, at + 4);
  const major = found.littleEndian ? version & 0xffff : version >>> 16;
  return major === 2 ? 'pcap' : undefined;
}

/** What the first bytes of a file say it is. Fewer than SNIFF_BYTES bytes are `unknown` unless they suffice. */
export function sniffCapture(first: Uint8Array): CaptureKind {
  if (startsWith(first, GZIP)) return 'gzip';
  if (first.length < SNIFF_BYTES) return 'unknown';
  if (startsWith(first, ZSTD)) return 'zstd';
  // A zstd stream may open with a skippable frame (RFC 8878 §3.1.2): magic 0x184D2A50 to 0x184D2A5F.
  if ((littleEndian(first, 0) & 0xfffffff0) >>> 0 === 0x184d2a50) return 'zstd';
  if (bigEndian(first, 0) === PCAPNG_SECTION) return 'pcapng';
  return pcapMagic(first, 0) === undefined ? 'unknown' : 'pcap';
}

function startsWith(bytes: Uint8Array, prefix: readonly number[]): boolean {
  return bytes.length >= prefix.length && prefix.every((value, index) => bytes[index] === value);
}
