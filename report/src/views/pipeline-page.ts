/** The health of the pipeline: which sensors are heard, how far their packets got, what was lost where, and why. */
import type { SensorPipeline, SensorState, SessionHealth } from '@tapline/core/report/pipeline-report';
import type { BooksSummary } from '@tapline/core/report/snapshot';
import { barList, type BarRow } from '../charts/bar-list.ts';
import { h, type Child, type VNode } from '../dom/vnode.ts';
import { counted, percent, short, whole } from '../format/numbers.ts';
import { inZone } from '../format/time-zone.ts';
import { dateTime, duration } from '../format/times.ts';
import { cellTable, figure } from './figure.ts';
import type { View } from './model.ts';
import { pending } from './panel.ts';
import { tile } from './tiles.ts';

const STATE_TEXT: Readonly<Record<SensorState, string>> = {
  alive: 'alive',
  blind: 'blind',
  ended: 'ended in order',
  silent: 'sends no heartbeats',
};

/** Where packets can be, in order; a hop that is not on the way has no count. */
const HOPS = ['sent', 'published', 'bridged', 'parsed', 'windowed', 'stored'] as const;
const HOP_NOTES: Readonly<Record<(typeof HOPS)[number], string>> = {
  sent: 'by the sensor',
  published: 'acknowledged by the broker',
  bridged: 'carried on to Pub/Sub',
  parsed: 'decoded',
  windowed: 'counted in windows',
  stored: 'kept',
};

const hopRows = (books: BooksSummary): BarRow[] =>
  HOPS.flatMap((hop) => {
    const value = books[hop];
    if (value === undefined) return [];
    const behind = books.sent - value;
    const lag = hop === 'sent' ? '' : behind > 0 ? ` · ${whole(behind)} behind` : ' · up to date';
    return [{ key: hop, value, text: `${whole(value)}${lag}`, note: HOP_NOTES[hop] }];
  });

const lossRows = ({ counters }: SensorPipeline): BarRow[] => {
  const { offered, kernelDropped, filtered, duplicate, self, late, malformed } = counters;
  const share = (count: number): string => (count === 0 || offered === 0 ? '' : ` · ${percent(count / offered)}`);
  const causes: readonly (readonly [string, number, string])[] = [
    ['kernel dropped', kernelDropped, 'lost before the sensor could read them'],
    ['filtered', filtered, 'left out by a filter'],
    ['duplicate', duplicate, 'second copies, left out'],
    ['own traffic', self, 'left out'],
    ['late', late, 'sent, after their window had ended'],
    ['malformed', malformed, 'sent, and counted'],
  ];
  return causes.map(([key, value, note]) => ({ key, value, text: `${whole(value)}${share(value)}`, note }));
};

/** Since when something was, by the reader's clock; a clock that is behind says nothing. */
const ago = (view: View, timeUs: number): string => {
  const spanUs = view.model.nowMs * 1000 - timeUs;
  return spanUs < 0 ? 'just now' : `${duration(spanUs)} ago`;
};

const heartbeatTile = (view: View, { state, blindSinceUs, sessions }: SensorPipeline): VNode => {
  const last = sessions[0];
  if (last === undefined) return tile('Heartbeat', '–', 'none was ever heard');
  const note =
    blindSinceUs === null
      ? `${counted(last.heartbeats, 'heartbeat')} of this session`
      : `nothing seen since ${dateTime(blindSinceUs)}`;
  return tile('Heartbeat', state === 'ended' ? 'ended' : ago(view, last.arrivalUs), note);
};

const tiles = (view: View, pipeline: SensorPipeline): VNode => {
  const { books, sessions } = pipeline;
  const last = sessions[0];
  const lagUs =
    last?.watermarkUs == null || books.closedToUs === null ? null : Math.max(0, last.watermarkUs - books.closedToUs);
  const spooled = sessions.reduce<number | null>(
    (sum, { spooledBatches }) => (spooledBatches === null ? sum : (sum ?? 0) + spooledBatches),
    null,
  );
  return h(
    'dl',
    { class: 'tiles' },
    heartbeatTile(view, pipeline),
    tile(
      'Books closed to',
      books.closedToUs === null ? '–' : dateTime(books.closedToUs).slice(11),
      lagUs === null ? 'not yet' : lagUs === 0 ? 'all that was announced' : `${duration(lagUs)} behind the sensor`,
    ),
    tile(
      'Unexplained',
      whole(books.unexplained),
      books.unexplained === 0 ? 'every packet is explained' : 'packets that no counter explains',
    ),
    tile('Under way', whole(books.underWay), 'packets not through every hop'),
    tile(
      'In the spool',
      spooled === null ? '–' : whole(spooled),
      spooled === null ? 'no broker on the way' : 'batches that wait for the broker',
    ),
    tile(
      'Sensor',
      last === undefined ? '–' : percent(last.cpuPercent / 100),
      last === undefined ? '' : `CPU, ${short(last.rssBytes, 'B')} of memory`,
    ),
  );
};

