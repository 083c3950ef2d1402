import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Codec } from '@tapline/core/ports';
import { codecs } from '@tapline/adapters/codec/codecs';
import { zstd } from '@tapline/adapters/codec/zstd';
import { allocateColumns } from '@tapline/core/packet/columns';
import { FORMAT_VERSION } from '@tapline/core/wire/arrow-template';
import { decodeBatch, encodeBatch } from '@tapline/core/wire/batch';
import { noCodec } from '@tapline/core/wire/no-codec';
import { expectSameRows } from './columns-of.ts';
import { goldenColumns } from './golden-columns.ts';

const folder = join(import.meta.dirname, '../../golden/wire');
const fileOf = (codec: string): string => join(folder, `v${FORMAT_VERSION}-${codec}.bin`);
const meta = { sensor: 'golden', session: 'fixed', sequence: 3 };

/** `npm run test:golden` writes the files of a new version; the files of a version that exists are never rewritten. */
function writeMissing(codec: Codec): void {
  const { snapshotState } = expect.getState() as unknown as { snapshotState: { _updateSnapshot: string } };
  if (snapshotState._updateSnapshot !== 'all' || existsSync(fileOf(codec.name))) return;
  writeFileSync(fileOf(codec.name), encodeBatch(goldenColumns(), meta, codec).bytes);
}

describe('the golden batches', () => {
  it.each([noCodec, zstd])('of this version decode to the rows they were made from ($name)', (codec) => {
    writeMissing(codec);
    const into = allocateColumns();
    const header = decodeBatch(readFileSync(fileOf(codec.name)), codecs, into);
    expectSameRows(into, goldenColumns());
    expect(header).toMatchObject(meta);
  });

  it('are what this build writes: whoever changes the format raises FORMAT_VERSION', () => {
    const { bytes } = encodeBatch(goldenColumns(), meta, noCodec);
    expect(Buffer.compare(bytes, readFileSync(fileOf('none'))), `the bytes of version ${FORMAT_VERSION} changed`).toBe(
      0,
    );
  });
});
