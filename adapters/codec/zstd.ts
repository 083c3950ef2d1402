/** Zstandard level 1 (RFC 8878), the default codec of batches: the best bytes per nanosecond that Node brings along. */
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { PipelineError } from '@tapline/core/errors';
import type { Codec } from '@tapline/core/ports';

/** A match table of 16 KB stays in the first-level cache: the same size of batches, a little sooner. */
const params = { [constants.ZSTD_c_compressionLevel]: 1, [constants.ZSTD_c_hashLog]: 12 };

export const zstd: Codec = {
  id: 1,
  name: 'zstd',
  compress: (bytes) => zstdCompressSync(bytes, { params }),
  decompress(bytes, sizeLimit) {
    try {
      // One chunk for the whole output: a batch says how large it is, and smaller chunks would be copied together.
      return zstdDecompressSync(bytes, { maxOutputLength: sizeLimit, chunkSize: Math.max(64, sizeLimit) });
    } catch (cause) {
      throw new PipelineError('WIRE_CORRUPT', 'damaged batch: zstd cannot decompress it', { cause });
    }
  },
};
