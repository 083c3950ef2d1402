/** The traffic series of a range: seconds of many windows summed into buckets coarse enough to draw, and its gaps. */
import { isAboutSensor, type Alert } from '../detect/alert.ts';
import { TRAFFIC_CLASSES, type KpiRow } from '../kpi/kpi-row.ts';
import type { TimeRange } from '../ports.ts';
import type { SeriesGap, TrafficSeries } from './snapshot.ts';

const SECOND_US = 1_000_000;
/** More buckets than this are more than a screen has pixels. */
export const BUCKETS_MOST = 1500;

/** Bucket widths in seconds that people can read: they divide minutes, hours and days. */
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400] as const;

/** The finest bucket width in microseconds with which a span has at most BUCKETS_MOST buckets. */
export function resolutionFor(spanUs: number): number {
  const step = STEPS.find((seconds) => spanUs <= seconds * SECOND_US * BUCKETS_MOST);
  if (step !== undefined) return step * SECOND_US;
  const dayUs = 86_400 * SECOND_US;
  return Math.ceil(spanUs / BUCKETS_MOST / dayUs) * dayUs;
}

/** Sums the seconds of `rows` that lie in the range. A bucket that the range cuts holds only what is inside. */
export function trafficSeries(rows: readonly Pick<KpiRow, 'seconds'>[], range: TimeRange): TrafficSeries {
  const resolutionUs = resolutionFor(range.toUs - range.fromUs);
  const buckets = new Map<number, { packets: number[]; bytes: number[] }>();
  for (const row of rows) {
    for (const second of row.seconds) {
      if (second.startUs + SECOND_US <= range.fromUs || second.startUs >= range.toUs) continue;
      const startUs = Math.floor(second.startUs / resolutionUs) * resolutionUs;
      let bucket = buckets.get(startUs);
      if (bucket === undefined) {
        bucket = { packets: TRAFFIC_CLASSES.map(() => 0), bytes: TRAFFIC_CLASSES.map(() => 0) };
        buckets.set(startUs, bucket);
      }
      for (let index = 0; index < TRAFFIC_CLASSES.length; index++) {
        bucket.packets[index]! += second.packets[index] ?? 0;
        bucket.bytes[index]! += second.bytes[index] ?? 0;
      }
    }
  }
  const startUs = [...buckets.keys()].sort((a, b) => a - b);
  const column = (kind: 'packets' | 'bytes', index: number): number[] =>
    startUs.map((start) => buckets.get(start)![kind][index]!);
  return {
    resolutionUs,
    startUs,
    packets: TRAFFIC_CLASSES.map((_, index) => column('packets', index)),
    bytes: TRAFFIC_CLASSES.map((_, index) => column('bytes', index)),
  };
}

/**
 * Where the series must not be read as it stands: incomplete windows, and the holes between windows that the books do
 * not vouch for yet. A hole before `closedToUs` is silence, which is no gap.
 * @param rows ascending by start, not overlapping
 * @param closedToUs event time up to which the books are closed; null = not at all
 */
export function seriesGaps(rows: readonly KpiRow[], range: TimeRange, closedToUs: number | null): SeriesGap[] {
  const gaps: SeriesGap[] = [];
  const push = (gap: SeriesGap): void => {
    const last = gaps.at(-1);
    if (last?.kind !== gap.kind || last.toUs !== gap.fromUs) {
      gaps.push(gap);
      return;
    }
    gaps[gaps.length - 1] = { ...last, toUs: gap.toUs, missingPackets: last.missingPackets + gap.missingPackets };
  };
  let seenUs = range.fromUs;
  const hole = (toUs: number): void => {
    const fromUs = Math.max(seenUs, closedToUs ?? seenUs);
    if (toUs > fromUs) push({ fromUs, toUs, kind: 'open', missingPackets: 0 });
  };
  for (const row of rows) {
    hole(Math.min(row.windowStartUs, range.toUs));
    if (!row.complete) {
      const missingPackets = Math.max(0, row.announced.packets - row.arrived.packets);
      const fromUs = Math.max(row.windowStartUs, range.fromUs);
      push({ fromUs, toUs: Math.min(row.windowEndUs, range.toUs), kind: 'incomplete', missingPackets });
    }
    seenUs = Math.max(seenUs, row.windowEndUs);
  }
  hole(range.toUs);
  return gaps;
}

/** Where nobody was looking, by the alerts that say a sensor was blind. */
export function blindGaps(alerts: readonly Alert[], range: TimeRange): SeriesGap[] {
  return alerts
    .filter((alert) => isAboutSensor(alert) && alert.state !== 'withdrawn')
    .map(({ windowStartUs, windowEndUs }) => ({
      fromUs: Math.max(windowStartUs, range.fromUs),
      toUs: Math.min(windowEndUs, range.toUs),
    }))
    .filter(({ fromUs, toUs }) => toUs > fromUs)
    .map((span) => ({ ...span, kind: 'blind', missingPackets: 0 }));
}
