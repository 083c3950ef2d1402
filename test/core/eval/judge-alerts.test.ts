/** Label tables, display filters and the judgement of alerts, on small cases worked out by hand. */
import { describe, expect, it } from 'vitest';
import type { Alert, DetectorName } from '@tapline/core/detect/alert';
import { displayFilter } from '@tapline/core/eval/display-filter';
import { parseHosts, splitEndpoint } from '@tapline/core/packet/host-range';
import { judgeCapture, type RaisedAlert } from '@tapline/core/eval/judge-alerts';
import { parseLabels } from '@tapline/core/eval/labels';
import { makeScorecard } from '@tapline/core/eval/make-scorecard';
import type { CaptureTruth } from '@tapline/core/eval/truth';

const WINDOW_US = 10e6;
const HEAD = 'path\tclass\tattacker\tvictim\ttreatment\tattack_packets_display_filter';

/** A capture of ten windows; each label has one packet count per window from the given one on. */
function truthOf(
  rows: readonly string[],
  counts: readonly (readonly [from: number, ...packets: number[]])[],
): CaptureTruth {
  const labels = parseLabels([HEAD, ...rows].join('\n'));
  return {
    windowUs: WINDOW_US,
    packets: 1000,
    firstUs: 0,
    lastUs: 10 * WINDOW_US - 1,
    traffic: Array.from({ length: 10 }, (_, index) => index * WINDOW_US),
    labels: labels.map((label, index) => {
      const [from, ...packets] = counts[index]!;
      return {
        label,
        basis: 'packets',
        packets: packets.reduce((sum, one) => sum + one, 0),
        firstUs: packets.length === 0 ? Infinity : from * WINDOW_US + 1e6,
        lastUs: packets.length === 0 ? -Infinity : (from + packets.length) * WINDOW_US - 1e6,
        windows: new Map(packets.map((one, window) => [(from + window) * WINDOW_US, one])),
        attackers: label.attackers,
        victims: label.victims,
      };
    }),
  };
}

const raised = (detector: DetectorName, entity: string, alarms: Readonly<Record<number, number>>): RaisedAlert => ({
  alert: {
    id: `${detector} ${entity}`,
    detector,
    entity,
    severity: 'low',
    score: 0.5,
    windowStartUs: 0,
    windowEndUs: 0,
    summary: '',
  } as unknown as Alert,
  alarms: new Map(Object.entries(alarms).map(([window, score]) => [(Number(window) + 1) * WINDOW_US, score])),
});

const SCAN = 'x.pcap\tport_scan\t192.0.2.66\t192.0.2.80';

describe('an alert', () => {
  const verdictOf = (one: RaisedAlert, rows = [SCAN], counts: Parameters<typeof truthOf>[1] = [[3, 5, 5]]): string =>
    judgeCapture(truthOf(rows, counts), [one]).alerts[0]!.verdict;

  it('is a hit only by an accepted detector, about the right side, in the time of the attack', () => {
    expect(verdictOf(raised('vertical-scan', '192.0.2.66', { 3: 0.7 }))).toBe('hit');
    expect(verdictOf(raised('vertical-scan', '192.0.2.80', { 3: 0.7 }))).toBe('misnamed');
    expect(verdictOf(raised('horizontal-scan', '192.0.2.66', { 3: 0.7 }))).toBe('misnamed');
    expect(verdictOf(raised('vertical-scan', '192.0.2.67', { 3: 0.7 }))).toBe('false');
    expect(verdictOf(raised('vertical-scan', '192.0.2.66', { 1: 0.7 }))).toBe('false');
  });

  it('may come in the first window after the attack, and no later', () => {
    expect(verdictOf(raised('vertical-scan', '192.0.2.66', { 5: 0.7 }))).toBe('hit');
    expect(verdictOf(raised('vertical-scan', '192.0.2.66', { 6: 0.7 }))).toBe('false');
  });

  it('about what labels leave out is ignored', () => {
    const rows = ['x.pcap\tport_scan\t192.0.2.66\t192.0.2.80\tignore'];
    expect(verdictOf(raised('vertical-scan', '192.0.2.66', { 3: 0.7 }), rows)).toBe('ignored');
  });

  it('that names a port must name the attacked one', () => {
    const rows = ['x.pcap\tsyn_flood\t198.18.0.0/16\t192.0.2.80:80'];
    const counts = [[3, 500, 500]] as const;
    expect(verdictOf(raised('syn-flood', '192.0.2.80:80', { 3: 0.7 }), rows, counts)).toBe('hit');
    expect(verdictOf(raised('syn-flood', '192.0.2.80', { 3: 0.7 }), rows, counts)).toBe('hit');
    expect(verdictOf(raised('syn-flood', '192.0.2.80:443', { 3: 0.7 }), rows, counts)).toBe('false');
  });
});

