/**
 * Measures the label table of a recorded capture: for every attack of a list, which packets tshark's display filter selects,
 * when the first and the last came, and in how many windows. Columns as in tools/generate-capture/labels.ts.
 * Usage: node label-capture.ts CAPTURE ATTACKS.tsv NAME-IN-THE-TABLE, or --head for the table's head alone
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { LABEL_COLUMNS } from '../generate-capture/labels.ts';

const OUTPUT_LIMIT_BYTES = 1 << 28;

/** Event times, in seconds since 1970, of the packets a display filter selects. */
function timesOf(capture: string, filter: string, options: readonly string[] = []): number[] {
  const fields = ['-T', 'fields', '-e', 'frame.time_epoch'];
  const output = execFileSync(
    'tshark',
    [
      '-n',
      '-o',
      'ip.defragment:FALSE',
      '-o',
      'tcp.desegment_tcp_streams:FALSE',
      '-r',
      capture,
      '-Y',
      filter,
      ...options,
      ...fields,
    ],
    {
      encoding: 'utf8',
      maxBuffer: OUTPUT_LIMIT_BYTES,
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  return output.split('\n').filter(Boolean).map(Number);
}

/** How many windows of `seconds`, aligned to the epoch, hold at least one of the times. */
function windowCount(times: readonly number[], seconds: number): number {
  return new Set(times.map((time) => Math.floor(time / seconds))).size;
}

interface Attack {
  readonly fields: readonly string[];
  readonly times: readonly number[];
}

function measureAttacks(capture: string, list: string): Attack[] {
  const [, ...lines] = readFileSync(list, 'utf8').trimEnd().split('\n');
  const attacks = lines.map((line) => {
    const fields = line.split('\t');
    const times = timesOf(capture, fields[1]!);
    if (times.length === 0) throw new Error(`no packet of the capture matches ${fields[1]!}`);
    return { fields, times };
  });
  return attacks.sort((one, other) => one.times[0]! - other.times[0]!);
}

/** The table's lines, one per attack in the order of their first packets. */
function writeLabels(capture: string, list: string, path: string): void {
  const [start] = timesOf(capture, 'frame', ['-c', '1']) as [number];
  for (const { fields, times } of measureAttacks(capture, list)) {
    const [attack, filter, attacker, victim, note] = fields as [string, string, string, string, string];
    const what = [path, 'bundled', attack, filter, attacker, victim, 'recorded by tools/record-capture', 'exact', note];
    const extent = [times.length, (times[0]! - start).toFixed(3), (times.at(-1)! - start).toFixed(3)];
    process.stdout.write(`${[...what, ...extent, windowCount(times, 10), windowCount(times, 1)].join('\t')}\n`);
  }
}

const [capture, list, path] = process.argv.slice(2);
process.stdout.write(`${LABEL_COLUMNS.join('\t')}\n`);
if (capture !== '--head') {
  if (capture === undefined || list === undefined || path === undefined) {
    throw new Error('usage: node label-capture.ts CAPTURE ATTACKS.tsv NAME-IN-THE-TABLE, or --head');
  }
  writeLabels(capture, list, path);
}
