/** Every codec that this build reads batches of. */
import { noCodec } from '@tapline/core/wire/no-codec';
import type { Codec } from '@tapline/core/ports';
import { gzip } from './gzip.ts';
import { zstd } from './zstd.ts';

export const codecs: readonly Codec[] = [zstd, gzip, noCodec];
