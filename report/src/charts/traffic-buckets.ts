/**
 * Turns the sparse series of the API into the dense buckets a chart draws: a second without traffic is zero only where
 * the books vouch for it; where nothing is known yet there is no bucket, so the chart shows a gap and never a false zero.
 */
import type { PreviousTime, SeriesGap, TrafficSeries } from '@tapline/core/report/snapshot';
import type { TimeRange } from '@tapline/core/ports';
import type { Metric } from '../state/url-state.ts';

export interface TrafficBucket {
  readonly startUs: number;
  readonly endUs: number;
  /** Per second, in the order of the series' classes; null where nothing is known. */
  readonly rates: readonly number[] | null;
}

/** The unit of a metric's rates. */
export function rateUnit(metric: Metric): string {
  return metric === 'packets' ? 'packets/s' : 'bit/s';
}

/** Every bucket that touches the range, ascending. Rates are packets or bits per second. */
export function trafficBuckets(
  series: TrafficSeries,
  gaps: readonly SeriesGap[],
  range: TimeRange,
  metric: Metric,
): TrafficBucket[] {
  const { resolutionUs } = series;
  const columns = metric === 'packets' ? series.packets : series.bytes;
  const scale = (metric === 'packets' ? 1 : 8) / (resolutionUs / 1e6);
  const open = gaps.filter((gap) => gap.kind !== 'incomplete');
  const buckets: TrafficBucket[] = [];
  let next = 0;
  for (let at = Math.floor(range.fromUs / resolutionUs) * resolutionUs; at < range.toUs; at += resolutionUs) {
    while (next < series.startUs.length && series.startUs[next]! < at) next++;
    const endUs = at + resolutionUs;
    if (series.startUs[next] === at) {
      buckets.push({ startUs: at, endUs, rates: columns.map((column) => column[next]! * scale) });
    } else {
      const unknown = open.some((gap) => gap.fromUs < endUs && gap.toUs > at);
      buckets.push({ startUs: at, endUs, rates: unknown ? null : columns.map(() => 0) });
    }
  }
  return buckets;
}

/** The time before the shown range, moved onto it. */
export function bucketsBefore(
  previous: PreviousTime | null,
  range: TimeRange,
  metric: Metric,
): readonly TrafficBucket[] {
  if (previous?.range.toUs !== range.fromUs) return [];
  const shiftUs = range.toUs - range.fromUs;
  return trafficBuckets(previous.series, previous.gaps, previous.range, metric).map(({ startUs, endUs, rates }) => ({
    startUs: startUs + shiftUs,
    endUs: endUs + shiftUs,
    rates,
  }));
}

/** Undefined where there is none. */
export function bucketAt(buckets: readonly TrafficBucket[], timeUs: number): TrafficBucket | undefined {
  return buckets.find(({ startUs, endUs }) => timeUs >= startUs && timeUs < endUs);
}

export function peakOf(buckets: readonly TrafficBucket[]): number {
  return buckets.reduce((most, bucket) => Math.max(most, totalRate(bucket)), 0);
}

export function totalRate(bucket: TrafficBucket): number {
  return (bucket.rates ?? []).reduce((sum, rate) => sum + rate, 0);
}
