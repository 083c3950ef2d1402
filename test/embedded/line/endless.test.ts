/**
 * A line that never ends does the same work for its hundredth loop as for its tenth. Counted, not timed: rows read, rows and
 * bytes written, and what is kept; and no statement may walk through all that a sensor ever left.
 */
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { SqliteDatabase } from '@tapline/adapters/sqlite/database';
import { openStores, type Stores } from '../../../embedded/src/line/data-folder.ts';
import { CaptureRun } from '../../../embedded/src/line/run-capture.ts';
import { BUNDLED } from '../../helpers/bundled-capture.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

const LOOPS = 9;
/** Until then the memory of the history fills, up to its bounds. */
const WARM_LOOPS = 4;

/** Rows and bytes that went through a port. */
class Traffic {
  rowsRead = 0;
  rowsWritten = 0;
  bytesWritten = 0;

  /** The store, with everything that passes counted. */
  watch<T extends object>(store: T): T {
    return new Proxy(store, {
      get: (target, name) => {
        const method = Reflect.get(target, name) as unknown;
        if (typeof method !== 'function') return method;
        return (...values: unknown[]) => {
          for (const value of values) {
            if (Array.isArray(value)) this.rowsWritten += value.length;
            if (value instanceof Uint8Array) this.bytesWritten += value.length;
          }
          const result = method.apply(target, values) as unknown;
          if (result instanceof Promise) {
            return result.then((rows: unknown) => {
              if (Array.isArray(rows)) this.rowsRead += rows.length;
              return rows;
            });
          }
          return result;
        };
      },
    });
  }

  take(): { rowsRead: number; rowsWritten: number; bytesWritten: number } {
    const { rowsRead, rowsWritten, bytesWritten } = this;
    [this.rowsRead, this.rowsWritten, this.bytesWritten] = [0, 0, 0];
    return { rowsRead, rowsWritten, bytesWritten };
  }
}

/** A loop's own part of a statement's plan that reads whatever there is of a sensor. */
const WALKS =
  /^SCAN (?!CONSTANT|asked|\(subquery)|USING (?:INTEGER )?(?:PRIMARY KEY|(?:COVERING )?INDEX \w+) \(sensor_id=\?\)/;
/** Indices that hold only what is open. */
const SMALL = /heartbeat_open|alert_provisional|window_pending/;
/** Statements that end at the first row of such a walk. */
const FIRST = /final = 1 LIMIT 1|SELECT \(SELECT min\(/;

it('loops for ever at one price', { timeout: 120_000 }, async () => {
  const folder = temporaryFolder();
  const asked = new Set<string>();
  const statement = Object.getOwnPropertyDescriptor(SqliteDatabase.prototype, 'statement')!.value as (
    this: SqliteDatabase,
    sql: string,
  ) => StatementSync;
  const stores = openStores(folder);
  const traffic = new Traffic();
  const watched = Object.fromEntries(
    Object.entries(stores).map(([name, store]) => [
      name,
      typeof store === 'object' ? traffic.watch(store as object) : store,
    ]),
  ) as unknown as Stores;
  const loops: ReturnType<Traffic['take']>[] = [];
  try {
    let pass = 0;
    SqliteDatabase.prototype.statement = function (sql) {
      if (pass >= WARM_LOOPS && pass < LOOPS) asked.add(sql);
      return statement.call(this, sql);
    };
    const options = {
      source: BUNDLED,
      sensor: 'tap',
      session: 'first',
      isChosen: true,
      loop: { count: LOOPS, times: 'shifted' as const },
      preload: false,
      windowUs: 10_000_000,
      speed: 'top' as const,
      falseAlarmsPerDay: 1,
      internalNetworks: '192.168.0.0/16',
      warn: () => undefined,
    };
    const run = new CaptureRun(watched, options, ({ position }) => {
      if (position.pass === undefined || position.pass <= pass) return;
      pass = position.pass;
      loops.push(traffic.take());
    });
    await run.finish();
  } finally {
    SqliteDatabase.prototype.statement = statement;
    stores.close();
  }
  const [warm, ...later] = loops.slice(WARM_LOOPS);
  expect(later.length).toBeGreaterThan(2);
  for (const kind of ['rowsRead', 'rowsWritten', 'bytesWritten'] as const) {
    expect(warm![kind]).toBeGreaterThan(0);
    for (const loop of later) expect(loop[kind], kind).toBeLessThan(1.2 * warm![kind]);
  }
  const database = new DatabaseSync(`${folder}/tapline.db`, { readOnly: true });
  const walks = [...asked]
    .filter((sql) => /^\s*(SELECT|DELETE)/.test(sql) && !FIRST.test(sql))
    .flatMap((sql) =>
      database
        .prepare(`EXPLAIN QUERY PLAN ${sql}`)
        .all()
        .map((row) => String(row['detail']))
        .filter((step) => WALKS.test(step) && !SMALL.test(step))
        .map((step) => `${step}: ${sql}`),
    );
  database.close();
  expect(asked.size).toBeGreaterThan(20);
  expect(walks).toEqual([]);
});
