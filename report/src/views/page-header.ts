/** The head of the page: which sensor, what the run is doing, and the number to be proud of: the closed books. */
import type { BooksSummary, Overview, RunStatus } from '@tapline/core/report/snapshot';
import { h, type Child, type VNode } from '../dom/vnode.ts';
import { percent, whole } from '../format/numbers.ts';
import { clockTime, dayOf, duration } from '../format/times.ts';
import { DEFAULT_STATE } from '../state/url-state.ts';
import { THEMES, type Theme, type View } from './model.ts';

const runText = (run: RunStatus): string => {
  if (run.state === 'waiting') return 'waiting for packets';
  if (run.state === 'finished') return 'finished';
  return run.progress === null ? 'live' : `replaying ${percent(Math.floor(run.progress * 100) / 100)}`;
};

const runPill = (view: View, run: RunStatus): VNode => {
  const stale = view.model.staleMs !== null;
  const text = stale ? `no answer for ${duration(view.model.staleMs! * 1000)}` : runText(run);
  const detail = run.source === null ? null : h('span', { class: 'run-source', title: run.source }, run.source);
  return h(
    'p',
    { class: `run run-${stale ? 'stale' : run.state}`, role: 'status' },
    h('span', { class: 'run-dot', 'aria-hidden': 'true' }),
    h('span', { class: 'run-text' }, text),
    detail,
    run.state === 'running' && run.progress !== null
      ? h(
          'span',
          { class: 'run-bar', 'aria-hidden': 'true' },
          h('span', { style: { width: `${run.progress * 100}%` } }),
        )
      : null,
  );
};

const booksTitle = (books: BooksSummary): string =>
  [
    `offered ${whole(books.offered)} = kernel dropped ${whole(books.kernelDropped)} + own ${whole(books.self)}`,
    ` + filtered ${whole(books.filtered)} + duplicate ${whole(books.duplicate)} + sent ${whole(books.sent)}\n`,
    `parsed ${whole(books.parsed)}, windowed ${whole(books.windowed)}, stored ${whole(books.stored)}, malformed ${whole(books.malformed)}`,
  ].join('');

const booksLine = (books: BooksSummary): VNode => {
  const balanced = books.unexplained === 0;
  return h(
    'div',
    {
      class: `books ${balanced ? 'balanced' : 'unbalanced'}`,
      title: booksTitle(books),
      role: 'group',
      'aria-label': 'Closed books',
    },
    h(
      'p',
      { class: 'books-count' },
      h('strong', {}, books.closedToUs === null ? '–' : whole(books.unexplained)),
      h('span', {}, ' unexplained'),
    ),
    h(
      'p',
      { class: 'books-detail' },
      books.closedToUs === null
        ? 'books not closed yet'
        : ['Books closed to ', h('time', {}, clockTime(books.closedToUs)), ` UTC · ${whole(books.offered)} packets`],
    ),
  );
};

const sensorChoice = (view: View, overview: Overview | null): VNode => {
  const names = overview?.sensors.map((summary) => summary.sensor) ?? [];
  const chosen = overview?.sensor ?? view.model.state.sensor ?? '–';
  const first = overview?.extent?.fromUs;
  const name =
    names.length < 2
      ? h('span', { class: 'sensor-name', title: chosen }, chosen)
      : h(
          'select',
          {
            'aria-label': 'Sensor',
            onchange: (event) => {
              view.actions.go({ ...DEFAULT_STATE, sensor: (event.target as HTMLSelectElement).value });
            },
          },
          names.map((sensor) => h('option', { value: sensor, selected: sensor === chosen }, sensor)),
        );
  return h(
    'p',
    { class: 'sensor' },
    name,
    first === undefined ? null : h('span', { class: 'sensor-day' }, `${dayOf(first)} UTC`),
  );
};

const THEME_GLYPHS: Readonly<Record<Theme, string>> = { system: '◐', light: '○', dark: '●' };

const themeButton = (view: View): VNode => {
  const { theme } = view.model;
  const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length]!;
  return h(
    'button',
    {
      type: 'button',
      class: 'icon',
      'aria-label': `Colours: ${theme}. Change to ${next}`,
      title: `Colours: ${theme}`,
      onclick: () => {
        view.actions.setTheme(next);
      },
    },
    THEME_GLYPHS[theme],
  );
};

const helpButton = (view: View): VNode =>
  h(
    'button',
    {
      type: 'button',
      class: 'icon',
      'aria-label': 'Keys and help',
      title: 'Keys and help (?)',
      onclick: () => {
        view.actions.showHelp(true);
      },
    },
    '?',
  );

const EMPTY_BOOKS: BooksSummary = {
  closedToUs: null,
  offered: 0,
  kernelDropped: 0,
  self: 0,
  filtered: 0,
  duplicate: 0,
  sent: 0,
  malformed: 0,
  parsed: 0,
  windowed: 0,
  stored: 0,
  unexplained: 0,
};

export function pageHeader(view: View): VNode {
  const overview = view.model.overview.value;
  const run: RunStatus = overview?.run ?? { state: 'waiting', progress: null, source: null, speed: null };
  const parts: Child[] = [
    h('h1', {}, h('span', { class: 'logo', 'aria-hidden': 'true' }), 'Tapline'),
    sensorChoice(view, overview),
    runPill(view, run),
    booksLine(overview?.books ?? EMPTY_BOOKS),
    h('div', { class: 'header-tools' }, themeButton(view), helpButton(view)),
  ];
  return h('header', { class: 'page-header', key: 'header' }, parts);
}
