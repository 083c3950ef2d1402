/**
 * The whole state of the page in the URL hash, versioned: `#v=1&from=…&to=…&metric=bits&alert=…`. A link reproduces
 * what its sender saw; anything that is not understood falls back to the default instead of breaking the page.
 */

export const METRICS = ['packets', 'bits'] as const;
export type Metric = (typeof METRICS)[number];

export interface PacketQuery {
  readonly host: string | null;
  readonly peer: string | null;
  readonly port: number | null;
  readonly protocol: string | null;
}

export interface PageState {
  readonly sensor: string | null;
  /** Fixed range in microseconds; null follows everything there is. */
  readonly range: { readonly fromUs: number; readonly toUs: number } | null;
  readonly metric: Metric;
  /** What the side panel shows; at most one of alert, window, query and view is set. */
  readonly alert: string | null;
  /** Start of the chosen window, microseconds. */
  readonly window: number | null;
  readonly query: PacketQuery | null;
  readonly view: 'books' | null;
  /** Charts shown as tables, sorted by name. */
  readonly tables: readonly string[];
}

export const DEFAULT_STATE: PageState = {
  sensor: null,
  range: null,
  metric: 'packets',
  alert: null,
  window: null,
  query: null,
  view: null,
  tables: [],
};

const VERSION = '1';
const TEXT_LIMIT = 300;

const wholeNumber = (text: string | null): number | null => {
  if (text === null || !/^-?\d{1,16}$/u.test(text)) return null;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : null;
};

const shortText = (text: string | null): string | null =>
  text === null || text === '' || text.length > TEXT_LIMIT ? null : text;

const readRange = (parameters: URLSearchParams): PageState['range'] => {
  const fromUs = wholeNumber(parameters.get('from'));
  const toUs = wholeNumber(parameters.get('to'));
  return fromUs === null || toUs === null || toUs <= fromUs ? null : { fromUs, toUs };
};

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

/** Reads a hash as `location.hash` has it. Never throws. */
export function parseState(hash: string): PageState {
  const parameters = new URLSearchParams(hash.replace(/^#/u, ''));
  if (parameters.get('v') !== VERSION) return DEFAULT_STATE;
  const metric = METRICS.find((name) => name === parameters.get('metric')) ?? DEFAULT_STATE.metric;
  const alert = shortText(parameters.get('alert'));
  const window = alert === null ? wholeNumber(parameters.get('window')) : null;
  const query = alert === null && window === null ? readQuery(parameters) : null;
  const free = alert === null && window === null && query === null;
  return {
    sensor: shortText(parameters.get('sensor')),
    range: readRange(parameters),
    metric,
    alert,
    window,
    query,
    view: free && parameters.get('view') === 'books' ? 'books' : null,
    tables: readTables(parameters.get('tables')),
  };
}

/** The hash of a state, with `#`; what is default is left out. */
export function formatState(state: PageState): string {
  const parameters = new URLSearchParams({ v: VERSION });
  const add = (name: string, value: string | number | null | undefined): void => {
    if (value !== null && value !== undefined) parameters.set(name, String(value));
  };
  add('sensor', state.sensor);
  add('from', state.range?.fromUs);
  add('to', state.range?.toUs);
  if (state.metric !== DEFAULT_STATE.metric) add('metric', state.metric);
  add('alert', state.alert);
  add('window', state.window);
  add('host', state.query?.host);
  add('peer', state.query?.peer);
  add('port', state.query?.port);
  add('proto', state.query?.protocol);
  add('view', state.view);
  if (state.tables.length > 0) add('tables', state.tables.join('.'));
  return `#${parameters.toString()}`;
}

/** Opens something in the side panel, closing whatever was there. */
export function withPanel(
  state: PageState,
  panel: Partial<Pick<PageState, 'alert' | 'window' | 'query' | 'view'>>,
): PageState {
  return { ...state, alert: null, window: null, query: null, view: null, ...panel };
}

export function withTable(state: PageState, chart: string, shown: boolean): PageState {
  const others = state.tables.filter((name) => name !== chart);
  return { ...state, tables: shown ? [...others, chart].sort() : others };
}
