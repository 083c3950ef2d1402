import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { codecs } from '@tapline/adapters/codec/codecs';
import { zstd } from '@tapline/adapters/codec/zstd';
import { Decoder } from '@tapline/core/decode/decoder';
import { FlowTable } from '@tapline/core/decode/flow-table';
import { PipelineError } from '@tapline/core/errors';
import { allocateColumns, BATCH_CAPACITY, clearColumns } from '@tapline/core/packet/columns';
import type { PacketColumns } from '@tapline/core/packet/columns';
import { CaptureReader } from '@tapline/core/pcap/capture-reader';
import { decodeBatch, encodeBatch } from '@tapline/core/wire/batch';
import { captureIndex, CAPTURES } from '../../helpers/captures.ts';
import { expectSameRows } from './columns-of.ts';

/** Shared by all captures: a flow table is large, and what its numbers are does not matter here. */
const flows = new FlowTable();
const columns = allocateColumns();

/** Decodes a capture and hands on batches of up to 4,096 packets. What is wrong with the file is not the matter here. */
function forEachBatch(path: string, take: (columns: PacketColumns) => void): void {
  clearColumns(columns, 1);
  const decoder = new Decoder();
  let row = 0;
  const flush = (): void => {
    columns.count = row;
    if (row > 0) take(columns);
    clearColumns(columns, columns.firstNumber + row);
    row = 0;
  };
  const reader = new CaptureReader({
    frame(...frame) {
      decoder.decode(columns, row, ...frame);
      flows.assign(columns, row);
      if (++row === BATCH_CAPACITY) flush();
    },
  });
  try {
    reader.feed(readFileSync(path));
    reader.end();
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
  }
  flush();
}

describe.skipIf(CAPTURES === undefined)('batches of the shared captures', () => {
  const files = captureIndex('SETS').filter(({ kind }) => !/expected-output|labelled-flows/.test(kind!));

  it('come back exactly, malformed packets and all', () => {
    const into = allocateColumns();
    let packets = 0;
    for (const { path } of files) {
      forEachBatch(join(CAPTURES!, path!), (columns) => {
        const { header, bytes } = encodeBatch(columns, { sensor: 's', session: 's', sequence: 0 }, zstd);
        expect(decodeBatch(bytes, codecs, into), path).toEqual(header);
        expectSameRows(into, columns);
        packets += columns.count;
      });
    }
    expect(packets).toBeGreaterThan(60_000);
  });

  it('take at most 9 bytes per packet of TCP traffic', () => {
    let packets = 0;
    let bytes = 0;
    for (const path of [
      'zeek+try-zeek/manager/static/pcaps/sumstat.pcap',
      'OISF+suricata-verify/tests/tls/tls-subjectaltname/input.pcap',
      'cisco+joy/test/pcaps/firefox58.pcap',
      'stanford-esrg+retina/traces/tls_ciphers.pcap',
      'cisco+joy/test/pcaps/kali-normal-ssh.pcap',
    ]) {
      forEachBatch(join(CAPTURES!, path), (columns) => {
        packets += columns.count;
        bytes += encodeBatch(columns, { sensor: 's', session: 's', sequence: 0 }, zstd).bytes.length;
      });
    }
    expect(packets).toBeGreaterThan(10_000);
    expect(bytes / packets).toBeLessThan(9);
  });
});
