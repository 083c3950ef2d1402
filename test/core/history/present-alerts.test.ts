/** Alerts as they are shown: with what is usual for their host, and without those that are no more than that. */
import type { Alert } from '@tapline/core/detect/alert';
import { reason } from '@tapline/core/detect/detector';
import { compare, type Baseline, type UsualRow } from '@tapline/core/detect/usual';
import { weighReasons } from '@tapline/core/detect/weigh-reasons';
import { presentAlerts, type PresentedAlerts } from '@tapline/core/history/present-alerts';
import { describe, expect, it } from 'vitest';

const WINDOW_US = 10e6;
const DAY_US = 86_400e6;
const HOUR_US = 3_600e6;
const START_US = 20_000 * DAY_US + 12 * HOUR_US;

function alert(packets: number, more: Partial<Alert> = {}): Alert {
  return {
    id: 'a',
    sensor: 'tap',
    detector: 'udp-flood',
    detectorVersion: 1,
    entity: '10.0.0.5:514',
    windowStartUs: START_US,
    windowEndUs: START_US + 6 * WINDOW_US,
    firstPacketUs: START_US,
    lastPacketUs: START_US + 1,
    severity: 'medium',
    score: 0.6,
    state: 'confirmed',
    windows: 6,
    summary: '',
    reasons: weighReasons([
      reason('packets received', packets, 'packets', 5000),
      reason('received per packet sent', packets, 'ratio', 20),
    ]),
    contributors: [],
    attack: [],
    complete: true,
    quality: { confidence: 1, doubts: [] },
    config: '0123456789ab',
    filter: { fromUs: START_US, toUs: START_US + 2, host: '10.0.0.5' },
    ...more,
  };
}

const BASELINE: Baseline = {
  median: 3980,
  p99: 4988,
  most: 5100,
  mean: 4000,
  variance: 90_000,
  windows: 27_648,
  sinceUs: START_US - 3.2 * DAY_US,
};

function row(value: number, more: Partial<UsualRow> = {}): UsualRow {
  const baseline = more.baseline ?? BASELINE;
  return {
    sensor: 'tap',
    windowStartUs: START_US,
    windowEndUs: START_US + WINDOW_US,
    detector: 'udp-flood',
    feature: 'packets received',
    entity: '10.0.0.5',
    unit: 'packets',
    value,
    spanWindows: 1,
    baseline,
    comparison: compare(value, baseline, 5000, WINDOW_US),
    ...more,
  };
}

const present = (alerts: readonly Alert[], usual: readonly UsualRow[], withUsual = false): PresentedAlerts =>
  presentAlerts(alerts, { allowList: [], usual, withUsual });

describe('alerts as they are shown', () => {
  it('say what is usual for their host, and how far beyond that they are', () => {
    const { shown, usualHidden } = present([alert(39_400)], [row(39_400)]);
    expect(usualHidden).toBe(0);
    expect(shown[0]!.usual).toEqual({
      class: 'unusual',
      text:
        'usual for this host: median 3,980, p99 4,988 packets in 10 s over 3.2 days; ' +
        'this is 7.9 times p99, p < 1e-12',
    });
    const [packets, share] = shown[0]!.reasons;
    expect(packets).toMatchObject({ baseline: 4988, floor: 5000, ratio: 7.88 });
    expect(share).toMatchObject({ baseline: null, ratio: 1970 });
    expect(packets!.contribution + share!.contribution).toBeCloseTo(1);
  });

  it('are counted and not shown when they are no more than usual, unless they are asked for', () => {
    expect(present([alert(12_000)], [row(12_000)])).toMatchObject({ shown: [], usualHidden: 1 });
    const { shown, usualHidden } = present([alert(12_000)], [row(12_000)], true);
    expect([shown.map(({ usual }) => usual?.class), usualHidden]).toEqual([['usual'], 0]);
  });

  it('are held against the baseline with their own peak, which no row has told of yet', () => {
    expect(present([alert(39_400)], [row(6000)]).shown).toMatchObject([{ usual: { class: 'unusual' } }]);
  });

  it('stay shown when a row of their time called them unusual, whatever was learned since', () => {
    const late = { ...BASELINE, p99: 40_000, median: 39_000, most: 41_000, mean: 39_000 };
    const rows = [row(39_400), row(39_400, { windowStartUs: START_US + WINDOW_US, baseline: late })];
    expect(present([alert(39_400)], rows).shown).toMatchObject([{ usual: { class: 'unusual' } }]);
    expect(present([alert(39_400)], rows.slice(1)).usualHidden).toBe(1);
  });

  it('are shown while less than a day is known, and say so', () => {
    const learning = { ...BASELINE, windows: 41 };
    const { shown } = present([alert(12_000)], [row(12_000, { baseline: learning })]);
    expect(shown[0]!.usual).toEqual({
      class: 'learning',
      text: 'learning what is usual for this host: 41 of 8,640 windows',
    });
    expect(shown[0]!.reasons[0]).toMatchObject({ baseline: null, ratio: 2.4 });
  });

  it('say "below" of a host of which nothing was noted', () => {
    const nothing = { ...BASELINE, median: 0, p99: 0, most: 0, mean: 0, variance: 0 };
    const { shown } = present([alert(12_000)], [row(12_000, { baseline: nothing })]);
    expect(shown[0]!.usual).toEqual({
      class: 'unusual',
      text: 'usual for this host: median below 100, p99 below 100 packets in 10 s over 3.2 days; p < 1e-12',
    });
  });

  it('are left as they are without rows about them: other host, sensor, detector, long before, withdrawn', () => {
    const others = [
      row(12_000, { entity: '10.0.0.6' }),
      row(12_000, { sensor: 'other' }),
      row(12_000, { detector: 'icmp-flood' }),
      row(12_000, { windowStartUs: START_US - HOUR_US - WINDOW_US }),
      row(12_000, { windowStartUs: START_US + 6 * WINDOW_US }),
      row(12_000, { isWithdrawn: true }),
    ];
    expect(present([alert(12_000)], others)).toEqual({ shown: [alert(12_000)], suppressed: [], usualHidden: 0 });
  });

  it('are shown when only one of the reasons they were raised for is usual', () => {
    const reasons = weighReasons([
      reason('connections of one source', 200, 'connections', 100),
      reason('requests of one source', 9000, 'requests', 1000),
    ]);
    const web = alert(0, { detector: 'http-flood', reasons });
    const about = { detector: 'http-flood', unit: 'connections' } as const;
    const known = { ...BASELINE, median: 150, p99: 180, most: 200, mean: 150, variance: 400 };
    const connections = row(200, { ...about, feature: 'connections of one source', baseline: known });
    expect(present([web], [connections]).shown).toHaveLength(1);
    const requests = row(9000, { ...about, feature: 'requests of one source', baseline: known });
    expect(present([web], [connections, requests]).shown).toMatchObject([{ usual: { class: 'unusual' } }]);
  });

  it('are the allow-list’s before they are usual', () => {
    const allowList = [{ entity: '10.0.0.5', reason: 'syslog', until: '2100-01-01' }];
    const presented = presentAlerts([alert(12_000)], { allowList, usual: [row(12_000)], withUsual: false });
    expect(presented).toMatchObject({ shown: [], usualHidden: 0, suppressed: [{ alerts: 1 }] });
  });
});
