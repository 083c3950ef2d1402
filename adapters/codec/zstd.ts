/** Zstandard level 1 (RFC 8878), the default codec of batches: the best bytes per nanosecond that Node brings along. */
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { PipelineError } from '@tapline/core/errors';
import type { Codec } from '@tapline/core/ports';

const params = { [constants.ZSTD_c_compressionLevel]: 1 };

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
