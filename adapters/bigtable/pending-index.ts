/**
 * Which windows of a sensor are to be looked at, so that nobody has to look at all of them. Three rows per sensor, each a
 * list of marks, a mark being a cell whose column is `start#token` with a token that is never used again:
 *
 * - `changed`: somebody wrote to the window since it was last looked at. Every write to a window's row is followed by one.
 * - `ready`, `waiting`: when last looked at, the window needed scoring, and was all there or was not.
 *
 * Looking takes marks, then reads the windows' states, then settles: it writes marks into the list where each window
 * belongs, and at last deletes the marks it took. So a window that waits is looked at once per change and then costs
 * nothing until it is stale, and marks are never counted, compared or updated.
 *
 * No window that needs scoring is without a mark, whatever runs at the same time or stops half-way, because a mark is
 * deleted only by somebody who saw it *before* reading the state of its window, and who then found that the window needs
 * no scoring or wrote another mark *before* deleting. (Another mark that is there already would not do: two who look at
 * the same time could each rely on the one that the other deletes.) Take the last write after which a window needs
 * scoring. Its mark is made after the write, so whoever deletes it has read a state with the write in it, found the window
 * in need, and left another mark; and the same holds for that one. A writer that stops before it made its mark has not
 * acknowledged its message, and will be back. Two who settle the same marks leave two, which the next to look makes one.
 * All of this needs reads that see earlier writes: an application profile that routes to a single cluster.
 */
import { randomBytes } from 'node:crypto';
import type { Clock, WindowKey, WindowState } from '@tapline/core/ports';
import { decodeStart, encodeStart, indexRow, splitColumn } from './row-key.ts';
import { deleteColumn, setCell, wholeMilliseconds, type Rows, type RowFilter, type RowMutation } from './rows.ts';

export type List = 'changed' | 'waiting' | 'ready';

export interface Mark {
  readonly list: List;
  readonly windowStartUs: number;
  readonly column: string;
  /** Arrival time of what the window was marked for, in whole milliseconds. */
  readonly timestampUs: number;
}

export interface Marks {
  readonly marks: readonly Mark[];
  /** Whether there may be more: settle these, then ask again. */
  readonly more: boolean;
}

/** A window that needs scoring, and the list it belongs to. */
export interface Verdict {
  readonly list: 'waiting' | 'ready';
  readonly state: WindowState;
}

/** Marks of one list in one answer; far below the 100,000 mutations a request may have. */
const MARKS_PER_READ = 10_000;
/** Read beyond what was asked for, because some of it may turn out not to be ready any more. */
const SPARE = 64;

const EMPTY = Buffer.alloc(0);

interface Writing {
  readonly mutations: RowMutation[];
  readonly done: Promise<void>;
}

export class PendingIndex {
  readonly #rows: Rows;
  readonly #clock: Clock;
  readonly #writer = randomBytes(6).toString('hex');
  #marksMade = 0;
  readonly #open = new Map<string, Writing>();
  readonly #last = new Map<string, Promise<void>>();

  constructor(rows: Rows, clock: Clock) {
    this.#rows = rows;
    this.#clock = clock;
  }

  /**
   * Marks a window as changed; to be called after the write to its row is done. Marks asked for while another write of the
   * sensor's list is under way go together in the next.
   */
  mark({ sensor, windowStartUs }: WindowKey): Promise<void> {
    const mark = this.#set('changed', windowStartUs, this.#clock.nowUs());
    const open = this.#open.get(sensor);
    if (open !== undefined && open.mutations.length < MARKS_PER_READ) {
      open.mutations.push(mark);
      return open.done;
    }
    const mutations = [mark];
    const done = this.#writeAfter(this.#last.get(sensor), sensor, mutations);
    this.#open.set(sensor, { mutations, done });
    this.#last.set(sensor, done);
    return done;
  }

