/**
 * The second opinion on decoding: what tshark says about every packet of many captures. Starting it costs more than most
 * captures, so those that can be are merged first (mergecap keeps every interface and the order); the rest are read alone.
 */
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const OUTPUT_LIMIT_BYTES = 1 << 30;

/** Whether tshark and its companions are installed; said aloud when not. */
export const TSHARK = ((): boolean => {
  try {
    for (const tool of ['tshark', 'mergecap', 'capinfos']) execFileSync(tool, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    if (process.env['REQUIRE_SERVICES'] === '1') throw new Error('REQUIRE_SERVICES=1, but tshark is not installed');
    console.warn('tshark is not installed: comparisons with it are SKIPPED');
    return false;
  }
})();

/** No reassembly, no state between packets, no names: every packet by itself. */
export const OPTIONS = [
  ...['ip.defragment', 'ipv6.defragment', 'tcp.desegment_tcp_streams', 'tcp.analyze_sequence_numbers'].flatMap(
    (name) => ['-o', `${name}:FALSE`],
  ),
  '-n',
];

/** Fields of a packet; each is a list, outermost header first. */
export type TsharkRow = ReadonlyMap<string, readonly string[]>;

/** Rows of each capture by path, in order; a capture that tshark cannot read has the rows before its error. */
export async function readWithTshark(
  paths: readonly string[],
  fields: readonly string[],
): Promise<Map<string, TsharkRow[]>> {
  const counts = await packetCounts(paths);
  const folder = mkdtempSync(join(tmpdir(), 'tshark-'));
  try {
    const merged = join(folder, 'merged.pcapng');
    const together = await merge([...counts.keys()], merged);
    const rows = new Map<string, TsharkRow[]>();
    const all = together.length === 0 ? [] : await readFields(merged, fields);
    let from = 0;
    for (const path of together) {
      const count = counts.get(path)!;
      rows.set(path, all.slice(from, from + count));
      from += count;
    }
    if (from !== all.length) throw new Error(`tshark read ${all.length} merged packets, capinfos counted ${from}`);
    await readAlone(
      paths.filter((path) => !rows.has(path)),
      fields,
      rows,
    );
    return rows;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Packets of the captures that Wireshark's library reads without complaint. */
export async function packetCounts(paths: readonly string[]): Promise<Map<string, number>> {
  const { stdout, stderr } = await run('capinfos', ['-c', '-M', '-T', '-r', '-m', '-Q', ...paths], {
    maxBuffer: OUTPUT_LIMIT_BYTES,
  }).catch((error: unknown) => error as { stdout: string; stderr: string });
  const counts = new Map<string, number>();
  for (const line of stdout.trimEnd().split('\n')) {
    const [, path, count] = /^"?(.*?)"?,"?(\d+)"?$/.exec(line) ?? [];
    if (path !== undefined && Number(count) > 0 && !stderr.includes(path)) counts.set(path, Number(count));
  }
  return counts;
}

/** Merges captures one after the other, leaving out those that mergecap refuses; the paths it took. */
export async function merge(paths: readonly string[], output: string): Promise<string[]> {
  let taken = [...paths];
  for (;;) {
    try {
      await run('mergecap', ['-a', '-I', 'none', '-w', output, ...taken]);
      return taken;
    } catch (error) {
      const message = (error as { stderr: string }).stderr;
      const refused = taken.filter((path) => message.includes(`"${path}"`));
      if (refused.length === 0) throw error;
      taken = taken.filter((path) => !refused.includes(path));
    }
  }
}

/** Two at a time: nearly all of it is tshark's start. */
async function readAlone(
  paths: readonly string[],
  fields: readonly string[],
  rows: Map<string, TsharkRow[]>,
): Promise<void> {
  const waiting = [...paths];
  const work = async (): Promise<void> => {
    for (let path = waiting.pop(); path !== undefined; path = waiting.pop())
      rows.set(path, await readFields(path, fields));
  };
  await Promise.all([work(), work()]);
}

async function readFields(path: string, fields: readonly string[]): Promise<TsharkRow[]> {
  // Custom and journal blocks have no encapsulation: they are not packets.
  const args = [
    ...OPTIONS,
    '-r',
    path,
    '-Y',
    'frame.encap_type',
    '-T',
    'fields',
    '-E',
    'occurrence=a',
    '-E',
    'aggregator=|',
  ];
  const { stdout } = await run('tshark', [...args, ...fields.flatMap((field) => ['-e', field])], {
    maxBuffer: OUTPUT_LIMIT_BYTES,
  }).catch((error: unknown) => error as { stdout: string });
  if (stdout === '') return [];
  return stdout
    .replace(/\n$/, '')
    .split('\n')
    .map((line) => {
      const values = line.split('\t');
      return new Map(fields.map((field, index) => [field, values[index] ? values[index].split('|') : []]));
    });
}
