/** The codec that leaves a batch as it is: for tests, for debugging, and where something else compresses. */
import { PipelineError } from '../errors.ts';
import type { Codec } from '../ports.ts';

export const noCodec: Codec = {
  id: 0,
  name: 'none',
  compress: (bytes) => bytes,
  decompress(bytes, sizeLimit) {
    if (bytes.length > sizeLimit) throw new PipelineError('WIRE_CORRUPT', `damaged batch: over ${sizeLimit} bytes`);
    return bytes;
  },
};
