/** The lab: three of its quick scenarios recorded with the real tools, labelled from their packets, and evaluated as a user would. */
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ATTACK_CLASSES } from '@tapline/core/eval/attack-classes';
import { parseLabels } from '@tapline/core/eval/labels';
import type { Scorecard } from '@tapline/core/eval/scorecard';
import { describe, expect, it } from 'vitest';
import { tapline } from '../helpers/tapline.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

const FOLDER = join(import.meta.dirname, '../../tools/record-capture');
const LAB = join(FOLDER, 'lab.sh');
const QUICK = ['scan-syn', 'sweep-445', 'udp-flood'];

/** The Node that the tests run in. */
const ENVIRONMENT = { ...process.env, NODE: process.execPath };

/** Why the lab cannot run here; undefined when it can. */
const problem = ((): string | undefined => {
  const { status, stderr } = spawnSync(LAB, ['--check'], { encoding: 'utf8', env: ENVIRONMENT });
  return status === 0 ? undefined : stderr.trim();
})();
if (problem !== undefined) {
  if (process.env['REQUIRE_SERVICES'] === '1') throw new Error(`REQUIRE_SERVICES=1, but the lab says: ${problem}`);
  console.warn(`recording scenarios of the lab is SKIPPED: ${problem}`);
}

/** Namespaces of the lab that are there. */
const leftovers = (): string[] => readdirSync('/run/netns').filter((name) => name.startsWith('tapline-lab'));

describe('the lab', () => {
  const [head, ...rows] = readFileSync(join(FOLDER, 'lab.tsv'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t'));

  it('has a scenario for every class of attack that detectors claim from headers', () => {
    expect(rows.map((row) => row.length)).toEqual(rows.map(() => head!.length));
    const column = (name: string): string[] => rows.map((row) => row[head!.indexOf(name)]!);
    // Of web attacks and malware of a data set's own there is no tool here; a scan is by its kind, a sweep too.
    const elsewhere = /^(?:web_attack|heartbleed|botnet|infiltration|ddos|http_dos|scan$)/;
    const claimed = Object.keys(ATTACK_CLASSES).filter((name) => !elsewhere.test(name));
    expect(claimed.filter((name) => !column('class').includes(name))).toEqual([]);
    expect(column('class').filter((name) => name !== 'benign' && !(name in ATTACK_CLASSES))).toEqual([]);
    // The label table that the lab makes of them is one that eval reads.
    const table = rows.map((row) => ['x.pcap', row[1], row[5]].join('\t')).filter((line) => !line.includes('benign'));
    const labels = parseLabels(`path\tclass\tattack_packets_display_filter\n${table.join('\n')}\n`);
    expect(labels.every(({ selects }) => selects !== undefined)).toBe(true);
  });

  it('says in one line what it does not understand', () => {
    for (const args of [['--only', 'magic'], ['--jobs', 'many'], ['--what']]) {
      const { status, stderr } = spawnSync(LAB, args, { encoding: 'utf8' });
      expect([status, stderr.trim().split('\n').length], args.join(' ')).toEqual([2, 1]);
    }
    // Its head and a line per scenario.
    expect(execFileSync(LAB, ['--list'], { encoding: 'utf8' }).trimEnd().split('\n')).toHaveLength(rows.length + 1);
  });

  it.runIf(problem === undefined)(
    'records real attacks, leaves nothing behind, and eval finds each on the right host',
    async () => {
      const out = temporaryFolder();
      const options = ['--only', QUICK.join(','), '--jobs', '3', '--calm', '3', '--out', out];
      await promisify(execFile)(LAB, options, { env: ENVIRONMENT });
      expect(leftovers()).toEqual([]);
      const { stdout, code } = await tapline('eval', out, '--json');
      expect(code).toBe(0);
      const { captures } = JSON.parse(stdout) as Scorecard;
      expect(captures.map(({ path }) => path.replace('.pcap.zst', '')).sort()).toEqual(QUICK);
      for (const { path, attacks, unexplained } of captures) {
        expect([path, attacks.map(({ detected, remark }) => [detected, remark]), unexplained]).toEqual([
          path,
          [[true, undefined]],
          0,
        ]);
      }
    },
    300_000,
  );
});
