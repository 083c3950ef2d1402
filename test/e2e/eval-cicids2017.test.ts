/** CICIDS2017 without its files: stand-ins with the true hosts and times of some attacks, and the real labelled flows. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { HeldOut, Scorecard } from '@tapline/core/eval/scorecard';
import { parseLabels, type Label } from '@tapline/core/eval/labels';
import { Prng } from '@tapline/core/eval/prng';
import { PcapWriter } from '@tapline/core/pcap/pcap-writer';
import { CAPTURES } from '../helpers/captures.ts';
import { tapline } from '../helpers/tapline.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

const TABLES = resolve(import.meta.dirname, '../../captures/cicids2017');
const VARIANTS = ['cns2022', 'official', 'wtmc2021'] as const;
const folder = temporaryFolder();
const labelsOf = (variant: string): Label[] => parseLabels(readFileSync(join(TABLES, `${variant}.labels.tsv`), 'utf8'));

const SYN = 0x02;
const RST_ACK = 0x14;

interface Segment {
  readonly atS: number;
  readonly from: string;
  readonly to: string;
  readonly ports: readonly [source: number, destination: number];
  readonly flags: number;
}

/** An Ethernet frame with an empty TCP segment. */
function frameOf({ from, to, ports, flags }: Segment): Uint8Array {
  const frame = new Uint8Array(54);
  const view = new DataView(frame.buffer);
  frame.set([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0, 0, 40]);
  frame.set([64, 6], 22);
  frame.set(from.split('.').map(Number), 26);
  frame.set(to.split('.').map(Number), 30);
  view.setUint16(34, ports[0]);
  view.setUint16(36, ports[1]);
  frame.set([0x50, flags], 46);
  return frame;
}

function writeDay(path: string, segments: readonly Segment[]): void {
  const pieces: Uint8Array[] = [];
  const writer = new PcapWriter((bytes) => pieces.push(bytes.slice()));
  for (const segment of segments.toSorted((a, b) => a.atS - b.atS)) {
    writer.frame(frameOf(segment), 0, 54, 54, Math.round(segment.atS * 1e6), 0, 1);
  }
  writer.flush();
  writeFileSync(path, Buffer.concat(pieces));
}

/** One probe per port, refused. */
function scan(from: string, to: string, atS: number, ports: number): Segment[] {
  return Array.from({ length: ports }, (_, index) => [
    { atS: atS + index / 20, from, to, ports: [40_000, 1000 + index], flags: SYN } as const,
    { atS: atS + index / 20 + 0.001, from: to, to: from, ports: [1000 + index, 40_000], flags: RST_ACK } as const,
  ]).flat();
}

/** A refused connection now and then: traffic that is no attack. */
function quiet(fromS: number, toS: number): Segment[] {
  const segments: Segment[] = [];
  for (let atS = fromS; atS < toS; atS += 5) {
    const ports = [30_000 + (atS % 1000), 8080] as const;
    segments.push({ atS, from: '192.168.10.12', to: '192.168.10.3', ports, flags: SYN });
    segments.push({
      atS: atS + 0.1,
      from: '192.168.10.3',
      to: '192.168.10.12',
      ports: [8080, ports[0]],
      flags: RST_ACK,
    });
  }
  return segments;
}

/** Refused connections of a few hosts, one in two seconds times `busy`, never the same twice. */
function office(fromS: number, seconds: number, busy: number): Segment[] {
  const random = new Prng(fromS);
  const segments: Segment[] = [];
  for (let atS = fromS; atS < fromS + seconds; atS += random.exponential(2 / busy)) {
    const from = `192.168.10.${12 + random.below(6)}`;
    const ports = [random.between(20_000, 60_000), 8080] as const;
    segments.push({ atS, from, to: '192.168.10.3', ports, flags: SYN });
    segments.push({ atS: atS + 0.01, from: '192.168.10.3', to: from, ports: [8080, ports[0]], flags: RST_ACK });
  }
  return segments;
}

