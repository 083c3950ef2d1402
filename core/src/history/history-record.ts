/**
 * What is stored of a sensor's history: where it stands, where it stood at the last hour and the last day, so that a window
 * that changes late can be gone back to, and the alerts that may not have been written yet.
 */
import { PipelineError } from '../errors.ts';
import type { Alert } from '../detect/alert.ts';
import type { UsualRow } from '../detect/usual.ts';
import { ByteReader } from '../sketch/byte-reader.ts';
import { ByteWriter } from '../sketch/byte-writer.ts';
import type { ScoreRow } from './score-row.ts';

const VERSION = 3;
/** The first with rows of what is usual, the first with scores; older ones are still read. */
const VERSION_USUAL = 2;
const VERSION_SCORES = 3;
const CHARACTERS_MOST = 4_000_000;
const HOUR_US = 3_600e6;
const DAY_US = 24 * HOUR_US;
/** A history this short is folded anew from its beginning; a longer one is not, and what is older is not learned from. */
const ANEW_MOST_US = 8 * DAY_US;

/** A history as bytes (History.encode); no bytes before the first window. */
export interface HistoryPoint {
  readonly uptoUs: number;
  readonly state: Uint8Array;
}

export const BEGINNING: HistoryPoint = { uptoUs: -Infinity, state: new Uint8Array(0) };

export type RaisedAlert = Pick<Alert, 'id' | 'windowEndUs'>;

/** What names a row of what is usual. */
export const usualKey = ({ windowStartUs, detector, feature, entity }: UsualRow): string =>
  `${windowStartUs} ${detector} ${feature} ${entity}`;

export interface HistoryReview {
  readonly fromUs: number;
  readonly toUs: number;
  readonly raised: readonly RaisedAlert[];
  /** Rows that were said again, by usualKey. */
  readonly said: readonly string[];
}

export interface HistoryRecord extends HistoryPoint {
  /** Start of the first window ever taken; Infinity before it. */
  readonly firstUs: number;
  readonly hour: HistoryPoint | undefined;
  readonly day: HistoryPoint | undefined;
  /** After going back: what was said from `fromUs` on is to be withdrawn unless it is said again until `toUs`. */
  readonly review: HistoryReview | undefined;
  /** Alerts of the last step: to be written again by whoever reads this, since the writer may have stopped before. */
  readonly outbox: readonly Alert[];
  /** The same of what is usual. */
  readonly usualOutbox: readonly UsualRow[];
  /** The same of scores. */
  readonly scoreOutbox: readonly ScoreRow[];
}

export const NO_RECORD: HistoryRecord = {
  ...BEGINNING,
  firstUs: Infinity,
  hour: undefined,
  day: undefined,
  review: undefined,
  outbox: [],
  usualOutbox: [],
  scoreOutbox: [],
};

/** The points to keep before a window is taken: where the history stands when an hour or a day begins. */
export function pointsAt(
  record: HistoryRecord,
  windowStartUs: number,
  now: () => HistoryPoint,
): Pick<HistoryRecord, 'hour' | 'day'> {
  const { uptoUs, hour, day } = record;
  const isNew = (spanUs: number): boolean =>
    uptoUs > -Infinity && Math.floor(windowStartUs / spanUs) !== Math.floor((uptoUs - 1) / spanUs);
  if (!isNew(HOUR_US)) return { hour, day };
  const point = now();
  return { hour: point, day: isNew(DAY_US) ? point : day };
}

/**
 * The record as it was before a window that has changed; the same record when that is too long ago, or still to come.
 * @param recent a later point than those of the record, where the caller has one
 */
export function goBack(record: HistoryRecord, windowStartUs: number, recent?: HistoryPoint): HistoryRecord {
  if (windowStartUs >= record.uptoUs) return record;
  const { hour, day, firstUs, uptoUs, review } = record;
  const beginning = uptoUs - Math.min(firstUs, windowStartUs) <= ANEW_MOST_US ? BEGINNING : undefined;
  const point = [recent, hour, day, beginning].find((one) => one !== undefined && one.uptoUs <= windowStartUs);
  if (point === undefined) return record;
  const stays = (one: HistoryPoint | undefined): HistoryPoint | undefined =>
    one !== undefined && one.uptoUs <= point.uptoUs ? one : undefined;
  return {
    ...point,
    firstUs: point.uptoUs === -Infinity ? Infinity : firstUs,
    hour: stays(hour),
    day: stays(day),
    review: {
      fromUs: Math.min(point.uptoUs, review?.fromUs ?? Infinity),
      toUs: Math.max(uptoUs, review?.toUs ?? -Infinity),
      // What was over by then stays; what was still open will be said again.
      raised: review?.raised.filter(({ windowEndUs }) => windowEndUs <= point.uptoUs) ?? [],
      said: review?.said.filter((key) => parseInt(key, 10) < point.uptoUs) ?? [],
    },
    outbox: [],
    usualOutbox: [],
    scoreOutbox: [],
  };
}

export function encodeRecord(record: HistoryRecord): Uint8Array {
  const { uptoUs, state, hour, day, firstUs, review, outbox, usualOutbox, scoreOutbox } = record;
  const writer = new ByteWriter(state.length + 4096);
  writer.u8(VERSION);
  writer.f64(firstUs);
  for (const point of [{ uptoUs, state }, hour, day]) {
    writer.u8(point === undefined ? 0 : 1);
    if (point === undefined) continue;
    writer.f64(point.uptoUs);
    writer.varint(point.state.length);
    writer.raw(point.state);
  }
  writer.u8(review === undefined ? 0 : 1);
  if (review !== undefined) {
    writer.f64(review.fromUs);
    writer.f64(review.toUs);
    writer.text(JSON.stringify(review.raised));
    writer.text(JSON.stringify(review.said));
  }
  writer.text(JSON.stringify(outbox));
  writer.text(JSON.stringify(usualOutbox));
  writer.text(JSON.stringify(scoreOutbox));
  return writer.finish();
}

/** @throws PipelineError WIRE_VERSION when another version wrote it, WIRE_CORRUPT when it is damaged */
export function decodeRecord(bytes: Uint8Array): HistoryRecord {
  const reader = new ByteReader(bytes);
  const version = reader.u8();
  if (version < 1 || version > VERSION)
    throw new PipelineError('WIRE_VERSION', `a history of version ${version}, this build reads ${VERSION}`);
  const firstUs = reader.f64();
  const point = (): HistoryPoint | undefined =>
    reader.u8() === 0 ? undefined : { uptoUs: reader.f64(), state: reader.raw(reader.varint()).slice() };
  const now = point();
  const [hour, day] = [point(), point()];
  let review: HistoryRecord['review'];
  if (reader.u8() !== 0) {
    const [fromUs, toUs] = [reader.f64(), reader.f64()];
    const raised = JSON.parse(reader.text(CHARACTERS_MOST)) as RaisedAlert[];
    const said = version < VERSION_USUAL ? [] : (JSON.parse(reader.text(CHARACTERS_MOST)) as string[]);
    review = { fromUs, toUs, raised, said };
  }
  const outbox = JSON.parse(reader.text(CHARACTERS_MOST)) as Alert[];
  const rows = <T>(since: number): T[] => (version < since ? [] : (JSON.parse(reader.text(CHARACTERS_MOST)) as T[]));
  const usualOutbox = rows<UsualRow>(VERSION_USUAL);
  const scoreOutbox = rows<ScoreRow>(VERSION_SCORES);
  reader.end();
  return { ...(now ?? BEGINNING), firstUs, hour, day, review, outbox, usualOutbox, scoreOutbox };
}
