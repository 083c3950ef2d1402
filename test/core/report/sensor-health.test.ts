/** What the numbers of a sensor say about its mirror, rule by rule; with real captures in test/e2e/sensor-health.test.ts. */
import { describe, expect, it } from 'vitest';
import { NO_COUNTERS, type Heartbeat } from '@tapline/core/ledger/heartbeat';
import type { KpiRow } from '@tapline/core/kpi/kpi-row';
import { NO_MIRROR_COUNTERS } from '@tapline/core/mirror/mirror-counters';
import { SensorHealth } from '@tapline/core/report/sensor-health';
import { kpiOf } from '../../fixtures/flood-evidence.ts';

const MINUTE_US = 60_000_000;
const BASE = kpiOf(0);

const row = (minute: number, values: Readonly<Record<string, number>>): KpiRow => ({
  ...BASE,
  windowStartUs: minute * MINUTE_US,
  windowEndUs: (minute + 1) * MINUTE_US,
  values: { packets: 1000, ...values },
});

const heartbeat = (more: Partial<Heartbeat>): Heartbeat => ({
  sensor: 'tap',
  session: 's',
  sequence: 1,
  arrivalUs: 0,
  watermarkUs: 0,
  lastBatch: 0,
  windowUs: MINUTE_US,
  windows: [],
  minutes: [],
  counters: { ...NO_COUNTERS },
  cpuPercent: 0,
  rssBytes: 0,
  final: true,
  ...more,
});

const findings = (rows: readonly KpiRow[], heartbeats: readonly Heartbeat[] = []): readonly string[] => {
  const health = new SensorHealth();
  for (const one of rows) health.add(one);
  return health.findings(heartbeats).map(({ kind }) => kind);
};

describe('SensorHealth', () => {
  it('finds nothing where there is nothing, and in ordinary windows', () => {
    expect(findings([])).toEqual([]);
    expect(findings([row(0, { oneWayTcp: 1, twoWayTcp: 200, syn: 60, synAck: 58, truncated: 3 })])).toEqual([]);
  });

  it('needs twenty connections of one direction before it calls a mirror asymmetric', () => {
    expect(findings([row(0, { oneWayTcp: 19, syn: 19 })])).toEqual([]);
    expect(findings([row(0, { oneWayTcp: 20, syn: 20 })])).toEqual(['asymmetric-mirror']);
  });

  it('adds windows up, so that a quiet link is judged over ten minutes', () => {
    const rows = Array.from({ length: 10 }, (_, minute) => row(minute, { oneWayTcp: 2, syn: 2 }));
    expect(findings(rows.slice(1))).toEqual([]);
    expect(findings(rows)).toEqual(['asymmetric-mirror']);
  });

  it('asks the handshakes where connections of one direction are not four times as many', () => {
    const some = { oneWayTcp: 30, twoWayTcp: 20 };
    expect(findings([row(0, { ...some, syn: 100, synAck: 20 })])).toEqual([]);
    expect(findings([row(0, { ...some, syn: 100, synAck: 19 })])).toEqual(['asymmetric-mirror']);
    expect(findings([row(0, { ...some, syn: 19, synAck: 100 })])).toEqual(['asymmetric-mirror']);
    expect(findings([row(0, { oneWayTcp: 80, twoWayTcp: 20, syn: 100, synAck: 100 })])).toEqual(['asymmetric-mirror']);
  });

  it('does not take a flood of SYN that nobody answers for a mirror', () => {
    expect(findings([row(0, { packets: 50_000, oneWayTcp: 3, twoWayTcp: 40, syn: 50_000, synAck: 12 })])).toEqual([]);
  });

  it('says from when to when it showed, however long the rest of the range is', () => {
    const health = new SensorHealth();
    for (let minute = 0; minute < 60; minute++) {
      const isCut = minute >= 20 && minute < 40;
      health.add(row(minute, isCut ? { truncated: 500 } : {}));
    }
    expect(health.findings([])).toMatchObject([
      { kind: 'snap-length', fromUs: 20 * MINUTE_US, toUs: 40 * MINUTE_US, part: 10_000, whole: 20_000, share: 0.5 },
    ]);
  });

  it('says what the kernel dropped out of what was offered', () => {
    const health = new SensorHealth();
    health.add(row(0, { dropShare: 0.2 }));
    const [found] = health.findings([]);
    expect(found).toMatchObject({ kind: 'kernel-drops', part: 250, whole: 1250, share: 0.2 });
    expect(found!.text).toContain('about 250 of 1,250 packets (20 %)');
  });

  it('sums copies and disorder over sessions, and says what was too late', () => {
    const counters = { ...NO_COUNTERS, offered: 1000, sent: 950, duplicate: 50 };
    const mirror = { ...NO_MIRROR_COUNTERS, reordered: 20, displacedMostUs: 3500, beyondHorizon: 1 };
    const health = new SensorHealth();
    const found = health.findings([heartbeat({ counters, mirror }), heartbeat({ session: 't', counters })]);
    expect(found).toMatchObject([
      { kind: 'duplicates', fromUs: null, toUs: null, part: 100, whole: 2000 },
      { kind: 'reordering', part: 21, whole: 2000 },
    ]);
    expect(found[1]!.text).toMatch(/20 were put in order, displaced by 3.5 ms at most; 1 came too late/u);
  });

  it('says nothing of a packet or two', () => {
    const counters = { ...NO_COUNTERS, offered: 100, sent: 91, duplicate: 9, late: 9 };
    expect(findings([], [heartbeat({ counters })])).toEqual([]);
  });
});
