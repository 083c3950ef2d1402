/**
 * How unlike the sensor's history each window is, as steps against the threshold, on the time axis of the chart above it:
 * so it has no axis of its own. Alarms are filled, what was learned from or could not be judged is hatched.
 */
import type { TimeRange } from '@tapline/core/ports';
import type { ScoreSeries } from '@tapline/core/report/score-series';
import type { SeriesGap } from '@tapline/core/report/snapshot';
import { scaleLinear } from 'd3-scale';
import { h, type Child, type VNode } from '../dom/vnode.ts';
import { counted, whole } from '../format/numbers.ts';
import { dateTime, zonedTime } from '../format/times.ts';
import { cursorLine, pixel, timelineFrame, type Size, type TimelineFrame } from './time-frame.ts';

export interface ScoreStrip {
  readonly scores: ScoreSeries;
  readonly gaps: readonly SeriesGap[];
  readonly range: TimeRange;
  readonly cursorUs: number | null;
}

/** How far it has come, in words. */
export function learningText({ learnedWindows, neededWindows }: ScoreSeries): string {
  return `the history is learning: ${whole(learnedWindows ?? 0)} of ${counted(neededWindows, 'window')}`;
}

/** The buckets of the series that touch the range. */
export function scoresWithin(scores: ScoreSeries, range: TimeRange): number[] {
  return [...scores.startUs.keys()].filter(
    (index) => scores.startUs[index]! < range.toUs && scores.startUs[index]! + scores.resolutionUs > range.fromUs,
  );
}

const pattern = (id: string, size: number): VNode =>
  h(
    'pattern',
    { id, width: size, height: size, patternUnits: 'userSpaceOnUse', patternTransform: 'rotate(45)' },
    h('line', { class: id, x1: 0, y1: 0, x2: 0, y2: size }),
  );

const hatched = ({ fromUs, toUs }: TimeRange, id: string, meaning: string, frame: TimelineFrame): VNode => {
  const left = frame.x(fromUs);
  return h(
    'rect',
    {
      x: pixel(left),
      y: pixel(frame.top),
      width: pixel(Math.max(1, frame.x(toUs) - left)),
      height: pixel(frame.bottom - frame.top),
      fill: `url(#${id})`,
    },
    h('title', {}, meaning),
  );
};

const bandsOf = ({ scores, gaps, range }: ScoreStrip, frame: TimelineFrame): Child[] => [
  ...scores.bands
    .filter(({ fromUs, toUs }) => fromUs < range.toUs && toUs > range.fromUs)
    .map((band) =>
      band.state === 'learning'
        ? hatched(band, 'score-learning', 'the history was still learning', frame)
        : hatched(band, 'score-gap', 'packets are missing, so it was not judged', frame),
    ),
  ...gaps
    .filter(({ kind }) => kind !== 'incomplete')
    .map((gap) => hatched(gap, 'score-gap', 'nothing is known', frame)),
];

/** Values as steps; a new piece begins where a bucket does not follow the one before it. */
const steps = (
  { scores, range }: ScoreStrip,
  values: readonly number[],
  frame: TimelineFrame,
  y: (value: number) => number,
): string => {
  let path = '';
  let endUs = -Infinity;
  for (const index of scoresWithin(scores, range)) {
    const startUs = scores.startUs[index]!;
    const at = pixel(y(values[index]!));
    path += startUs === endUs ? `V${at}` : `M${pixel(frame.x(startUs))},${at}`;
    endUs = startUs + scores.resolutionUs;
    path += `H${pixel(frame.x(endUs))}`;
  }
  return path;
};

const alarms = ({ scores, range }: ScoreStrip, frame: TimelineFrame, y: (value: number) => number): VNode[] =>
  scoresWithin(scores, range)
    .filter((index) => scores.state[index] !== 'judged')
    .map((index) => {
      const startUs = scores.startUs[index]!;
      const [left, top] = [frame.x(startUs), y(scores.score[index]!)];
      const width = Math.max(2, frame.x(startUs + scores.resolutionUs) - left);
      const height = frame.bottom - top;
      const place = { x: pixel(left), y: pixel(top), width: pixel(width), height: pixel(height) };
      return h('rect', { class: `score-${scores.state[index]!}`, ...place });
    });

/** Alarms in a row are one stretch. */
const alarmRuns = ({ state }: ScoreSeries, shown: readonly number[]): number =>
  shown.filter((index, place) => state[index] !== 'judged' && (place === 0 || state[shown[place - 1]!] === 'judged'))
    .length;

/** One SVG as wide as the chart above it. `size` of one line of text is enough while there is no score. */
export function scoreStrip(strip: ScoreStrip, size: Size): VNode {
  const { scores, range, cursorUs } = strip;
  const frame: TimelineFrame = { ...timelineFrame(range, size), top: 1, bottom: size.height - 1 };
  const shown = scoresWithin(scores, range);
  const highest = shown.reduce((most, at) => Math.max(most, scores.score[at]!, scores.threshold[at]! * 1.2), 1);
  const y = scaleLinear([0, highest], [frame.bottom, frame.top]);
  const count = alarmRuns(scores, shown);
  const said =
    shown.length === 0 ? learningText(scores) : `${counted(count, 'stretch', 'stretches')} beyond the threshold`;
  const middle = (frame.left + frame.right) / 2;
  return h(
    'svg',
    {
      class: 'timeline score-strip',
      viewBox: `0 0 ${size.width} ${size.height}`,
      width: size.width,
      height: size.height,
      role: 'img',
      'aria-label': `Unlike its history, from ${dateTime(range.fromUs)} to ${zonedTime(range.toUs)}: ${said}.`,
    },
    h('defs', {}, pattern('score-learning', 8), pattern('score-gap', 5)),
    bandsOf(strip, frame),
    shown.length === 0
      ? h('text', { class: 'score-text', x: pixel(middle), y: size.height / 2 + 4, 'text-anchor': 'middle' }, said)
      : [
          h(
            'text',
            { x: frame.left - 8, y: pixel(y(scores.threshold[shown.at(-1)!]!) + 4), 'text-anchor': 'end' },
            scores.threshold[shown.at(-1)!]!.toFixed(1),
          ),
          ...alarms(strip, frame, y),
          h('path', { class: 'score-steps', d: steps(strip, scores.score, frame, y) }),
          h('path', { class: 'score-threshold', d: steps(strip, scores.threshold, frame, y) }),
        ],
    h('line', { class: 'score-foot', x1: frame.left, x2: frame.right, y1: frame.bottom, y2: frame.bottom }),
    cursorLine(cursorUs, frame),
  );
}
