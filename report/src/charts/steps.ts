/** Outlines of counts over time in steps: a count belongs to its whole bucket, so nothing is smoothed. */
import { area, curveStepAfter, line } from 'd3-shape';
import { totalRate, type TrafficBucket } from './traffic-buckets.ts';

interface Step {
  readonly timeUs: number;
  readonly low: number;
  readonly high: number;
  readonly known: boolean;
}

/** What a bucket's rates make of one outline: from low to high. */
type Extent = (rates: readonly number[]) => readonly [low: number, high: number];

/** The outline of one class on those before it; empty when it had no traffic. */
export function stacked(buckets: readonly TrafficBucket[], index: number): Step[] {
  return steps(buckets, index, (rates) => {
    const low = rates.slice(0, index).reduce((sum, rate) => sum + rate, 0);
    return [low, low + rates[index]!];
  });
}

/** The outline of one class from the zero line up, or down. */
export function fromZero(buckets: readonly TrafficBucket[], index: number, direction: 1 | -1): Step[] {
  return steps(buckets, index, (rates) => (direction === 1 ? [0, rates[index]!] : [-rates[index]!, 0]));
}

/** The upper edge of all classes together. */
export function totalEdge(
  buckets: readonly TrafficBucket[],
  x: (timeUs: number) => number,
  y: (value: number) => number,
): string {
  const points = buckets.flatMap((bucket, at): Step[] => {
    const known = bucket.rates !== null;
    const high = totalRate(bucket);
    const start = { timeUs: bucket.startUs, low: 0, high, known };
    const isEnd = known && (at + 1 === buckets.length || buckets[at + 1]!.rates === null);
    return isEnd ? [start, { ...start, timeUs: bucket.endUs }] : [start];
  });
  const path = line<Step>()
    .x((step) => x(step.timeUs))
    .y((step) => y(step.high))
    .defined((step) => step.known)
    .curve(curveStepAfter)
    .digits(1);
  return path(points) ?? '';
}

/** A closing point ends each run of known buckets at the end of its last bucket. */
function steps(buckets: readonly TrafficBucket[], index: number, extent: Extent): Step[] {
  const points: Step[] = [];
  if (!buckets.some((bucket) => (bucket.rates?.[index] ?? 0) > 0)) return points;
  buckets.forEach((bucket, at) => {
    if (bucket.rates === null) return;
    const [low, high] = extent(bucket.rates);
    points.push({ timeUs: bucket.startUs, low, high, known: true });
    const following = buckets[at + 1];
    if (following?.rates !== null && following !== undefined) return;
    points.push({ timeUs: bucket.endUs, low, high, known: true });
    points.push({ timeUs: bucket.endUs, low, high, known: false });
  });
  return points;
}

/** The path of an outline; empty when there is nothing to draw. */
export function outline(points: readonly Step[], x: (timeUs: number) => number, y: (value: number) => number): string {
  const path = area<Step>()
    .x((step) => x(step.timeUs))
    .y0((step) => y(step.low))
    .y1((step) => y(step.high))
    .defined((step) => step.known)
    .curve(curveStepAfter)
    .digits(1);
  return path([...points]) ?? '';
}
