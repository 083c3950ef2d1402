import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openCapture } from '@tapline/adapters/file/source';
import { Decoder } from '@tapline/core/decode/decoder';
import { PipelineError } from '@tapline/core/errors';
import { allocateColumns, BATCH_CAPACITY, clearColumns } from '@tapline/core/packet/columns';
import { CaptureReader } from '@tapline/core/pcap/capture-reader';
import { CAPTURES, captureIndex } from '../helpers/captures.ts';

/** Files tcpdump refuses as a whole and that are read here to their end without a fault, with the reason. */
const NO_INTERFACE = 'a section without interfaces has no packets either: legal, and nothing to refuse';
const LINK_TYPE = 'a link type without a decoder makes rows that say so, not a fault';
const NO_FAULT: Record<string, string> = {
  'output_be/basic/test002.pcapng': NO_INTERFACE,
  'output_be/basic/test017.pcapng': NO_INTERFACE,
  'output_le/basic/test002.pcapng': NO_INTERFACE,
  'output_le/basic/test017.pcapng': NO_INTERFACE,
  'test_data/test004.ntar': NO_INTERFACE,
  'test_data/test003.ntar': LINK_TYPE,
  'test_data/test005.ntar': LINK_TYPE,
  'test_data/test006-fixed.ntar': LINK_TYPE,
  'test_data/test007.ntar': 'its packet block does not count its padding, and its link type has no decoder',
  'test_data/test008.ntar': LINK_TYPE,
  'test_data/test009.ntar': LINK_TYPE,
  'FuzzTarget-5631583764873216': LINK_TYPE,
};

/** MALFORMED.tsv counts lines of tcpdump, of which these packets print two. */
const PACKETS: Record<string, number> = {
  'tcpdump/tests/esis_snpa_asan.pcap': 3,
  'tcpdump/tests/isis-extd-isreach-oobr.pcap': 4,
};

const listed = <T>(table: Record<string, T>, path: string): T | undefined =>
  Object.entries(table).find(([name]) => path.endsWith(name))?.[1];

interface Outcome {
  readonly packets: number;
  readonly rows: number;
  readonly fault: PipelineError | undefined;
}

/** The whole way from the stored file to rows; anything thrown that is not a PipelineError fails the test. */
async function decodeFile(path: string): Promise<Outcome> {
  const columns = allocateColumns();
  const decoder = new Decoder();
  let packets = 0;
  let rows = 0;
  const reader = new CaptureReader({
    frame(bytes, offset, capturedLength, wireLength, timeUs, timeNs, linkType) {
      if (packets % BATCH_CAPACITY === 0) clearColumns(columns, packets + 1);
      const row = packets % BATCH_CAPACITY;
      packets++;
      decoder.decode(columns, row, bytes, offset, capturedLength, wireLength, timeUs, timeNs, linkType);
      if (columns.capturedLength[row] === capturedLength && columns.linkType[row] === linkType) rows++;
    },
  });
  try {
    for await (const chunk of openCapture(path)) reader.feed(chunk);
    reader.end();
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    return { packets, rows, fault: error };
  }
  return { packets, rows, fault: undefined };
}

const malformed = captureIndex('MALFORMED');

describe.skipIf(CAPTURES === undefined)('the malformed captures', () => {
  it('are all there', () => {
    expect(malformed).toHaveLength(223);
  });

  it.each(malformed.map((row) => [row['path']!, row] as const))(
    '%s gives its packets and at most one fault',
    async (path, row) => {
      const { packets, rows, fault } = await decodeFile(join(CAPTURES!, path));
      expect(packets).toBeGreaterThanOrEqual(listed(PACKETS, path) ?? Number(row['tcpdump_packets_before_error']));
      expect(rows).toBe(packets);
      const faulty = row['level'] === 'container' && listed(NO_FAULT, path) === undefined;
      expect(fault === undefined).toBe(!faulty);
      if (faulty) expect(fault?.message).toMatch(/ (record \d+|file header) at byte \d+ /);
    },
  );

  it('make a process no larger than a small capture does', () => {
    const script = `
      import { Decoder } from '@tapline/core/decode/decoder';
      import { allocateColumns, clearColumns } from '@tapline/core/packet/columns';
      import { CaptureReader } from '@tapline/core/pcap/capture-reader';
      import { openCapture } from '@tapline/adapters/file/source';
      const columns = allocateColumns();
      const decoder = new Decoder();
      const sink = { frame(...frame) { clearColumns(columns, 1); decoder.decode(columns, 0, ...frame); } };
      for (const path of process.env.FILES.split('\\n')) {
        const reader = new CaptureReader(sink);
        try {
          for await (const chunk of openCapture(path)) reader.feed(chunk);
          reader.end();
        } catch (error) {
          if (error.name !== 'PipelineError') throw error;
        }
      }
      console.log(process.resourceUsage().maxRSS);`;
    const run = (paths: string[]): number => {
      const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
        env: { ...process.env, FILES: paths.map((path) => join(CAPTURES!, path)).join('\n') },
        cwd: import.meta.dirname,
        encoding: 'utf8',
      });
      expect(stderr).toBe('');
      return Number(stdout) / 1024;
    };
    const small = run(['lwerdna+filesamples/simple_http.pcap']);
    const all = run(malformed.map((row) => row['path']!));
    expect(small).toBeGreaterThan(10);
    expect(all - small).toBeLessThan(100);
  });
});
