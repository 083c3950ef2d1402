/** gzip level 1 (RFC 1952), for readers without Zstandard. */
import { gunzipSync, gzipSync } from 'node:zlib';
import { PipelineError } from '@tapline/core/errors';
import type { Codec } from '@tapline/core/ports';

export const gzip: Codec = {
  id: 2,
  name: 'gzip',
  compress: (bytes) => gzipSync(bytes, { level: 1 }),
  decompress(bytes, sizeLimit) {
    try {
      return gunzipSync(bytes, { maxOutputLength: sizeLimit });
    } catch (cause) {
      throw new PipelineError('WIRE_CORRUPT', 'damaged batch: gzip cannot decompress it', { cause });
    }
  },
};
