/**
 * WindowStore in Bigtable: a cell per batch, so that a batch delivered again overwrites itself, and never a read before a
 * write. Beside each partial stands a small cell with its counts, from which completeness is judged; announcements are
 * cells of their own, of which the largest counts; and every write leaves a mark in the sensor's index (pending-index.ts).
 *
 * Requests: put, announce and setEmitted two each (the index's are shared by those that run at the same time), state one,
 * read one per 128 cells, ready and stale one for the marks, one per 256 windows that are looked at, and up to six to
 * settle them. What a row holds: at 100,000 packets a second some 250 batches of 2 KB, and at most 64 KB each.
 */
import { PipelineError } from '@tapline/core/errors';
import type { WindowCount } from '@tapline/core/ledger/heartbeat';
import { everythingArrived, needsScoring } from '@tapline/core/ledger/window-state';
import type { Clock, EmittedWindow, WindowCell, WindowKey, WindowState, WindowStore } from '@tapline/core/ports';
import { batchId } from '@tapline/core/wire/batch-header';
import {
  decodePartialCell,
  encodeArrival,
  encodeCount,
  encodeEmitted,
  encodePartialCell,
  encodeTotal,
} from './cell-values.ts';
import type { Cell } from './cells.ts';
import { PendingIndex, type Mark, type Verdict } from './pending-index.ts';
import { batchColumn, escapeName, shardOf, splitColumn, startOfRow, unescapeName, windowRow } from './row-key.ts';
import { deleteColumn, setCell, type Rows, type RowMutation } from './rows.ts';
import { readWindow, STATE_FILTER, type WindowReading } from './window-reading.ts';

/** Partials in one answer: up to 64 KB each. */
const CELLS_PER_READ = 128;
const ROWS_PER_READ = 256;
/** Pages of marks in one call; what is left then is left marked. */
const ROUNDS_AT_MOST = 16;
/** Marks after which a writer looks at them itself, so that the list stays short when nobody asks. */
const MARKS_UNTIL_LOOK = 2048;
/** Sensors that a writer counts marks of. */
const SENSORS_COUNTED = 10_000;

export interface BigtableWindowOptions {
  /** Rows that the batches of a window are spread over, for sensors that write faster than one server takes. */
  readonly shards?: number;
}

export class BigtableWindowStore implements WindowStore {
  readonly #rows: Rows;
  readonly #clock: Clock;
  readonly #index: PendingIndex;
  readonly #shards: number;
  readonly #marked = new Map<string, number>();

  /** @param shards the same in every process, and not to be made smaller while windows are open */
  constructor(rows: Rows, clock: Clock, { shards = 1 }: BigtableWindowOptions = {}) {
    this.#rows = rows;
    this.#clock = clock;
    this.#index = new PendingIndex(rows, clock);
    this.#shards = shards;
  }