  async #writeAfter(previous: Promise<void> | undefined, sensor: string, mutations: RowMutation[]): Promise<void> {
    try {
      await previous;
    } catch {
      // Those who asked for it have been told.
    }
    if (this.#open.get(sensor)?.mutations === mutations) this.#open.delete(sensor);
    const last = this.#last.get(sensor);
    try {
      await this.#rows.mutate(indexRow(sensor, 'changed'), mutations, `marking windows of ${sensor}`);
    } finally {
      if (this.#last.get(sensor) === last) this.#last.delete(sensor);
    }
  }

  /** Everything that changed, and the first ready windows before a time, enough for `limit`. */
  async changedOrReady(sensor: string, beforeUs: number, limit: number): Promise<Marks> {
    const most = Math.min(limit + SPARE, MARKS_PER_READ);
    const before = beforeUs > Number.MAX_SAFE_INTEGER ? {} : { endQualifierOpen: qualifier(beforeUs) };
    const ready = chain({ columnRangeFilter: { familyName: 'ready', ...before } }, { cellsPerRowLimitFilter: most });
    const marks = await this.#read(sensor, ['changed', 'ready'], [CHANGED, ready]);
    return { marks, more: isFull(marks, 'changed', MARKS_PER_READ) || isFull(marks, 'ready', most) };
  }

  /** Everything that changed, and marks of windows that may have been touched for the last time at `touchedUs` or before. */
  async changedOrQuiet(sensor: string, touchedUs: number): Promise<Marks> {
    const endUs = wholeMilliseconds(touchedUs) + 1000;
    const until = endUs > Number.MAX_SAFE_INTEGER ? {} : { endTimestampMicros: Math.max(endUs, 1000) };
    const quiet = chain(
      { familyNameRegexFilter: 'waiting|ready' },
      { timestampRangeFilter: until },
      { cellsPerRowLimitFilter: MARKS_PER_READ },
    );
    const marks = await this.#read(sensor, ['changed', 'waiting', 'ready'], [CHANGED, quiet]);
    return { marks, more: LISTS.some((list) => isFull(marks, list, MARKS_PER_READ)) };
  }

  async #read(sensor: string, lists: readonly List[], filters: RowFilter[]): Promise<Mark[]> {
    const rows = lists.map((list) => indexRow(sensor, list));
    const cells = await this.#rows.read(rows, { interleave: { filters } }, `listing windows of ${sensor}`);
    return cells.map(({ family, column, timestampUs }) => ({
      list: family as List,
      windowStartUs: decodeStart(splitColumn(column).session),
      column,
      timestampUs,
    }));
  }

  /**
   * Puts the windows of these marks where they belong and deletes what is not needed any more.
   * @param verdicts read after the marks were; a window without one needs no scoring
   */
  async settle(sensor: string, marks: readonly Mark[], verdicts: ReadonlyMap<number, Verdict>): Promise<void> {
    const added: Record<List, RowMutation[]> = { changed: [], waiting: [], ready: [] };
    const deleted: Record<List, RowMutation[]> = { changed: [], waiting: [], ready: [] };
    for (const [windowStartUs, seen] of Map.groupBy(marks, (mark) => mark.windowStartUs)) {
      const verdict = verdicts.get(windowStartUs);
      if (verdict !== undefined) {
        if (seen.length === 1 && isInPlace(seen[0]!, verdict)) continue;
        added[verdict.list].push(this.#set(verdict.list, windowStartUs, verdict.state.touchedUs));
      }
      for (const { list, column } of seen) deleted[list].push(deleteColumn(list, column));
    }
    await this.#writeLists(sensor, added);
    await this.#writeLists(sensor, deleted);
  }

  async #writeLists(sensor: string, mutations: Readonly<Record<List, RowMutation[]>>): Promise<void> {
    const lists = LISTS.filter((list) => mutations[list].length > 0);
    await Promise.all(
      lists.map((list) => this.#rows.mutate(indexRow(sensor, list), mutations[list], `listing windows of ${sensor}`)),
    );
  }

  #set(list: List, windowStartUs: number, arrivalUs: number): RowMutation {
    const token = `${this.#writer}${(this.#marksMade++).toString(36)}`;
    return setCell(list, `${encodeStart(windowStartUs)}#${token}`, arrivalUs, EMPTY);
  }
}

const LISTS: readonly List[] = ['changed', 'waiting', 'ready'];

const chain = (...filters: RowFilter[]): RowFilter => ({ chain: { filters } });

const CHANGED = chain({ familyNameRegexFilter: 'changed' }, { cellsPerRowLimitFilter: MARKS_PER_READ });

function qualifier(beforeUs: number): Buffer {
  return Buffer.from(encodeStart(Math.max(Math.ceil(beforeUs), -Number.MAX_SAFE_INTEGER)));
}

/** Whether a mark says what is true: the list, and when the window was touched. */
function isInPlace({ list, timestampUs }: Mark, verdict: Verdict): boolean {
  return list === verdict.list && timestampUs === wholeMilliseconds(verdict.state.touchedUs);
}

function isFull(marks: readonly Mark[], list: List, most: number): boolean {
  let count = 0;
  for (const mark of marks) if (mark.list === list) count += 1;
  return count >= most;
}
