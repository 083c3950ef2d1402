/**
 * The whole state of the page in the URL hash, versioned: `#v=1&from=…&to=…&metric=bits&alert=…`, and `page=…&of=…` for
 * every page but the overview: `#v=1&page=hosts&of=10.0.0.1`, `#v=1&page=alert&of=<id>`. A link reproduces
 * what its sender saw; anything that is not understood falls back to the default instead of breaking the page.
 */

import { isZone, UTC } from '../format/time-zone.ts';
import { alertListParameters, readAlertList, WHOLE_LIST, type AlertListState } from './alert-list-state.ts';

export const METRICS = ['packets', 'bits'] as const;
export type Metric = (typeof METRICS)[number];

export interface PacketQuery {
  readonly host: string | null;
  readonly peer: string | null;
  readonly port: number | null;
  readonly protocol: string | null;
}

/** One URL each. `hosts` is the list of hosts or, with a subject, one host; `alert` always has a subject. */
export const PAGES = ['overview', 'hosts', 'packets', 'pipeline', 'scorecard', 'alert'] as const;
export type PageName = (typeof PAGES)[number];

export interface PageState {
  readonly page: PageName;
  /** What the page is about: the address of a host, the id of an alert. */
  readonly subject: string | null;
  /** The text in the filter bar of the packets (docs/query.md); null = none was asked for. */
  readonly filter: string | null;
  readonly sensor: string | null;
  /** Fixed range in microseconds; null follows everything there is. */
  readonly range: { readonly fromUs: number; readonly toUs: number } | null;
  readonly metric: Metric;
  /** What times are written in: `UTC`, `local` (of whoever opens the link), or a name of the IANA time zone database. */
  readonly zone: string;
  /** What the side panel of the overview shows; at most one of alert, window, query and view is set. */
  readonly alert: string | null;
  /** Start of the chosen window, microseconds. */
  readonly window: number | null;
  readonly query: PacketQuery | null;
  readonly view: 'books' | null;
  /** Charts shown as tables, sorted by name. */
  readonly tables: readonly string[];
  readonly list: AlertListState;
}

export const DEFAULT_STATE: PageState = {
  page: 'overview',
  subject: null,
  filter: null,
  sensor: null,
  range: null,
  metric: 'packets',
  zone: UTC,
  alert: null,
  window: null,
  query: null,
  view: null,
  tables: [],
  list: WHOLE_LIST,
};

const VERSION = '1';
const TEXT_LIMIT = 300;
const FILTER_LIMIT = 1000;

const NO_PANEL = { alert: null, window: null, query: null, view: null } as const;

const wholeNumber = (text: string | null): number | null => {
  if (text === null || !/^-?\d{1,16}$/u.test(text)) return null;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : null;
};

const shortText = (text: string | null, limit = TEXT_LIMIT): string | null =>
  text === null || text === '' || text.length > limit ? null : text;

const readRange = (parameters: URLSearchParams): PageState['range'] => {
  const fromUs = wholeNumber(parameters.get('from'));
  const toUs = wholeNumber(parameters.get('to'));
  return fromUs === null || toUs === null || toUs <= fromUs ? null : { fromUs, toUs };
};

const readZone = (text: string | null): string => (text !== null && isZone(text) ? text : DEFAULT_STATE.zone);

const readQuery = (parameters: URLSearchParams): PacketQuery | null => {
  const port = wholeNumber(parameters.get('port'));
  const query: PacketQuery = {
    host: shortText(parameters.get('host')),
    peer: shortText(parameters.get('peer')),
    port: port !== null && port >= 0 && port <= 65_535 ? port : null,
    protocol: shortText(parameters.get('proto')),
  };
  return Object.values(query).every((value) => value === null) ? null : query;
};

const readTables = (text: string | null): readonly string[] =>
  [...new Set((text ?? '').split('.').filter((name) => /^[a-z-]{1,30}$/u.test(name)))].sort();

const SUBJECTS: readonly PageName[] = ['hosts', 'alert'];

