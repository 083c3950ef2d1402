/** The bundled capture, decompressed, and where it is. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';

export const BUNDLED = resolve(import.meta.dirname, '../../captures/office-under-attack.pcap.zst');

export function bundledCapture(): Buffer {
  return zstdDecompressSync(readFileSync(BUNDLED));
}
