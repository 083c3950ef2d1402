/**
 * Rows from text equal rows from the packets in every field that the text holds: every shared capture through the real
 * tcpdump in four ways, the tcpdump project's own expected texts (of newer versions), and the first packets of every capture
 * through tshark as JSON and EK; all parsed again and compared with our own decoding of the capture. Where they differ for a
 * reason, a rule in text-rules.ts says which and for how many packets, so that no rule can hide anything else.
 */
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { PacketColumns } from '@tapline/core/packet/columns';
import { beforeAll, describe, expect, it } from 'vitest';
import { CAPTURES, captureIndex } from '../helpers/captures.ts';
import { decodeCapture } from '../helpers/decode.ts';
import { rowAt, rowsOf } from '../helpers/raw-rows.ts';
import { TCPDUMP, tcpdumpText } from '../helpers/tcpdump.ts';
import { heldFacts } from '../helpers/text-facts.ts';
import type { Held } from '../helpers/text-facts.ts';
import { differing, TCPDUMP_RULES, TSHARK_RULES, unexplained, usage } from '../helpers/text-rules.ts';
import type { TextDifference } from '../helpers/text-rules.ts';
import { TSHARK } from '../helpers/tshark.ts';
import { tsharkText } from '../helpers/tshark-text.ts';

const RUNS: readonly { readonly options: string; readonly held: Held }[] = [
  { options: '-nn', held: { date: false, link: false, ip: false, sequence: false, headers: false } },
  { options: '-nn -v', held: { date: false, link: false, ip: true, sequence: false, headers: false } },
  { options: '-nn -vvvv -tttt', held: { date: true, link: false, ip: true, sequence: false, headers: false } },
  { options: '-nn -e -S -tt', held: { date: true, link: true, ip: false, sequence: true, headers: false } },
];
const EVERYTHING: Held = { date: true, link: true, ip: true, sequence: true, headers: true };
/** Packets of each capture that go through tshark, whose text of one is some ten kilobytes. */
const TSHARK_PACKETS = 12;
const EXCLUDED_KINDS = ['expected-output', 'labelled-flows'];

const capturePaths = (): string[] =>
  captureIndex('SETS')
    .filter(
      ({ kind, path }) => !EXCLUDED_KINDS.includes(kind!) && !/\.(?:json|test|txt|tsv|csv|out|log|md)$/.test(path!),
    )
    .map(({ path }) => join(CAPTURES!, path!));

type Row = readonly [columns: PacketColumns, row: number];

/** Compares two rows of a packet; what they disagree on joins `differences`. Facts compared. */
function compare(
  place: { run: number; path: string; number: number },
  packet: Row,
  text: Row,
  held: Held,
  differences: TextDifference[],
): number {
  const both = heldFacts(packet, text, held);
  if (differing(both).length > 0) {
    const [columns, row] = packet;
    differences.push({ ...place, layers: columns.layers[row]!, quality: columns.quality[row]!, ...both });
  }
  return Object.keys(both.ours).length;
}

describe.skipIf(CAPTURES === undefined || !TCPDUMP)('rows from the text of tcpdump', () => {
  const differences: TextDifference[] = [];
  const compared = RUNS.map(() => ({ packets: 0, facts: 0 }));
  const fewer = new Set<string>();
  const more = new Set<string>();

  beforeAll(async () => {
    for (const path of capturePaths()) {
      const { batches, packets } = await decodeCapture(path);
      const texts = await Promise.all(RUNS.map(({ options }) => tcpdumpText(path, options.split(' '))));
      texts.forEach((text, run) => {
        if (text.length === 0) return;
        const rows = rowsOf([text]);
        if (rows.count < packets) fewer.add(basename(path));
        if (rows.count > packets) more.add(basename(path));
        for (let index = 0; index < Math.min(rows.count, packets); index++) {
          const place = { run, path, number: index + 1 };
          compared[run]!.packets += 1;
          const pair = [rowAt({ batches }, index), rowAt(rows, index)] as const;
          compared[run]!.facts += compare(place, ...pair, RUNS[run]!.held, differences);
        }
      });
    }
  }, 900_000);

  it('are one for each packet that tcpdump read', () => {
    for (const { packets, facts } of compared) {
      expect(packets).toBeGreaterThan(69_000);
      expect(facts).toBeGreaterThan(9 * packets);
    }
    expect([...more]).toEqual([]);
    // What tcpdump refuses: a clock that cannot be, and pcapng files with interfaces of several link types.
    expect([...fewer]).toEqual(['timestamp_invalid_nano.pcap', 'test100.pcapng', 'test005.pcapng', 'test008.pcapng']);
  });

  it('hold what the rows of the packets hold, but for reasons', () => {
    expect(unexplained(differences, TCPDUMP_RULES)).toEqual([]);
  });

  it('have no reason that explains more packets than it is there for', () => {
    const { used, allowed } = usage(differences, TCPDUMP_RULES, RUNS.length);
    expect(used).toEqual(allowed);
  });
});

