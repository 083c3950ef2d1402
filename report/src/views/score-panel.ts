/** Below the traffic: how unlike its history the sensor's windows are. One line while it learns, a chart once it judges. */
import type { TimeRange } from '@tapline/core/ports';
import type { ScoreSeries } from '@tapline/core/report/score-series';
import type { Overview } from '@tapline/core/report/snapshot';
import { featureName } from '../charts/ratio-bars.ts';
import { scoreStrip, scoresWithin } from '../charts/score-strip.ts';
import { timelineFrame, type Size } from '../charts/time-frame.ts';
import { h, type VNode } from '../dom/vnode.ts';
import { measured, short } from '../format/numbers.ts';
import { inZone } from '../format/time-zone.ts';
import { clockTime, isoTime } from '../format/times.ts';
import { figure, type Table } from './figure.ts';
import type { View } from './model.ts';
import { gapsWithin, shownRange } from './shown-range.ts';
import { timelinePlot } from './timeline-plot.ts';

const CHART_HEIGHT = 48;
const LINE_HEIGHT = 20;

const isJudged = (overview: Overview | null): boolean => (overview?.scores.startUs.length ?? 0) > 0;

/** What the chart takes more than the line, in CSS pixels (styles/score.css): the traffic gives it, and nothing moves. */
export function scoreTakes(overview: Overview | null, width: number): number {
  if (!isJudged(overview)) return 0;
  return width < 480 ? 92 : 72;
}

const STATE_WORDS = {
  judged: '',
  alarm: ', an alarm',
  incident: ', an incident that nothing is learned from',
} as const;

/** A bucket in words: `12:04:30: score 4.2 of 3.9, an alarm: flows 8,120 where 95 is usual (one window in 16 k)`. */
const words = (scores: ScoreSeries, index: number): string => {
  const score = scores.score[index]!;
  const { name, unit, value, usual } = scores.feature[index]!;
  const state = STATE_WORDS[scores.state[index] as keyof typeof STATE_WORDS];
  return (
    `${clockTime(scores.startUs[index]!)}: score ${score.toFixed(1)} of ${scores.threshold[index]!.toFixed(1)}${state}: ` +
    `${featureName(name)} ${measured(value, unit)} where ${measured(usual, unit)} is usual ` +
    `(one window in ${short(Math.round(10 ** score))})`
  );
};

/** What is pointed at, or the highest while nothing is. */
const said = (scores: ScoreSeries, range: TimeRange, cursorUs: number | null): string => {
  const shown = scoresWithin(scores, range);
  if (cursorUs === null) {
    const highest = shown.reduce<number | undefined>(
      (best, at) => (best === undefined || scores.score[at]! > scores.score[best]! ? at : best),
      undefined,
    );
    return highest === undefined ? 'no window was judged here' : `highest ${words(scores, highest)}`;
  }
  const at = shown.find(
    (index) => cursorUs >= scores.startUs[index]! && cursorUs < scores.startUs[index]! + scores.resolutionUs,
  );
  return at === undefined ? `${clockTime(cursorUs)}: not judged` : words(scores, at);
};

const legend = (text: string): VNode =>
  h(
    'div',
    { class: 'score-legend' },
    h(
      'ul',
      { 'aria-label': 'Legend' },
      ['score', 'threshold', 'alarm'].map((name) =>
        h('li', {}, h('span', { class: `score-key score-key-${name}`, 'aria-hidden': 'true' }), name),
      ),
    ),
    h('p', { class: 'score-said', title: text }, text),
  );

const table = ({ scores }: Overview): Table => {
  const judged = scores.startUs.map((startUs, index): [number, (string | number)[]] => {
    const { name, unit, value, usual } = scores.feature[index]!;
    const numbers = [scores.score[index]!, scores.threshold[index]!];
    return [startUs, [isoTime(startUs), scores.state[index]!, ...numbers, featureName(name), value, usual, unit]];
  });
  const bands = scores.bands.map(({ fromUs, state }): [number, (string | number)[]] => [
    fromUs,
    [isoTime(fromUs), state, '', '', '', '', '', ''],
  ]);
  return {
    columns: [
      { name: inZone('time') },
      { name: 'state' },
      { name: 'score', numeric: true },
      { name: 'threshold', numeric: true },
      { name: 'least probable' },
      { name: 'value', numeric: true },
      { name: 'usual', numeric: true },
      { name: 'unit', wide: true },
    ],
    rows: [...judged, ...bands].sort(([a], [b]) => a - b).map(([, cells]) => cells),
  };
};

const plot = (view: View, overview: Overview, range: TimeRange, height: number): VNode => {
  const { model } = view;
  const size: Size = { width: model.width, height };
  const geometry = {
    frame: timelineFrame(range, size),
    range,
    extent: overview.extent ?? range,
    resolutionUs: overview.scores.resolutionUs,
    windowUs: overview.windowUs,
  };
  const gaps = gapsWithin(overview, range);
  const strip = scoreStrip({ scores: overview.scores, gaps, range, cursorUs: model.cursorUs }, size);
  return timelinePlot(view, geometry, 'Unlike its history', strip);
};

export function scorePanel(view: View): VNode {
  const overview = view.model.overview.value;
  const range = shownRange(view, overview);
  if (overview === null || range === null || !isJudged(overview)) {
    const isKnown = overview !== null && range !== null && overview.scores.learnedWindows !== null;
    return h(
      'section',
      { class: 'figure score-line', key: 'score', 'aria-label': 'Unlike its history' },
      isKnown
        ? plot(view, overview, range, LINE_HEIGHT)
        : h('p', { class: 'score-said' }, overview === null ? '' : 'No window has been compared with the history yet.'),
    );
  }
  return figure(view, {
    name: 'score',
    title: 'Unlike its history',
    picture: true,
    table: () => table(overview),
    chart: () => [legend(said(overview.scores, range, view.model.cursorUs)), plot(view, overview, range, CHART_HEIGHT)],
  });
}
