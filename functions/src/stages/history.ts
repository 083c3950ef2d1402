/**
 * history: takes a sensor's final windows into its history, in time order, and writes the alerts that come of it. It never
 * passes a window that is still to be scored, and goes back when one that it has passed is scored anew; so it ends with what
 * the stored windows say, whatever order they came in.
 *
 * Where several processes do this for one sensor, the record in the store is replaced only by who has read what it replaces
 * (HistoryStore.save). A process that scores a window which others may be passing at that moment replaces the record as well,
 * with the same or an earlier one, and before the window counts as scored: whoever had read the old row begins again. Alerts
 * are in the record before they are written, and are written again by the next reader, so that none is lost in between.
 */
import type { Alert } from '@tapline/core/detect/alert';
import type { UsualRow } from '@tapline/core/detect/usual';
import { PipelineError } from '@tapline/core/errors';
import { History, type HistoryOptions, type HistorySummary } from '@tapline/core/history/history';
import {
  decodeRecord,
  encodeRecord,
  goBack,
  NO_RECORD,
  pointsAt,
  usualKey,
  type HistoryPoint,
  type HistoryRecord,
} from '@tapline/core/history/history-record';
import type { IsInternal } from '@tapline/core/history/host-place';
import { decodeObservations, NO_OBSERVATIONS } from '@tapline/core/history/observations';
import type { ScoreRow } from '@tapline/core/history/score-row';
import type { KpiRow } from '@tapline/core/kpi/kpi-row';
import type { HistoryStore, PastWindow, ResultStore, WindowStore } from '@tapline/core/ports';

/** Windows read at once: an hour of ten seconds. */
const WINDOWS_PER_STEP = 360;
/** Event time that has to become final before the next step: the record is read and written once in so long. */
const STEP_US = 60_000_000;
/** Event time at the end of a session in which windows may change when another session follows at once. */
const TAIL_US = 120_000_000;
/** Times that a step is begun again because others had written meanwhile. */
const ROUNDS_AT_MOST = 32;

const WITHDRAWAL = 'windows of its time changed, and the history does not say it any more';

export interface HistoryDeps extends HistoryOptions {
  readonly store: HistoryStore;
  readonly isInternal: IsInternal;
  /** Open histories, for the only process that scores; absent where there may be others. */
  readonly kept?: Histories;
  /** How far histories were when this process last read them: until a step more is final, nobody reads them again. */
  readonly lastReadUs?: Map<string, number>;
}

export interface HistoryStageDeps {
  readonly history: HistoryDeps;
  readonly windows: Pick<WindowStore, 'firstPending'>;
  readonly results: Pick<
    ResultStore,
    'pastWindows' | 'alerts' | 'putAlerts' | 'usual' | 'putUsual' | 'scores' | 'putScores'
  >;
}

/** A record with the history it stands for. */
interface OpenHistory {
  record: HistoryRecord;
  /** Of the record in the store; 0 when there is none. */
  version: number;
  history: History;
  /** Where it stood before the last windows of a session that has ended: another may follow within the same window. */
  recent?: HistoryPoint;
}

/** The histories of one process, by sensor. */
export class Histories {
  readonly #open = new Map<string, OpenHistory>();

  get(sensor: string): OpenHistory | undefined {
    return this.#open.get(sensor);
  }

  set(sensor: string, open: OpenHistory | undefined): void {
    if (open === undefined) this.#open.delete(sensor);
    else this.#open.set(sensor, open);
  }
}

/**
 * Takes what has become final into the sensor's history.
 * @param finalBeforeUs event time before which nothing of the sensor can change any more
 * @returns the alerts that are new, changed or withdrawn; they are written
 * @throws PipelineError STORE
 */
export async function advanceHistory(sensor: string, finalBeforeUs: number, deps: HistoryStageDeps): Promise<Alert[]> {
  const { kept, lastReadUs } = deps.history;
  const news: Alert[] = [];
  if (finalBeforeUs - (lastReadUs?.get(sensor) ?? -Infinity) < STEP_US) return news;
  for (let conflicts = 0; conflicts < ROUNDS_AT_MOST;) {
    const open = kept?.get(sensor) ?? (await load(sensor, deps));
    kept?.set(sensor, open);
    lastReadUs?.set(sensor, open.record.uptoUs);
    if (finalBeforeUs - open.record.uptoUs < STEP_US) return news;
    // Until the step is done, what is open is neither the record nor the next one.
    kept?.set(sensor, undefined);
    const step = await takeStep(sensor, finalBeforeUs, open, deps);
    if (step === 'conflict') {
      conflicts++;
      continue;
    }
    kept?.set(sensor, open);
    news.push(...step.alerts);
    if (!step.isMore) return news;
  }
  throw changing(sensor);
}

