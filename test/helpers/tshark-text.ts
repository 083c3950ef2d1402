/** What tshark prints of many captures as JSON or EK: merged first, because starting it costs more than most captures. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { merge, OPTIONS, packetCounts } from './tshark.ts';

const run = promisify(execFile);
const OUTPUT_LIMIT_BYTES = 1 << 30;

export interface TsharkText {
  /** What was printed, in order: the packet's capture and its number there, from 1. */
  readonly packets: readonly { readonly path: string; readonly number: number }[];
  readonly json: Buffer;
  readonly ek: Buffer;
}

/** The first `each` packets of the captures that tshark reads without complaint. */
export async function tsharkText(paths: readonly string[], each: number): Promise<TsharkText> {
  const counts = await packetCounts(paths);
  const folder = mkdtempSync(join(tmpdir(), 'tshark-text-'));
  try {
    const merged = join(folder, 'merged.pcapng');
    const origins = new Map<number, { path: string; number: number }>();
    const ranges: string[] = [];
    let first = 1;
    for (const path of await merge([...counts.keys()], merged)) {
      const packets = Math.min(counts.get(path)!, each);
      for (let number = 1; number <= packets; number++) origins.set(first + number - 1, { path, number });
      ranges.push(`${first}..${first + packets - 1}`);
      first += counts.get(path)!;
    }
    // Custom and journal blocks count, but have no encapsulation: they are not packets.
    const filter = `frame.encap_type and frame.number in {${ranges.join(', ')}}`;
    const print = async (format: string): Promise<Buffer> => {
      const args = [...OPTIONS, '-r', merged, '-Y', filter, '-T', format];
      return (await run('tshark', args, { encoding: 'buffer', maxBuffer: OUTPUT_LIMIT_BYTES })).stdout;
    };
    const [json, ek] = [await print('json'), await print('ek')];
    const numbers = [...json.toString('latin1').matchAll(/"frame\.number": "(\d+)"/g)].map((match) => Number(match[1]));
    return { packets: numbers.map((number) => origins.get(number)!), json, ek };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