describe('an attack', () => {
  it('is as late as the end of the window that raised its first right alert', () => {
    const { attacks } = judgeCapture(truthOf([SCAN], [[3, 5, 5]]), [
      raised('horizontal-scan', '192.0.2.66', { 3: 0.9 }),
      raised('vertical-scan', '192.0.2.66', { 4: 0.7, 5: 0.8 }),
    ]);
    // From second 31 to the end of the window of 40 to 50.
    expect(attacks[0]).toMatchObject({
      detected: true,
      by: ['vertical-scan'],
      otherwise: ['horizontal-scan'],
      timeToAlertS: 19,
    });
    expect(attacks[0]!.alerts).toBe(2);
  });

  it('has positive windows where its packets are, and none where a flood only begins or has just ended', () => {
    const truth = truthOf(['x.pcap\tudp_flood\t192.0.2.1\t192.0.2.9'], [[2, 5, 900, 900]]);
    const { units } = judgeCapture(truth, [raised('udp-flood', '192.0.2.9', { 3: 0.9, 5: 0.9 })]).attacks[0]!;
    // Ten windows but the one with 5 packets and the one after the flood.
    expect(units).toHaveLength(8);
    expect(units.filter(({ positive }) => positive).map(({ score }) => score)).toEqual([0.9, 0]);
  });

  it('is not blamed for an alert that is right about another attack of the same host', () => {
    const rows = [SCAN, 'x.pcap\tport_scan\t192.0.2.66\t192.0.2.53'];
    const alert = raised('vertical-scan', '192.0.2.66', { 1: 0.8, 6: 0.8 });
    const { attacks } = judgeCapture(
      truthOf(rows, [
        [1, 9],
        [6, 9],
      ]),
      [alert],
    );
    for (const { units } of attacks)
      expect(units.filter(({ score }) => score > 0)).toEqual([{ score: 0.8, positive: true }]);
  });

  it('without a packet in the capture counts nowhere', () => {
    const judged = judgeCapture(truthOf([SCAN], [[3]]), []);
    expect([judged.attacks.length, judged.absent.length, judged.quietWindows]).toEqual([0, 1, 10]);
  });
});