  async put(key: WindowKey, cell: WindowCell): Promise<void> {
    const { packets, bytes } = cell;
    checkCounts([key.windowStartUs, cell.sequence, packets, bytes]);
    const nowUs = this.#clock.nowUs();
    const column = batchColumn(cell);
    await this.#write(key, shardOf(cell.batchId, this.#shards), [
      setCell('partials', column, nowUs, encodePartialCell(cell, cell.partial)),
      setCell('counts', column, nowUs, encodeCount({ packets, bytes }, nowUs)),
    ]);
  }

  async announce(key: WindowKey, session: string, total: WindowCount): Promise<void> {
    checkCounts([key.windowStartUs, total.batches, total.packets, total.bytes]);
    const nowUs = this.#clock.nowUs();
    const column = `${escapeName(session)}#${encodeTotal(total)}`;
    await this.#write(key, 0, [setCell('announced', column, nowUs, encodeArrival(nowUs))]);
  }

  /** Of two revisions the later counts, in whatever order they are written; of one revision what was written last. */
  async setEmitted(key: WindowKey, emitted: EmittedWindow): Promise<void> {
    checkCounts([key.windowStartUs, emitted.revision]);
    const nowUs = this.#clock.nowUs();
    const value = encodeEmitted({ emitted, arrivalUs: nowUs });
    const column = (revision: number): string => String(revision).padStart(8, '0');
    const replaced = emitted.revision > 1 ? [deleteColumn('emitted', column(emitted.revision - 1))] : [];
    await this.#write(key, 0, [setCell('emitted', column(emitted.revision), nowUs, value), ...replaced]);
  }

  /** The row first, then the mark: whoever sees the mark sees the write. */
  async #write(key: WindowKey, shard: number, mutations: readonly RowMutation[]): Promise<void> {
    await this.#rows.mutate(windowRow(key, shard), mutations, `writing a window of ${key.sensor}`);
    await this.#index.mark(key);
    await this.#lookNowAndThen(key.sensor);
  }

  async #lookNowAndThen(sensor: string): Promise<void> {
    const marked = (this.#marked.get(sensor) ?? 0) + 1;
    if (this.#marked.size > SENSORS_COUNTED) this.#marked.clear();
    this.#marked.set(sensor, marked % MARKS_UNTIL_LOOK);
    if (marked < MARKS_UNTIL_LOOK) return;
    try {
      await this.ready(sensor, -Infinity, 0);
    } catch {
      // The write is done. What fails here fails again, and is said, when somebody asks what is ready.
    }
  }

  async *read(key: WindowKey): AsyncIterable<WindowCell> {
    const shards = [...Array(this.#shards).keys()].map((shard) => this.#readShard(key, shard));
    for await (const { column, value } of mergeByColumn(shards)) {
      const { session: escaped, rest } = splitColumn(column);
      const session = unescapeName(escaped);
      const sequence = Number(rest);
      const id = batchId({ sensor: key.sensor, session, sequence });
      yield { batchId: id, session, sequence, ...decodePartialCell(value) };
    }
  }

  async *#readShard(key: WindowKey, shard: number): AsyncGenerator<Cell> {
    const row = windowRow(key, shard);
    let after: { startQualifierOpen?: Buffer } = {};
    for (;;) {
      const filters = [
        { columnRangeFilter: { familyName: 'partials', ...after } },
        { cellsPerColumnLimitFilter: 1 },
        { cellsPerRowLimitFilter: CELLS_PER_READ },
      ];
      const cells = await this.#rows.read([row], { chain: { filters } }, `reading a window of ${key.sensor}`);
      yield* cells;
      if (cells.length < CELLS_PER_READ) return;
      after = { startQualifierOpen: Buffer.from(cells.at(-1)!.column) };
    }
  }

  async state(key: WindowKey): Promise<WindowState | undefined> {
    return (await this.#readings(key.sensor, [key.windowStartUs]))[0]?.state;
  }

  async #readings(sensor: string, starts: readonly number[]): Promise<WindowReading[]> {
    const readings: WindowReading[] = [];
    const windowsPerRead = Math.max(1, Math.floor(ROWS_PER_READ / this.#shards));
    for (let i = 0; i < starts.length; i += windowsPerRead) {
      const rows = starts.slice(i, i + windowsPerRead).flatMap((windowStartUs) => this.#rowsOf(sensor, windowStartUs));
      const cells = await this.#rows.read(rows, STATE_FILTER, `reading windows of ${sensor}`);
      for (const [windowStartUs, found] of Map.groupBy(cells, ({ row }) => startOfRow(row))) {
        readings.push(readWindow({ sensor, windowStartUs }, found));
      }
    }
    return readings;
  }

  #rowsOf(sensor: string, windowStartUs: number): string[] {
    return [...Array(this.#shards).keys()].map((shard) => windowRow({ sensor, windowStartUs }, shard));
  }

  async ready(sensor: string, beforeUs: number, limit: number): Promise<WindowState[]> {
    const found = new Map<number, WindowState>();
    for (let round = 0; round < ROUNDS_AT_MOST; round++) {
      const { marks, more } = await this.#index.changedOrReady(sensor, beforeUs, limit);
      for (const { list, state } of await this.#look(sensor, marks)) {
        if (list === 'ready' && state.windowStartUs < beforeUs) found.set(state.windowStartUs, state);
      }
      const enough = found.size >= limit && !marks.some(({ list }) => list === 'changed');
      if (!more || enough) break;
    }
    return [...found.values()].sort((a, b) => a.windowStartUs - b.windowStartUs).slice(0, limit);
  }

  async stale(sensor: string, touchedUs: number, limit: number): Promise<WindowState[]> {
    const found = new Map<number, WindowState>();
    for (let round = 0; round < ROUNDS_AT_MOST; round++) {
      const { marks, more } = await this.#index.changedOrQuiet(sensor, touchedUs);
      for (const { state } of await this.#look(sensor, marks)) {
        if (state.touchedUs <= touchedUs) found.set(state.windowStartUs, state);
      }
      if (!more) break;
    }
    return [...found.values()].sort(byTouch).slice(0, limit);
  }

  async firstPending(sensor: string): Promise<number | undefined> {
    const pending = await this.stale(sensor, Infinity, Infinity);
    return pending.length === 0 ? undefined : Math.min(...pending.map(({ windowStartUs }) => windowStartUs));
  }

  /** Looks at the windows of these marks and settles them; returns those that need scoring. */
  async #look(sensor: string, marks: readonly Mark[]): Promise<Verdict[]> {
    const starts = [...new Set(marks.map(({ windowStartUs }) => windowStartUs))];
    const readings = await this.#readings(sensor, starts);
    const verdicts = new Map<number, Verdict>();
    for (const { state } of readings) {
      if (!needsScoring(state)) continue;
      const list = everythingArrived(state.sessions) ? 'ready' : 'waiting';
      verdicts.set(state.windowStartUs, { list, state });
    }
    await this.#index.settle(sensor, marks, verdicts);
    await Promise.all(readings.map((reading) => this.#forgetSurplus(reading)));
    return [...verdicts.values()];
  }

  async #forgetSurplus({ state, surplus }: WindowReading): Promise<void> {
    if (surplus.length === 0) return;
    const deletions = surplus.map((column) => deleteColumn('announced', column));
    await this.#rows.mutate(windowRow(state, 0), deletions, `tidying a window of ${state.sensor}`);
  }
}

const byTouch = (a: WindowState, b: WindowState): number =>
  a.touchedUs - b.touchedUs || a.windowStartUs - b.windowStartUs;

async function* mergeByColumn(sources: readonly AsyncGenerator<Cell>[]): AsyncGenerator<Cell> {
  const heads: { cell: Cell; rest: AsyncGenerator<Cell> }[] = [];
  const advance = async (rest: AsyncGenerator<Cell>): Promise<void> => {
    const next = await rest.next();
    if (next.done !== true) heads.push({ cell: next.value, rest });
  };
  await Promise.all(sources.map(advance));
  while (heads.length > 0) {
    let first = 0;
    for (let i = 1; i < heads.length; i++) if (heads[i]!.cell.column < heads[first]!.cell.column) first = i;
    const [head] = heads.splice(first, 1);
    yield head!.cell;
    await advance(head!.rest);
  }
}

/** What is no whole number could not be read back, and every later look at the window would fail. */
function checkCounts(numbers: readonly number[]): void {
  if (!numbers.every(Number.isSafeInteger)) {
    throw new PipelineError('USAGE', `a window's times and counts are whole numbers, not ${numbers.join(', ')}`);
  }
}
