/** What a run says about the mirror it was given: the bundled capture as it is, and as bad mirrors would have sent it. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BUNDLED, bundledCapture } from '../helpers/bundled-capture.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';
import { tapline } from '../helpers/tapline.ts';
import { TCPDUMP } from '../helpers/tcpdump.ts';
import { TSHARK } from '../helpers/tshark.ts';

interface Finding {
  readonly kind: string;
  readonly part: number;
  readonly whole: number;
  readonly text: string;
}

interface Run {
  readonly health: readonly Finding[];
  readonly ledger: Readonly<Record<string, number>>;
}

async function run(...args: string[]): Promise<Run> {
  const { code, stdout, stderr } = await tapline('run', ...args, '--exit', '--json');
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as Run;
}

const kinds = ({ health }: Run): readonly string[] => health.map(({ kind }) => kind);

describe('the health of a sensor', () => {
  const folder = temporaryFolder();
  const whole = join(folder, 'whole.pcap');
  writeFileSync(whole, bundledCapture());
  const made = (name: string, program: string, args: (path: string) => readonly string[]): string => {
    const path = join(folder, `${name}.pcap`);
    execFileSync(program, args(path), { stdio: 'ignore' });
    return path;
  };

  it('has nothing to say about the bundled capture, floods and scans in it or not', async () => {
    expect((await run(BUNDLED)).health).toEqual([]);
  });

  it.runIf(TCPDUMP).each([['src net 192.168.50.0/24'], ['not src net 192.168.50.0/24']])(
    'names a mirror of %s asymmetric, and says so to people too',
    async (filter) => {
      const path = made(filter.replace(/\W/gu, '-'), 'tcpdump', (to) => ['-r', whole, '-w', to, filter]);
      const result = await run(path);
      expect(kinds(result)).toEqual(['asymmetric-mirror']);
      expect(result.health[0]!.part).toBeGreaterThan(result.health[0]!.whole / 2);
      const { stdout } = await tapline('run', path, '--exit');
      expect(stdout).toContain(`mirror   ${result.health[0]!.text}`);
    },
  );

  it.runIf(TSHARK)('counts the packets that editcap -s 96 cut', async () => {
    const path = made('cut', 'editcap', (to) => ['-s', '96', whole, to]);
    const result = await run(path);
    const longer = execFileSync('tshark', ['-r', whole, '-Y', 'frame.len > 96', '-T', 'fields', '-e', 'frame.number'], {
      stdio: ['ignore', 'pipe', 'ignore'],
      maxBuffer: 2 ** 26,
    });
    expect(kinds(result)).toEqual(['snap-length']);
    expect(result.health[0]!.text).toContain('to 96 bytes at most');
    expect(result.health[0]!.part).toBe(longer.toString().trim().split('\n').length);
  });

  it.runIf(TSHARK)('counts the copies that a mirror of both ports made, when --dedup looks for them', async () => {
    const later = made('later', 'editcap', (to) => ['-t', '0.0001', whole, to]);
    const twice = made('twice', 'mergecap', (to) => ['-w', to, whole, later]);
    const result = await run(twice, '--dedup');
    expect(kinds(result)).toEqual(['duplicates']);
    expect(result.health[0]!.part).toBe(result.ledger['duplicate']);
    expect(result.health[0]!.part / result.health[0]!.whole).toBeCloseTo(0.5, 3);
  });

  it.runIf(TCPDUMP && TSHARK)('says that packets came too late to be put in order', async () => {
    const early = made('early', 'tcpdump', (to) => ['-r', whole, '-w', to, 'src host 192.168.50.80']);
    const rest = made('rest', 'tcpdump', (to) => ['-r', whole, '-w', to, 'not src host 192.168.50.80']);
    const piled = made('piled', 'mergecap', (to) => ['-a', '-w', to, rest, early]);
    const result = await run(piled, '--reorder', '1s');
    expect(kinds(result)).toEqual(['reordering']);
    expect(result.health[0]!.part).toBeGreaterThan(10_000);
    expect(result.health[0]!.text).toContain('too late');
  });
});