/** An alert without its id is nothing to show. */
const readPage = (parameters: URLSearchParams): Pick<PageState, 'page' | 'subject' | 'filter'> => {
  const page = PAGES.find((name) => name === parameters.get('page')) ?? DEFAULT_STATE.page;
  const subject = SUBJECTS.includes(page) ? shortText(parameters.get('of')) : null;
  if (page === 'alert' && subject === null) return { page: DEFAULT_STATE.page, subject: null, filter: null };
  return { page, subject, filter: page === 'packets' ? shortText(parameters.get('q'), FILTER_LIMIT) : null };
};

/** What the side panel shows; only the overview has one. */
const readPanel = (parameters: URLSearchParams, page: PageName): Pick<PageState, keyof typeof NO_PANEL> => {
  if (page !== 'overview') return NO_PANEL;
  const alert = shortText(parameters.get('alert'));
  if (alert !== null) return { ...NO_PANEL, alert };
  const window = wholeNumber(parameters.get('window'));
  if (window !== null) return { ...NO_PANEL, window };
  const query = readQuery(parameters);
  if (query !== null) return { ...NO_PANEL, query };
  return parameters.get('view') === 'books' ? { ...NO_PANEL, view: 'books' } : NO_PANEL;
};

/** Reads a hash as `location.hash` has it. Never throws. */
export function parseState(hash: string): PageState {
  const parameters = new URLSearchParams(hash.replace(/^#/u, ''));
  if (parameters.get('v') !== VERSION) return DEFAULT_STATE;
  const metric = METRICS.find((name) => name === parameters.get('metric')) ?? DEFAULT_STATE.metric;
  const shown = readPage(parameters);
  return {
    ...shown,
    sensor: shortText(parameters.get('sensor')),
    range: readRange(parameters),
    metric,
    zone: readZone(parameters.get('tz')),
    ...readPanel(parameters, shown.page),
    tables: readTables(parameters.get('tables')),
    list: readAlertList(parameters),
  };
}

/** The hash of a state, with `#`; what is default is left out. */
export function formatState(state: PageState): string {
  const parameters = new URLSearchParams({ v: VERSION });
  const add = (name: string, value: string | number | null | undefined): void => {
    if (value !== null && value !== undefined) parameters.set(name, String(value));
  };
  if (state.page !== DEFAULT_STATE.page) add('page', state.page);
  add('of', state.subject);
  add('q', state.filter);
  add('sensor', state.sensor);
  add('from', state.range?.fromUs);
  add('to', state.range?.toUs);
  if (state.metric !== DEFAULT_STATE.metric) add('metric', state.metric);
  if (state.zone !== DEFAULT_STATE.zone) add('tz', state.zone);
  add('alert', state.alert);
  add('window', state.window);
  add('host', state.query?.host);
  add('peer', state.query?.peer);
  add('port', state.query?.port);
  add('proto', state.query?.protocol);
  add('view', state.view);
  if (state.tables.length > 0) add('tables', state.tables.join('.'));
  for (const [name, value] of alertListParameters(state.list)) parameters.set(name, value);
  return `#${parameters.toString()}`;
}

/** Opens something in the side panel of the overview, closing whatever was there. */
export function withPanel(
  state: PageState,
  panel: Partial<Pick<PageState, 'alert' | 'window' | 'query' | 'view'>>,
): PageState {
  return { ...state, page: 'overview', subject: null, filter: null, ...NO_PANEL, ...panel };
}

/** Goes to another page, which keeps the sensor, the time and how charts are drawn. */
export function withPage(
  state: PageState,
  page: PageName,
  { subject = null, filter = null }: Partial<Pick<PageState, 'subject' | 'filter'>> = {},
): PageState {
  return { ...state, page, subject, filter, ...NO_PANEL };
}

/** The alert that is open, in the side panel or on its page. */
export function openAlert(state: PageState): string | null {
  return state.page === 'alert' ? state.subject : state.alert;
}

export function withList(state: PageState, list: Partial<AlertListState>): PageState {
  return { ...state, list: { ...state.list, ...list } };
}

export function withTable(state: PageState, chart: string, shown: boolean): PageState {
  const others = state.tables.filter((name) => name !== chart);
  return { ...state, tables: shown ? [...others, chart].sort() : others };
}