/** Texts without what the rows are compared by: quiet ones, samples, and lines that begin with lengths. */
const OTHER_TEXTS = /-q |--print-sampling|--lengths/;

describe.skipIf(CAPTURES === undefined)("rows from the tcpdump project's expected texts", () => {
  it('hold what the rows of the packets hold, but for reasons', async () => {
    const differences: TextDifference[] = [];
    let packetsCompared = 0;
    for (const { kind, path: textPath, note } of captureIndex('SETS')) {
      const capture = /^tcpdump .*-r (\S+)/.exec(note!)?.[1];
      if (kind !== 'expected-output' || capture === undefined || OTHER_TEXTS.test(note!)) continue;
      const path = join(CAPTURES!, dirname(textPath!), capture);
      const text = readFileSync(join(CAPTURES!, textPath!));
      if (!existsSync(path) || text.length === 0) continue;
      const { batches } = await decodeCapture(path);
      const rows = rowsOf([text]);
      expect(rows.count, textPath).toBe(lastNumber(text.toString('latin1')));
      const held = {
        date: true,
        link: note!.includes(' -e'),
        ip: note!.includes(' -v'),
        sequence: false,
        headers: false,
      };
      for (let index = 0; index < rows.count; index++) {
        compare({ run: 0, path, number: index + 1 }, rowAt({ batches }, index), rowAt(rows, index), held, differences);
        packetsCompared += 1;
      }
    }
    expect(packetsCompared).toBeGreaterThan(2_500);
    expect(unexplained(differences, TCPDUMP_RULES)).toEqual([]);
  });

  /** The number of the last packet of a text that was written with -#. */
  function lastNumber(text: string): number {
    const numbers = [...text.matchAll(/^ {0,4}(\d+) {2}/gm)].map((match) => Number(match[1]));
    return numbers.reduce((last, number) => (number === last + 1 ? number : last), 0);
  }
});

describe.skipIf(CAPTURES === undefined || !TSHARK)("rows from tshark's JSON and EK", () => {
  const differences: TextDifference[] = [];
  const counts: number[] = [];
  let printed = 0;
  let facts = 0;

  beforeAll(async () => {
    // Block types without packets make the numbers of merged captures useless; they say nothing about text.
    const paths = capturePaths().filter((path) => !path.includes('pcapng-test-generator'));
    const { packets, json, ek } = await tsharkText(paths, TSHARK_PACKETS);
    printed = packets.length;
    const texts = [rowsOf([json]), rowsOf([ek])];
    counts.push(...texts.map(({ count }) => count));
    let decoded: { path: string; batches: readonly PacketColumns[]; packets: number } | undefined;
    for (const [index, { path, number }] of packets.entries()) {
      if (decoded?.path !== path) decoded = { path, ...(await decodeCapture(path)) };
      if (number > decoded.packets) continue;
      const packet = rowAt(decoded, number - 1);
      texts.forEach((rows, run) => {
        facts += compare({ run, path, number }, packet, rowAt(rows, index), EVERYTHING, differences);
      });
    }
  }, 300_000);

  it('are one for each packet that tshark printed', () => {
    expect(printed).toBeGreaterThan(2_500);
    expect(counts).toEqual([printed, printed]);
    expect(facts).toBeGreaterThan(2 * 12 * printed);
  });

  it('hold what the rows of the packets hold, but for reasons', () => {
    expect(unexplained(differences, TSHARK_RULES)).toEqual([]);
  });

  it('have no reason that explains more packets than it is there for', () => {
    const { used, allowed } = usage(differences, TSHARK_RULES, 2);
    expect(used).toEqual(allowed);
  });
});