const lostTable = ({ discrepancies, discrepanciesLeftOff }: BooksSummary): Child[] =>
  discrepancies.length === 0
    ? []
    : [
        h('h3', {}, 'Lost on the way'),
        cellTable(
          [{ name: 'batches' }, { name: 'not' }, { name: 'packets', numeric: true }],
          discrepancies.map(({ batches, hop, packets }) => [
            batches,
            hop,
            packets === null ? 'unknown' : whole(packets),
          ]),
          'Batches that are missing',
        ),
        discrepanciesLeftOff > 0 ? h('p', { class: 'hint' }, `and ${whole(discrepanciesLeftOff)} more`) : null,
      ];

const travel = ({ arrivalUs, leftUs }: SessionHealth): string =>
  leftUs === null ? '–' : duration(Math.max(0, arrivalUs - leftUs));

const sessionsTable = (view: View, { sensor, sessions, sessionsLeftOff }: SensorPipeline): Child[] =>
  sessions.length === 0
    ? []
    : [
        h('h3', {}, 'Sessions'),
        cellTable(
          [
            { name: 'session' },
            { name: 'last heartbeat' },
            { name: 'batches', numeric: true },
            { name: 'unpublished', numeric: true },
            { name: 'heartbeat travelled', numeric: true, wide: true },
            { name: inZone('packets up to'), numeric: true, wide: true },
          ],
          sessions.map((session) => [
            session.session,
            session.final ? 'goodbye' : ago(view, session.arrivalUs),
            whole(session.batches),
            session.unpublishedBatches === null ? '–' : whole(session.unpublishedBatches),
            travel(session),
            session.watermarkUs === null ? '–' : dateTime(session.watermarkUs),
          ]),
          `Sessions of ${sensor}`,
        ),
        sessionsLeftOff > 0 ? h('p', { class: 'hint' }, `and ${counted(sessionsLeftOff, 'older session')}`) : null,
      ];

/** Findings about the mirror are judged over the windows of the shown sensor only. */
const findings = (view: View, { sensor }: SensorPipeline): Child[] => {
  const overview = view.model.overview.value;
  if (overview?.sensor !== sensor || overview.health.length === 0) return [];
  return [
    h('h3', {}, 'What the sensor says about its mirror'),
    ...overview.health.map(({ text }) =>
      h('p', { class: 'finding' }, `${text.charAt(0).toUpperCase()}${text.slice(1)}.`),
    ),
  ];
};

const sensorPanel = (view: View, pipeline: SensorPipeline, index: number): VNode => {
  const { sensor, state, books } = pipeline;
  const hops = hopRows(books);
  const losses = lossRows(pipeline);
  return figure(view, {
    // Names of figures have no digits.
    name: `sensor-${String(index).replaceAll(/\d/gu, (digit) => 'abcdefghij'[Number(digit)]!)}`,
    title: sensor,
    note: h('span', { class: `sensor-state state-${state}` }, STATE_TEXT[state]),
    table: () => ({
      columns: [{ name: 'count' }, { name: 'packets', numeric: true }, { name: 'meaning' }],
      rows: [...hops, ...losses].map(({ key, value, note }) => [key, value, note ?? '']),
    }),
    chart: () => [
      tiles(view, pipeline),
      ...findings(view, pipeline),
      h(
        'div',
        { class: 'pair pipeline-lists' },
        h('div', {}, h('h3', {}, 'Packets, hop by hop'), barList(hops)),
        h('div', {}, h('h3', {}, `Not sent, or odd, of ${whole(books.offered)} offered`), barList(losses)),
      ),
      ...lostTable(books),
      ...sessionsTable(view, pipeline),
    ],
  });
};

const elsewhere = (): VNode =>
  h(
    'section',
    { class: 'panel', key: 'elsewhere', 'aria-labelledby': 'elsewhere-title' },
    h('header', { class: 'panel-head' }, h('h2', { id: 'elsewhere-title' }, 'Not known to this page')),
    h(
      'div',
      { class: 'panel-body' },
      h('p', {}, 'Dead letters, which nobody could use: ', h('code', {}, 'tapline dlq list'), ' names them.'),
      h(
        'p',
        {},
        'Cost so far: ',
        h('code', {}, 'tapline run --on services'),
        ' counts what it uses and says at its end what that costs at list prices. A run in one process costs nothing but this machine.',
      ),
    ),
  );

export function pipelinePage(view: View): VNode[] {
  const remote = view.model.pipeline;
  if (remote.value === null)
    return [h('section', { class: 'panel panel-body pipeline-wait', key: 'wait' }, pending(view, remote))];
  const { sensors, sensorsLeftOff } = remote.value;
  const empty = h(
    'section',
    { class: 'panel panel-body pipeline-wait', key: 'none' },
    h('p', { class: 'empty' }, 'No sensor has sent anything yet.'),
  );
  return [
    ...(sensors.length === 0 ? [empty] : sensors.map((pipeline, index) => sensorPanel(view, pipeline, index))),
    ...(sensorsLeftOff > 0
      ? [h('p', { class: 'hint', key: 'more' }, `and ${counted(sensorsLeftOff, 'more sensor')}`)]
      : []),
    elsewhere(),
  ];
}