/**
 * To be called when a window was scored, its row written and not yet marked as scored.
 * @throws PipelineError STORE
 */
export async function windowChanged(row: KpiRow, finalBeforeUs: number, deps: HistoryStageDeps): Promise<void> {
  const { sensor, windowStartUs, windowEndUs } = row;
  const { kept } = deps.history;
  const known = kept?.get(sensor);
  // Nobody passes a window that is not final, so nobody has to be told of it.
  if (known === undefined ? windowEndUs > finalBeforeUs : windowStartUs >= known.record.uptoUs) return;
  kept?.set(sensor, undefined);
  for (let round = 0; round < ROUNDS_AT_MOST; round++) {
    const { record, version } = await load(sensor, deps);
    const back = goBack(record, windowStartUs, round === 0 ? known?.recent : undefined);
    if (await deps.history.store.save(sensor, encodeRecord(back), version)) return;
  }
  throw changing(sensor);
}

/** How far a sensor's history has come; undefined when there is none. */
export async function historySummary(
  sensor: string,
  history: Pick<HistoryDeps, 'store' | 'falseAlarmsPerDay'>,
): Promise<(HistorySummary & { readonly uptoUs: number }) | undefined> {
  const stored = await history.store.load(sensor);
  if (stored === undefined) return undefined;
  const record = decodeRecord(stored.bytes);
  return { ...openState(record, history).summary, uptoUs: record.uptoUs };
}

async function load(sensor: string, deps: HistoryStageDeps): Promise<OpenHistory> {
  const stored = await deps.history.store.load(sensor);
  const record = stored === undefined ? NO_RECORD : decodeRecord(stored.bytes);
  // Its writer may have stopped before it wrote them.
  if (record.outbox.length > 0) await deps.results.putAlerts(record.outbox);
  if (record.usualOutbox.length > 0) await deps.results.putUsual(record.usualOutbox);
  if (record.scoreOutbox.length > 0) await deps.results.putScores(record.scoreOutbox);
  return { record, version: stored?.version ?? 0, history: open(record, deps) };
}

function open(record: HistoryRecord, { history }: HistoryStageDeps): History {
  const opened = openState(record, history);
  // What is open here may stand in the store as it was further on.
  if (record.review !== undefined) opened.repeat();
  return opened;
}

function openState({ state }: HistoryRecord, options: HistoryOptions): History {
  return state.length === 0 ? new History(options) : History.decode(state, options);
}

type Step = { readonly alerts: readonly Alert[]; readonly isMore: boolean } | 'conflict';

async function takeStep(
  sensor: string,
  finalBeforeUs: number,
  known: OpenHistory,
  deps: HistoryStageDeps,
): Promise<Step> {
  const { results, history: options } = deps;
  const before = known.record;
  const pendingUs = (await deps.windows.firstPending(sensor)) ?? Infinity;
  const range = { fromUs: before.uptoUs, toUs: Math.min(finalBeforeUs, pendingUs) };
  const read = range.toUs > range.fromUs ? await results.pastWindows(sensor, range, WINDOWS_PER_STEP) : [];
  const windows = read.filter(({ kpi }) => kpi.windowEndUs <= range.toUs);
  if (windows.length === 0) return { alerts: [], isMore: false };
  // Whoever keeps the history open is told of the last windows again when a session follows at once.
  const isEnd = options.kept !== undefined && finalBeforeUs === Infinity;
  const { hour, day } = takeWindows(windows, known, isEnd ? windows.at(-1)!.kpi.windowEndUs - TAIL_US : Infinity);
  const said = { changed: known.history.takeChanged(), usual: known.history.takeUsual(), uptoUs: known.history.uptoUs };
  const { review, gone, goneUsual } = await reviewed(sensor, before, said, deps);
  const alerts = [...said.changed, ...gone];
  const usual = [...said.usual, ...goneUsual];
  const taken = known.history.takeScores();
  const scores = [...taken, ...(await goneScores(sensor, before, taken, deps))];
  const isMore = read.length === WINDOWS_PER_STEP;
  const point = { uptoUs: known.history.uptoUs, firstUs: Math.min(before.firstUs, windows[0]!.kpi.windowStartUs) };
  // The state is written down when it is stored, and not at every step of a history that is kept open.
  const outboxes = { outbox: alerts, usualOutbox: usual, scoreOutbox: scores };
  const next: HistoryRecord = { ...point, state: before.state, hour, day, review, ...outboxes };
  // The only process writes when others would miss something, and when it may be the last time. Scores alone are no such
  // thing: whoever goes on from an older record says them again.
  const isNews = alerts.length + usual.length > 0;
  const mustSave = options.kept === undefined || isNews || hour !== before.hour || finalBeforeUs === Infinity;
  if (mustSave) {
    const record = { ...next, state: known.history.encode() };
    if (!(await options.store.save(sensor, encodeRecord(record), known.version))) return 'conflict';
    known.version++;
  }
  known.record = next;
  if (alerts.length > 0) await results.putAlerts(alerts);
  if (usual.length > 0) await results.putUsual(usual);
  await results.putScores(scores);
  return { alerts, isMore };
}

