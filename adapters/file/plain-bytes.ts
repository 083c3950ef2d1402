/** What is stored becomes a plain capture: compression is told from the first bytes, wherever they come from. */
import type { CaptureSource } from '@tapline/core/pcap/capture-source';
import { SNIFF_BYTES, sniffCapture } from '@tapline/core/pcap/sniff';
import { CAREFUL_OUTPUT_BYTES, decompress } from './decompress.ts';

/** The capture behind a source whose bytes can be had only once: all but the last 16 KiB before a damage are handed on. */
export function decompressed(stored: CaptureSource): CaptureSource {
  return {
    get name() {
      return stored.name;
    },
    get sizeBytes() {
      return stored.sizeBytes;
    },
    get bytesRead() {
      return stored.bytesRead;
    },
    [Symbol.asyncIterator]: () => plainBytes(stored),
  };
}

async function* plainBytes(stored: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const { first, all } = await holdFirstBytes(stored);
  const kind = sniffCapture(first);
  if (kind !== 'gzip' && kind !== 'zstd') yield* all;
  else yield* decompress(kind, all, CAREFUL_OUTPUT_BYTES, { usedBytes: 0, deliveredBytes: 0 });
}

/** Reads until there are enough bytes to sniff; `all` still begins with them. */
export async function holdFirstBytes(
  stored: AsyncIterable<Uint8Array>,
): Promise<{ first: Uint8Array; all: AsyncGenerator<Uint8Array> }> {
  const chunks = stored[Symbol.asyncIterator]();
  let first = new Uint8Array(0);
  while (first.length < SNIFF_BYTES) {
    const next = await chunks.next();
    if (next.done === true) break;
    first = first.length === 0 ? Uint8Array.from(next.value) : Uint8Array.from([...first, ...next.value]);
  }
  const all = async function* (): AsyncGenerator<Uint8Array> {
    try {
      yield first;
      yield* { [Symbol.asyncIterator]: () => chunks };
    } finally {
      await chunks.return?.(undefined);
    }
  };
  return { first, all: all() };
}