describe('stand-ins with the true hosts and times', () => {
  const days = join(folder, 'days');
  mkdirSync(days);
  const monday = Date.UTC(2017, 6, 3, 12) / 1000;
  writeDay(join(days, 'Monday-WorkingHours.pcap'), quiet(monday, monday + 600));
  // Friday, firewall off: inside the span of every table; and a scan by a host that no table knows.
  const friday = 1499449910;
  writeDay(join(days, 'Friday-WorkingHours.pcap'), [
    ...quiet(friday - 600, friday + 900),
    ...scan('172.16.0.1', '192.168.10.50', friday, 60),
    ...scan('192.168.10.17', '192.168.10.3', friday + 600, 60),
  ]);

  for (const variant of VARIANTS) {
    it(`by ${variant}: the port scan is found, what nobody labelled is a false alert, Monday is quiet`, async () => {
      const { stdout, stderr, code } = await tapline(
        'eval',
        'cicids2017',
        '--pcap',
        days,
        '--labels',
        variant,
        '--json',
      );
      const card = JSON.parse(stdout) as Scorecard;
      expect(code).toBe(0);
      expect(stderr).toContain('Tuesday is missing');
      const [first, second] = card.captures;
      expect([first!.kind, first!.alerts, first!.durationS]).toEqual(['benign', [], 595.1]);
      expect(second!.attacks.map((attack) => [attack.class, attack.detected, attack.by])).toEqual([
        ['port_scan', true, ['vertical-scan']],
      ]);
      expect(second!.attacks[0]!.packets).toBe(120);
      expect(second!.attacks[0]!.timeToAlertS).toBeLessThanOrEqual(20);
      expect(second!.alerts.map(({ entity, verdict }) => [entity, verdict])).toEqual([
        ['172.16.0.1', 'hit'],
        ['192.168.10.17', 'false'],
      ]);
      expect(card.made.training).toContain('2017-07-03T18:24:00Z');
      // These ten minutes are of its first four fifths.
      expect(card.overall.heldOut).toMatchObject({ falseAlerts: { count: 0, windows: 0, perHour: null } });
    });
  }

  it('keep their data in one folder for all days, which must be new', async () => {
    const data = join(folder, 'data');
    expect((await tapline('eval', 'cicids2017', '--pcap', days, '--data', data)).code).toBe(0);
    const audit = await tapline('audit', '--data', data, '--json');
    expect((JSON.parse(audit.stdout) as { sessions: unknown[] }).sessions).toHaveLength(2);
    const again = await tapline('eval', 'cicids2017', '--pcap', days, '--data', data);
    expect([again.code, again.stderr]).toEqual([2, expect.stringContaining('holds data already')]);
  });
});

describe('training', () => {
  const trained = join(folder, 'trained');
  const untrained = join(folder, 'untrained');
  const restless = join(folder, 'restless');
  for (const days of [trained, untrained, restless]) mkdirSync(days);
  const at = (day: number): number => Date.UTC(2017, 6, day, 12) / 1000;
  // Until 18:36, of which the last twelve minutes are held out; then ten minutes of Tuesday with twenty times the connections.
  const monday = office(at(3), 6.6 * 3600, 1);
  writeDay(join(trained, 'Monday-WorkingHours.pcap'), monday);
  // The same with five busy minutes before the end of learning, and five in the part that is held out.
  const busy = [at(3) + 6.2 * 3600, at(3) + 6.5 * 3600].flatMap((fromS) => office(fromS, 300, 20));
  writeDay(join(restless, 'Monday-WorkingHours.pcap'), [...monday, ...busy]);
  for (const days of [trained, untrained]) writeDay(join(days, 'Tuesday-WorkingHours.pcap'), office(at(4), 600, 20));

  /** How many alerts of unlike-history each capture has, and what the scorecard says of training. */
  async function unlike(
    days: string,
    ...options: string[]
  ): Promise<{ alerts: number[]; training: string; heldOut: HeldOut }> {
    const { stdout, code } = await tapline('eval', 'cicids2017', '--pcap', days, '--json', ...options);
    expect(code).toBe(0);
    const { captures, made, overall } = JSON.parse(stdout) as Scorecard;
    const alerts = captures.map((capture) => capture.alerts.filter(({ detector }) => detector === 'unlike-history'));
    return { alerts: alerts.map(({ length }) => length), training: made.training, heldOut: overall.heldOut! };
  }

  it('is from the first four fifths of Monday: the last one and Tuesday are judged by what was usual then', async () => {
    const { alerts, training, heldOut } = await unlike(trained);
    expect(alerts[0]).toBe(0);
    expect(alerts[1]).toBeGreaterThan(0);
    // 12:00 to 18:24 UTC in windows of 10 s, those without a packet left out; the last 12 minutes taught nothing.
    expect(training).toMatch(/learned from 22[89]\d windows until 2017-07-03T18:24:00Z and frozen/);
    const { from, falseAlerts, unlikeHistory, allowedPerHour } = heldOut;
    expect([from, falseAlerts.count, unlikeHistory.count, allowedPerHour]).toEqual([
      '2017-07-03T18:24:00.000000000Z',
      0,
      0,
      0.042,
    ]);
    expect(falseAlerts.windows).toBeGreaterThanOrEqual(70);
    expect(unlikeHistory.hours).toBeCloseTo(0.2, 1);
  }, 180_000);

  it('leaves the rest of Monday to count false alerts on, and only that', async () => {
    const { alerts, heldOut } = await unlike(restless);
    expect(alerts).toEqual([2]);
    expect([heldOut.unlikeHistory.count, heldOut.falseAlerts.count]).toEqual([1, 1]);
  }, 180_000);

  it('ends where --freeze-after says so: half of Monday is too little to judge by', async () => {
    const { alerts, training } = await unlike(trained, '--freeze-after', '2017-07-03T15:00:00Z');
    expect(alerts).toEqual([0, 0]);
    expect(training).toMatch(/until 2017-07-03T15:00:00Z, and 10\d\d windows are too few/);
  }, 180_000);

  it('is none without Monday', async () => {
    const { alerts, training } = await unlike(untrained);
    expect(alerts).toEqual([0]);
    expect(training).toContain('0 windows are too few');
  });
});