function takeWindows(
  windows: readonly PastWindow[],
  open: OpenHistory,
  tailUs: number,
): Pick<HistoryRecord, 'hour' | 'day'> {
  const { record, history } = open;
  let now = record;
  let isTail = false;
  for (const { kpi, observations } of windows) {
    const { windowStartUs } = kpi;
    if (!isTail && windowStartUs >= tailUs) {
      open.recent = { uptoUs: history.uptoUs, state: history.encode() };
      isTail = true;
    }
    const points = pointsAt(now, windowStartUs, () => ({ uptoUs: history.uptoUs, state: history.encode() }));
    const seen = observations === undefined ? NO_OBSERVATIONS : decodeObservations(observations, windowStartUs);
    history.take({ row: kpi, observations: seen });
    now = { ...now, ...points, uptoUs: history.uptoUs };
  }
  return now;
}

/** What came of a step. */
interface Said {
  readonly changed: readonly Alert[];
  readonly usual: readonly UsualRow[];
  readonly uptoUs: number;
}

interface Reviewed {
  readonly review: HistoryRecord['review'];
  readonly gone: readonly Alert[];
  readonly goneUsual: readonly UsualRow[];
}

/** After going back: what of the history stands in the store although the windows do not say it any more. */
async function reviewed(
  sensor: string,
  { review }: HistoryRecord,
  { changed, usual, uptoUs }: Said,
  { results }: HistoryStageDeps,
): Promise<Reviewed> {
  if (review === undefined) return { review, gone: [], goneUsual: [] };
  const saidAgain = [...review.said, ...usual.map(usualKey)];
  const told = [...review.raised, ...changed].map(({ id, windowEndUs }) => [id, { id, windowEndUs }] as const);
  const raised = new Map(told);
  if (uptoUs < review.toUs)
    return { review: { ...review, raised: [...raised.values()], said: saidAgain }, gone: [], goneUsual: [] };
  const stored = await results.alerts(sensor, { fromUs: review.fromUs, toUs: Infinity });
  const gone = stored
    .filter((alert) => alert.isFromHistory === true && alert.state !== 'withdrawn' && !raised.has(alert.id))
    .filter((alert) => alert.windowEndUs > review.fromUs)
    .map((alert): Alert => ({ ...alert, state: 'withdrawn', withdrawal: WITHDRAWAL }));
  const keys = new Set(saidAgain);
  const known = await results.usual(sensor, { fromUs: review.fromUs, toUs: review.toUs });
  const goneUsual = known
    .filter((row) => row.isWithdrawn !== true && !keys.has(usualKey(row)))
    .map((row): UsualRow => ({ ...row, isWithdrawn: true }));
  return { review: undefined, gone, goneUsual };
}

/** After going back, of the time that a step took: rows of windows that are not there any more. Every window has a row. */
async function goneScores(
  sensor: string,
  { review, uptoUs }: HistoryRecord,
  taken: readonly ScoreRow[],
  { results }: HistoryStageDeps,
): Promise<ScoreRow[]> {
  if (review === undefined) return [];
  const known = await results.scores(sensor, { fromUs: uptoUs, toUs: taken.at(-1)!.windowEndUs });
  const starts = new Set(taken.map(({ windowStartUs }) => windowStartUs));
  return known
    .filter((row) => row.isWithdrawn !== true && !starts.has(row.windowStartUs))
    .map((row): ScoreRow => ({ ...row, isWithdrawn: true }));
}

function changing(sensor: string): PipelineError {
  return new PipelineError('STORE', `the history of sensor ${sensor} is being changed by others all the time`, {
    retriable: true,
  });
}
