/** `tapline eval` as a user runs it: the bundled capture's published scorecard, label tables with mistakes, and CICIDS2017. */
import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { Scorecard } from '@tapline/core/eval/scorecard';
import { CAPTURES, captureIndex } from '../helpers/captures.ts';
import { tapline } from '../helpers/tapline.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const folder = temporaryFolder();

async function evaluated(...args: string[]): Promise<{ card: Scorecard; code: number | null; stderr: string }> {
  const { stdout, stderr, code } = await tapline('eval', ...args, '--json');
  return { card: JSON.parse(stdout) as Scorecard, code, stderr };
}

describe('the bundled capture', () => {
  it('has the scorecard that docs/scorecard.json publishes (npm run test:golden makes it again)', async () => {
    const { stdout, code } = await tapline('eval', join(ROOT, 'captures'), '--json');
    expect(code).toBe(0);
    await expect(stdout).toMatchFileSnapshot(join(ROOT, 'docs/scorecard.json'));
  });

  it('has no false alert, and finds what there are detectors for', async () => {
    const { card } = await evaluated(join(ROOT, 'captures'));
    const found = card.captures[0]!.attacks.filter(({ detected }) => detected).map((attack) => attack.class);
    expect(found).toEqual(expect.arrayContaining(['port_scan', 'arp_sweep', 'host_sweep', 'syn_flood', 'udp_flood']));
    expect(card.captures[0]!.alerts.filter(({ verdict }) => verdict === 'false')).toEqual([]);
    expect(card.captures[0]!.attacks.map(({ remark }) => remark)).toEqual(Array(8).fill(undefined));
    // Slow HTTP shows only over a minute or two; everything else within two windows.
    for (const { class: name, timeToAlertS } of card.captures[0]!.attacks) {
      expect(timeToAlertS, name).toBeLessThanOrEqual(name === 'slow_http' ? 120 : 20);
    }
  });

  it('is a table for people, and an HTML page without scripts or anything from elsewhere', async () => {
    const out = join(folder, 'card');
    const { stdout } = await tapline('eval', join(ROOT, 'captures'), '--out', out);
    expect(stdout).toMatch(/port_scan +vertical-scan/);
    const html = readFileSync(join(out, 'scorecard.html'), 'utf8');
    expect(html).toContain('office-under-attack.pcap.zst');
    expect(html).not.toMatch(/<script|<link|@import|url\(|https?:/);
    expect(JSON.parse(readFileSync(join(out, 'scorecard.json'), 'utf8'))).toMatchObject({
      schema: 'tapline-scorecard',
    });
  });

  it('counts only the detectors that are asked for', async () => {
    const { card } = await evaluated(join(ROOT, 'captures'), '--detectors', 'syn-flood');
    expect(card.made.detectors.map(({ name }) => name)).toEqual(['syn-flood']);
    expect(card.captures[0]!.alerts.map(({ detector }) => detector)).toEqual(['syn-flood']);
  });
});

describe('mistakes', () => {
  const table = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  const cases = [
    ['no.tsv', 'file\tclass\na\tb\n', 'line 1: no column "path"'],
    ['class.tsv', 'path\tclass\n\nx.pcap\tmagic\n', 'line 3: the class magic is not one of'],
    ['number.tsv', 'path\tclass\tfrom_s\nx.pcap\tbenign\tsoon\n', 'line 2: soon is not a number'],
    ['gone.tsv', 'path\tclass\nnot-there.pcap\tbenign\n', 'line 2: not-there.pcap is not in'],
    [
      'filter.tsv',
      'path\tclass\tattack_packets_display_filter\noffice.pcap.zst\tport_scan\ttls\n',
      'line 2: display filter not understood at tls',
    ],
  ] as const;
  copyFileSync(join(ROOT, 'captures/office-under-attack.pcap.zst'), join(folder, 'office.pcap.zst'));
  for (const [name, text, said] of cases) {
    it(`are named by line: ${said}`, async () => {
      const { code, stderr, stdout } = await tapline('eval', folder, '--labels', table(name, text));
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toContain(said);
      expect(stderr.trim().split('\n')).toHaveLength(1);
    });
  }

  it('of a folder without labels, or that is none, say what to do', async () => {
    const empty = join(folder, 'empty');
    mkdirSync(empty);
    expect(await tapline('eval', empty)).toMatchObject({ code: 2, stderr: expect.stringContaining('--labels FILE') });
    expect(await tapline('eval', join(folder, 'none'))).toMatchObject({ code: 2 });
  });

  it('in a capture leave the others evaluated, and the exit code is 1', async () => {
    const cut = readFileSync(join(ROOT, 'captures/office-under-attack.pcap.zst')).subarray(0, 300_000);
    writeFileSync(join(folder, 'cut.pcap.zst'), cut);
    const labels = table('cut.tsv', 'path\tclass\ncut.pcap.zst\tbenign\n');
    const { card, code, stderr } = await evaluated(folder, '--labels', labels);
    expect(code).toBe(1);
    expect(stderr).toContain('cut.pcap.zst');
    expect(card.captures[0]!.fault).toBeDefined();
    expect(card.captures[0]!.packets).toBeGreaterThan(100);
  });
});

describe.skipIf(CAPTURES === undefined)('the shared captures', () => {
  it('give one row per label, packets as labelled, books closed, and the same bytes twice', async () => {
    const first = await tapline('eval', CAPTURES!, '--json', '--jobs', '2');
    const card = JSON.parse(first.stdout) as Scorecard;
    const labels = captureIndex('LABELS');
    expect(card.captures.map(({ path }) => path)).toEqual(labels.map((label) => label['path']));
    expect(card.captures.map(({ unexplained }) => unexplained)).toEqual(labels.map(() => 0));
    const differing: string[] = [];
    for (const capture of card.captures) {
      const label = labels.find(({ path }) => path === capture.path)!;
      expect(capture.kind, capture.path).toBe(label['class'] === 'benign' ? 'benign' : 'attack');
      for (const attack of capture.attacks.filter(({ basis }) => basis === 'packets')) {
        if (`${attack.packets}` !== label['attack_packets']) differing.push(basename(capture.path));
      }
    }
    // Six of its labelled packets are ICMP errors that quote the scanner's address (tshark looks inside them).
    expect(differing).toEqual(['multiport_scan.pcap']);
    expect((await tapline('eval', CAPTURES!, '--json', '--jobs', '1')).stdout).toBe(first.stdout);
  }, 300_000);
});

describe('tapline eval cicids2017', () => {
  it('says what it needs when there is no day', async () => {
    const none = join(folder, 'no-days');
    mkdirSync(none);
    const { code, stderr } = await tapline('eval', 'cicids2017', '--pcap', none);
    expect(code).toBe(2);
    expect(stderr).toContain('Monday-WorkingHours.pcap');
  });

  it('names the days that are missing, and a capture of another date', async () => {
    const days = join(folder, 'one-day');
    mkdirSync(days);
    copyFileSync(join(ROOT, 'captures/office-under-attack.pcap.zst'), join(days, 'Friday-WorkingHours.pcap.zst'));
    const { card, stderr } = await evaluated('cicids2017', '--pcap', days);
    for (const day of ['Monday', 'Tuesday', 'Wednesday', 'Thursday']) expect(stderr).toContain(`${day} is missing`);
    expect(stderr).toContain('and Friday was 2017-07-07');
    expect(card.limits.join(' ')).toContain('Monday, Tuesday, Wednesday, Thursday');
    expect(card.captures[0]!.attacks).toEqual([]);
    expect(card.captures[0]!.absent).toHaveLength(4);
  });

  const sqli = CAPTURES && join(CAPTURES, 'ntop+nDPI/tests/cfgs/default/pcap/WebattackSQLinj.pcap');
  it.skipIf(sqli === undefined)(
    'finds the SQL injection of the 94 real packets in the labels of cns2022 and the official page',
    async () => {
      const days = join(folder, 'thursday');
      mkdirSync(days);
      copyFileSync(sqli!, join(days, 'Thursday-WorkingHours.pcap'));
      for (const [variant, attacks] of [
        ['cns2022', ['Web SQL injection']],
        ['official', ['Web SQL injection']],
        ['wtmc2021', []],
      ] as const) {
        const { card } = await evaluated('cicids2017', '--pcap', days, '--labels', variant);
        expect(card.made.labels.name).toBe(`${variant}.labels.tsv`);
        expect(card.captures[0]!.attacks.map(({ name }) => name)).toEqual(attacks);
        if (attacks.length > 0) expect(card.captures[0]!.attacks[0]!.packets).toBe(94);
        else expect(card.limits.join(' ')).toContain('Spans by wtmc2021 not known here');
      }
    },
  );
});

describe('tapline eval --mixed', () => {
  const LABELS = 'path\tclass\tattacker\tvictim\tattack_packets_display_filter\n';
  it('finds a scan from outside inside other traffic, of a host there, and a seed gives the same bytes', async () => {
    const mix = join(folder, 'mix');
    mkdirSync(mix);
    copyFileSync(join(ROOT, 'captures/office-under-attack.pcap.zst'), join(mix, 'office.pcap.zst'));
    const scan =
      'office.pcap.zst\tport_scan\t203.0.113.66\t192.168.50.80\tip.src==203.0.113.66 && ip.dst==192.168.50.80 && tcp\n';
    writeFileSync(join(mix, 'LABELS.tsv'), LABELS + scan);
    const quiet = join(folder, 'quiet.pcap');
    const made = await promisify(execFile)(process.execPath, [
      join(ROOT, 'tools/generate-capture/main.ts'),
      ...['--packets', '200000', '--seed', '3', '--benign-only', '--out', quiet],
    ]);
    expect(made.stderr).not.toContain('Error');
    const args = [mix, '--mixed', '--benign', quiet, '--seed', '5'];
    const { card, code } = await evaluated(...args);
    expect(code).toBe(0);
    const [capture] = card.captures;
    expect(capture!.mix).toMatchObject({ timeline: 'quiet.pcap', attack: 'office.pcap.zst', mappedAddresses: 1 });
    expect(capture!.packets).toBe(200_000 + capture!.mix!.attackFrames);
    expect(capture!.attacks[0]).toMatchObject({ packets: 1002, detected: true, by: ['vertical-scan'] });
    const [alert] = capture!.alerts.filter(({ verdict }) => verdict === 'hit');
    expect(alert!.entity).toBe('203.0.113.66');
    expect((await evaluated(...args)).card).toEqual(card);
    const other = await evaluated(mix, '--mixed', '--benign', quiet, '--seed', '6');
    expect(other.card.captures[0]!.mix!.offsetS).not.toBe(capture!.mix!.offsetS);
  });

  it('says what it lacks', async () => {
    const { code, stderr } = await tapline('eval', join(ROOT, 'captures'), '--mixed');
    expect([code, stderr]).toEqual([2, expect.stringContaining('--benign FILE')]);
    expect((await tapline('eval', join(ROOT, 'captures'), '--benign', 'x.pcap')).code).toBe(2);
  });
});

describe('the README', () => {
  it('says of the bundled capture what its scorecard says', () => {
    const card = JSON.parse(readFileSync(join(ROOT, 'docs/scorecard.json'), 'utf8')) as Scorecard;
    const { count, of } = card.overall.detected;
    expect(readFileSync(join(ROOT, 'README.md'), 'utf8')).toContain(`${count} of its ${of} attacks are detected`);
    expect(card.overall.falseAlertsBesideAttacks.count).toBe(0);
  });
});