describe('the label tables', () => {
  it('have the attacks of the data set, in time order and on their day', () => {
    for (const variant of VARIANTS) {
      const labels = labelsOf(variant);
      const days = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday'];
      expect([...new Set(labels.map(({ path }) => path))], variant).toEqual(days);
      for (const { path, fromS, toS, name } of labels.filter((label) => label.fromS !== undefined)) {
        const midnight = Date.UTC(2017, 6, 3 + days.indexOf(path)) / 1000;
        expect(fromS! > midnight && toS! < midnight + 86_400, name).toBe(true);
      }
    }
    // Times of the measured table in the words of the place, UTC-3.
    const ssh = labelsOf('cns2022').find(({ name }) => name === 'SSH-Patator')!;
    const adt = (seconds: number): string => new Date((seconds - 3 * 3600) * 1000).toISOString().slice(11, 19);
    expect([adt(ssh.fromS!), adt(ssh.toS!)]).toEqual(['14:09:01', '16:04:19']);
  });

  const flows = CAPTURES && join(CAPTURES, 'Mondirkb+dataset-CIC-IDS-2017/data');
  it.skipIf(flows === undefined)('hold the real labelled flows in their spans, by host and minute', () => {
    const cases = [
      ['baseline_ddos.csv', 'DDoS LOIT', 1000],
      ['baseline_sqli.csv', 'Web SQL injection', 21],
      ['baseline_xss.csv', 'Web XSS', 652],
    ] as const;
    for (const [file, name, count] of cases) {
      const [, ...rows] = readFileSync(join(flows!, file), 'latin1').trim().split(/\r?\n/);
      expect(rows).toHaveLength(count);
      for (const variant of ['cns2022', 'official']) {
        const label = labelsOf(variant).find((one) => one.name === name)!;
        const outside = rows.filter((row) => {
          const [, source, , destination, , , time] = row.split(',');
          const fromS = minuteOf(time!);
          const named = label.attackers[0]!.text === source && label.victims[0]!.text.startsWith(`${destination!}:`);
          return !named || fromS + 60 <= label.fromS! || fromS > label.toS!;
        });
        // The official page has the injection begin at 10:40 and the rows are of 10:40 to 10:42.
        expect(outside, `${file} by ${variant}`).toEqual([]);
      }
    }
  });
});

/** Start of a minute like `7/7/2017 3:56`: day, month, local time (UTC-3) without AM or PM, so that 1 to 5 is afternoon. */
function minuteOf(text: string): number {
  const [day, month, year, hour, minute] = text.split(/\D/).map(Number) as [number, number, number, number, number];
  return Date.UTC(year, month - 1, day, (hour < 7 ? hour + 12 : hour) + 3, minute) / 1000;
}
