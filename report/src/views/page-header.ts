/** The head of the page: which sensor, what the run is doing, and the number to be proud of: the closed books. */
import type { BooksSummary, Overview, RunStatus } from '@tapline/core/report/snapshot';
import { h, type Child, type VNode } from '../dom/vnode.ts';
import { percent, whole } from '../format/numbers.ts';
import { zoneAt } from '../format/time-zone.ts';
import { clockTime, dayOf, duration, zonedTime } from '../format/times.ts';
import { DEFAULT_STATE, formatState, withPanel } from '../state/url-state.ts';
import { THEMES, type Theme, type View } from './model.ts';
import { signOutButton } from './sign-in.ts';
import { zoneChoice } from './zone-choice.ts';

const BLANK = '\u00a0';

const runText = (run: RunStatus): string => {
  if (run.state === 'waiting') return 'waiting for packets';
  if (run.state === 'finished') return 'finished';
  return run.progress === null ? 'live' : `replaying ${percent(Math.floor(run.progress * 100) / 100)}`;
};

/** The last part of a path: the rest is in the title. */
const fileName = (source: string | null): string | undefined => source?.split(/[/\\]/u).at(-1);

const runPill = (view: View, run: RunStatus): VNode => {
  const { staleMs } = view.model;
  const stale = staleMs !== null;
  const text = stale ? `no answer for ${duration(staleMs * 1000)}` : runText(run);
  // A line that is empty still takes its place, so that the header keeps its height.
  const detail = h('span', { class: 'run-source', title: run.source }, fileName(run.source) ?? BLANK);
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

const booksLine = (view: View, books: BooksSummary | null): VNode => {
  const closed = books !== null && books.closedToUs !== null;
  const balanced = books?.unexplained === 0;
  const shown = view.model.state.view === 'books';
  return h(
    'a',
    {
      class: `books ${balanced ? 'balanced' : 'unbalanced'}`,
      href: formatState(withPanel(view.model.state, { view: shown ? null : 'books' })),
      title: 'Show the books',
      'aria-current': shown ? 'true' : null,
    },
    h(
      'span',
      { class: 'books-count' },
      h('strong', {}, closed ? whole(books.unexplained) : '–'),
      h('span', {}, ' unexplained'),
    ),
    h(
      'span',
      { class: 'books-detail' },
      closed
        ? [
            'Books closed to ',
            h('time', {}, clockTime(books.closedToUs)),
            ` ${zoneAt(books.closedToUs / 1000)} · ${whole(books.offered)} packets`,
          ]
        : 'books not closed yet',
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
              view.actions.go({
                ...DEFAULT_STATE,
                zone: view.model.state.zone,
                sensor: (event.target as HTMLSelectElement).value,
              });
            },
          },
          names.map((sensor) => h('option', { value: sensor, selected: sensor === chosen }, sensor)),
        );
  return h(
    'p',
    { class: 'sensor' },
    name,
    h('span', { class: 'sensor-day' }, first === undefined ? BLANK : dayOf(first), ' ', zoneChoice(view)),
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

/** A saved report has nothing to save, and says when it was. */
const saveButton = (view: View): VNode => {
  const { savedMs, overview } = view.model;
  if (savedMs !== null) {
    return h('p', { class: 'saved-note' }, 'Saved ', h('time', {}, zonedTime(savedMs * 1000)));
  }
  return h(
    'button',
    {
      type: 'button',
      class: 'icon',
      'aria-label': 'Save this report as one file',
      title: 'Save this report as one file, to open without a server',
      disabled: overview.value === null,
      onclick: () => {
        view.actions.saveReport();
      },
    },
    h(
      'svg',
      { class: 'glyph', viewBox: '0 0 16 16', width: 16, height: 16, 'aria-hidden': 'true' },
      h('path', { d: 'M8 2v8M4.5 7 8 10.5 11.5 7M3 13.5h10' }),
    ),
  );
};

export function pageHeader(view: View): VNode {
  const overview = view.model.overview.value;
  const run: RunStatus = overview?.run ?? { state: 'waiting', progress: null, source: null, speed: null };
  const parts: Child[] = [
    h('h1', {}, h('span', { class: 'logo', 'aria-hidden': 'true' }), 'Tapline'),
    sensorChoice(view, overview),
    runPill(view, run),
    booksLine(view, overview?.books ?? null),
    h('div', { class: 'header-tools' }, saveButton(view), signOutButton(view), themeButton(view), helpButton(view)),
  ];
  return h('header', { class: 'page-header', key: 'header' }, parts);
}
