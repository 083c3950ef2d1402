/** WindowStore in SQLite: one row per cell, and small rows with the counts so that completeness needs no partial. */
import { everythingArrived, largerCounts, needsScoring, NO_COUNT } from '@tapline/core/ledger/window-state';
import type { WindowCount } from '@tapline/core/ledger/heartbeat';
import type {
  Clock,
  EmittedWindow,
  SessionWindow,
  WindowCell,
  WindowKey,
  WindowState,
  WindowStore,
} from '@tapline/core/ports';
import { batchId } from '@tapline/core/wire/batch-header';
import type { SqliteDatabase } from './database.ts';

/** Cells fetched at once: up to 64 KB each, and a reader may stop between pages. */
const PAGE_CELLS = 32;

const SQL = {
  oldCell: `SELECT packets, bytes FROM window_cell
    WHERE sensor_id = ? AND window_start_us = ? AND session_id = ? AND sequence = ?`,
  putCell: `INSERT INTO window_cell (sensor_id, window_start_us, session_id, sequence, packets, bytes, partial)
    VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET packets = excluded.packets, bytes = excluded.bytes, partial = excluded.partial`,
  cells: `SELECT sequence, packets, bytes, partial FROM window_cell
    WHERE sensor_id = ? AND window_start_us = ? AND session_id = ? AND sequence > ? ORDER BY sequence LIMIT ?`,
  session: `SELECT * FROM window_session WHERE sensor_id = ? AND window_start_us = ? AND session_id = ?`,
  sessions: `SELECT window_session.*, name.text AS session FROM window_session JOIN name ON name.id = session_id
    WHERE sensor_id = ? AND window_start_us = ? ORDER BY name.text`,
  putSession: `INSERT OR REPLACE INTO window_session VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  state: `SELECT emitted, touched_us FROM window_state WHERE sensor_id = ? AND window_start_us = ?`,
  putState: `INSERT OR REPLACE INTO window_state (sensor_id, window_start_us, touched_us, pending, ready, emitted)
    VALUES (?, ?, ?, ?, ?, ?)`,
  ready: `SELECT window_start_us FROM window_state
    WHERE ready = 1 AND sensor_id = ? AND window_start_us < ? ORDER BY window_start_us LIMIT ?`,
  firstPending: `SELECT window_start_us FROM window_state WHERE sensor_id = ? AND pending = 1
    ORDER BY window_start_us LIMIT 1`,
  stale: `SELECT window_start_us FROM window_state
    WHERE pending = 1 AND sensor_id = ? AND touched_us <= ? ORDER BY touched_us, window_start_us LIMIT ?`,
};

type Row = Record<string, unknown>;

const counts = (row: Row | undefined, kind: 'arrived' | 'announced'): WindowCount =>
  row === undefined
    ? NO_COUNT
    : {
        batches: Number(row[`${kind}_batches`]),
        packets: Number(row[`${kind}_packets`]),
        bytes: Number(row[`${kind}_bytes`]),
      };

export class SqliteWindowStore implements WindowStore {
  readonly #database: SqliteDatabase;
  readonly #clock: Clock;

  constructor(database: SqliteDatabase, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  put(key: WindowKey, cell: WindowCell): Promise<void> {
    return this.#database.write(() => {
      const sensorId = this.#database.nameId(key.sensor);
      const sessionId = this.#database.nameId(cell.session);
      const place = [sensorId, key.windowStartUs, sessionId] as const;
      const old = this.#database.statement(SQL.oldCell).get(...place, cell.sequence);
      this.#database.statement(SQL.putCell).run(...place, cell.sequence, cell.packets, cell.bytes, cell.partial);
      const row = this.#database.statement(SQL.session).get(...place);
      const arrived = counts(row, 'arrived');
      this.#putSession(place, counts(row, 'announced'), {
        batches: arrived.batches + (old === undefined ? 1 : 0),
        packets: arrived.packets + cell.packets - Number(old?.['packets'] ?? 0),
        bytes: arrived.bytes + cell.bytes - Number(old?.['bytes'] ?? 0),
      });
      this.#touch(sensorId, key.windowStartUs);
    });
  }

  #putSession(place: readonly [number, number, number], announced: WindowCount, arrived: WindowCount): void {
    const { batches, packets, bytes } = announced;
    this.#database
      .statement(SQL.putSession)
      .run(...place, arrived.batches, arrived.packets, arrived.bytes, batches, packets, bytes);
  }

  /** Recomputes whether the window waits for scoring; `emitted` replaces what the row said, unless that is a later revision. */
  #touch(sensorId: number, windowStartUs: number, emitted?: EmittedWindow): void {
    const row = this.#database.statement(SQL.state).get(sensorId, windowStartUs);
    const touchedUs = emitted && row ? Number(row['touched_us']) : this.#clock.nowUs();
    const before = parseEmitted((row?.['emitted'] ?? null) as string | null);
    const latest = emitted && emitted.revision >= (before?.revision ?? 0) ? emitted : before;
    const text = latest === undefined ? null : JSON.stringify(latest);
    const sessions = this.#sessions(sensorId, windowStartUs);
    const pending = needsScoring({ emitted: latest, sessions });
    const ready = pending && everythingArrived(sessions);
    this.#database
      .statement(SQL.putState)
      .run(sensorId, windowStartUs, touchedUs, pending ? 1 : 0, ready ? 1 : 0, text);
  }

  #sessions(sensorId: number, windowStartUs: number): SessionWindow[] {
    return this.#database
      .statement(SQL.sessions)
      .all(sensorId, windowStartUs)
      .map((row) => ({
        session: row['session'] as string,
        arrived: counts(row, 'arrived'),
        announced: counts(row, 'announced'),
      }));
  }

  async *read(key: WindowKey): AsyncIterable<WindowCell> {
    const state = await this.state(key);
    for (const { session } of state?.sessions ?? []) {
      let after = -1;
      for (;;) {
        const page = await this.#page(key, session, after);
        yield* page;
        if (page.length < PAGE_CELLS) break;
        after = page[page.length - 1]!.sequence;
      }
    }
  }

  #page(key: WindowKey, session: string, after: number): Promise<WindowCell[]> {
    return this.#database.read(() => {
      const sensorId = this.#database.findNameId(key.sensor) ?? null;
      const sessionId = this.#database.findNameId(session) ?? null;
      const rows = this.#database.statement(SQL.cells).all(sensorId, key.windowStartUs, sessionId, after, PAGE_CELLS);
      return rows.map((row) => {
        const sequence = Number(row['sequence']);
        return {
          batchId: batchId({ sensor: key.sensor, session, sequence }),
          session,
          sequence,
          packets: Number(row['packets']),
          bytes: Number(row['bytes']),
          partial: row['partial'] as Uint8Array,
        };
      });
    });
  }

  announce(key: WindowKey, session: string, total: WindowCount): Promise<void> {
    return this.#database.write(() => {
      const sensorId = this.#database.nameId(key.sensor);
      const place = [sensorId, key.windowStartUs, this.#database.nameId(session)] as const;
      const row = this.#database.statement(SQL.session).get(...place);
      this.#putSession(place, largerCounts(counts(row, 'announced'), total), counts(row, 'arrived'));
      this.#touch(sensorId, key.windowStartUs);
    });
  }

  state(key: WindowKey): Promise<WindowState | undefined> {
    return this.#database.read(() => {
      const sensorId = this.#database.findNameId(key.sensor);
      return sensorId === undefined ? undefined : this.#state(key.sensor, sensorId, key.windowStartUs);
    });
  }

  #state(sensor: string, sensorId: number, windowStartUs: number): WindowState | undefined {
    const row = this.#database.statement(SQL.state).get(sensorId, windowStartUs);
    if (row === undefined) return undefined;
    return {
      sensor,
      windowStartUs,
      sessions: this.#sessions(sensorId, windowStartUs),
      emitted: parseEmitted(row['emitted'] as string | null),
      touchedUs: Number(row['touched_us']),
    };
  }

  setEmitted(key: WindowKey, emitted: EmittedWindow): Promise<void> {
    return this.#database.write(() => {
      this.#touch(this.#database.nameId(key.sensor), key.windowStartUs, emitted);
    });
  }

  ready(sensor: string, beforeUs: number, limit: number): Promise<WindowState[]> {
    return this.#states(SQL.ready, sensor, beforeUs, limit);
  }

  stale(sensor: string, touchedUs: number, limit: number): Promise<WindowState[]> {
    return this.#states(SQL.stale, sensor, touchedUs, limit);
  }

  firstPending(sensor: string): Promise<number | undefined> {
    return this.#database.read(() => {
      const row = this.#database.statement(SQL.firstPending).get(this.#database.findNameId(sensor) ?? null);
      return row === undefined ? undefined : Number(row['window_start_us']);
    });
  }

  #states(sql: string, sensor: string, timeUs: number, limit: number): Promise<WindowState[]> {
    return this.#database.read(() => {
      const sensorId = this.#database.findNameId(sensor);
      if (sensorId === undefined) return [];
      const rows = this.#database.statement(sql).all(sensorId, timeUs, limit);
      return rows.map((row) => this.#state(sensor, sensorId, Number(row['window_start_us']))!);
    });
  }
}

function parseEmitted(text: string | null): EmittedWindow | undefined {
  return text === null ? undefined : (JSON.parse(text) as EmittedWindow);
}