describe('a scorecard', () => {
  it('adds up captures: shares, false alerts by hours of traffic, precision over windows', () => {
    const attack = judgeCapture(truthOf([SCAN], [[3, 5, 5]]), [
      raised('vertical-scan', '192.0.2.66', { 3: 0.9, 4: 0.9 }),
      raised('vertical-scan', '192.0.2.7', { 8: 0.6 }),
    ]);
    const benign = judgeCapture(truthOf(['y.pcap\tbenign'], [[0]]), [raised('brute-force', '192.0.2.5', { 2: 0.6 })]);
    const made = { seed: 1, windowS: 10 } as Parameters<typeof makeScorecard>[1];
    const captures = [
      { path: 'x.pcap', judged: attack, unexplained: 0 },
      { path: 'y.pcap', judged: benign, unexplained: 0 },
    ];
    const { overall, classes } = makeScorecard(captures, made, []);
    expect(overall.detected).toMatchObject({ count: 1, of: 1 });
    expect(overall.benignAlarmed).toMatchObject({ count: 1, of: 1 });
    expect(overall.falseAlerts).toMatchObject({ count: 1, windows: 10, perHour: 36, per1000Windows: 100 });
    // Seven windows: two of the attack and the one after it are out.
    expect(overall.falseAlertsBesideAttacks).toMatchObject({ count: 1, windows: 7 });
    expect(overall.alertPrecision).toMatchObject({ count: 1, of: 3 });
    expect(classes[0]).toMatchObject({ class: 'port_scan', medianTimeToAlertS: 9 });
    // Of three alarmed windows two are right; the brute force in the benign capture is no scan.
    expect(classes[0]!.windows).toMatchObject({ positives: 2, alarmed: 3, precision: 0.667, recall: 1, prAuc: 1 });
  });
});

describe('label tables', () => {
  it('take widened classes, several hosts among words, and both kinds of line end', () => {
    const [label] = parseLabels(
      'path\tclass\taccepted\tattacker\r\n# a remark\r\n\r\nx.pcap\tnew_thing\tbeacon,rarity\tforged, 198.18.0.0/16 and 192.0.2.1:80\r\n',
    );
    expect(label).toMatchObject({ line: 4, accepted: ['beacon', 'rarity'], treatment: 'attack' });
    expect(label!.attackers.map(({ text }) => text)).toEqual(['198.18.0.0/16', '192.0.2.1:80']);
  });

  const mistakes: readonly (readonly [text: string, said: RegExp])[] = [
    ['', /^line 1: the label table is empty/],
    ['path\tclass\n', /^line 1: .* no labels/],
    ['path\tclass\nx\tbenign\ty', /^line 2: 3 columns/],
    ['path\tclass\nx\tbenign\nx\tport_scan', /^line 3: x is labelled both/],
    ['path\tclass\taccepted\nx\tport_scan\tmagic', /^line 2: magic is not a detector/],
    ['path\tclass\tfrom_s\tto_s\nx\tport_scan\t5\t4', /^line 2: it ends before/],
    ['path\tclass\ttreatment\nx\tport_scan\tmaybe', /^line 2: treatment maybe/],
    [`${HEAD}\nx\tport_scan\t\t\t\tip.src==300.1.1.1`, /^line 2: display filter not understood/],
  ];
  for (const [text, said] of mistakes) {
    it(`name the line of a mistake: ${said.source}`, () => {
      expect(() => parseLabels(text)).toThrow(said);
    });
  }
});

describe('display filters', () => {
  for (const wrong of [
    'tls',
    'tcp &&',
    '(tcp',
    'tcp)',
    'tcp.port==x',
    'ip.src==',
    'tcp.flags.syn==2',
    'ip.src!=1.2.3.4',
    '',
  ]) {
    it(`refuse ${JSON.stringify(wrong)}`, () => {
      expect(() => displayFilter(wrong)).toThrow(/not understood/);
    });
  }
});

describe('hosts', () => {
  it('are addresses and networks of both versions, and ports', () => {
    expect(parseHosts('2001:db8::/32 [2001:db8::1]:80 see notice.log').map(({ port }) => port)).toEqual([
      undefined,
      80,
    ]);
    const [net] = parseHosts('192.168.60.0/23');
    const has = (last: number): boolean => net!.matches([0, 0, 0xffff, (0xc0a8_3c00 + last) >>> 0], 0, 4);
    expect([has(0), has(511), has(512)]).toEqual([true, true, false]);
    expect(splitEndpoint('[2001:db8::1]:80')).toEqual({ host: '2001:db8::1', port: 80 });
    expect(splitEndpoint('2001:db8::1')).toEqual({ host: '2001:db8::1', port: undefined });
  });
});
