/** The contract suites against SQLite and batch files, each test in a fresh folder. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { batchPath } from '@tapline/adapters/sqlite/batch-file';
import { SqliteDatabase } from '@tapline/adapters/sqlite/database';
import { SqliteHistoryStore } from '@tapline/adapters/sqlite/history-store';
import { SqliteLedgerStore } from '@tapline/adapters/sqlite/ledger-store';
import { SqlitePacketStore } from '@tapline/adapters/sqlite/packet-store';
import { SqliteResultStore } from '@tapline/adapters/sqlite/result-store';
import { SqliteTriageStore } from '@tapline/adapters/sqlite/triage-store';
import { SqliteWindowStore } from '@tapline/adapters/sqlite/window-store';
import type { Clock } from '@tapline/core/ports';
import type { StoreHarness } from './harness.ts';
import { describeHistoryStore } from './history-store.ts';
import { describeLedgerStore } from './ledger-store.ts';
import { describePacketStore } from './packet-store.ts';
import { describeResultStore } from './result-store.ts';
import { describeTriageStore } from './triage-store.ts';
import { describeWindowStore } from './window-store.ts';

function inFolder<S>(make: (database: SqliteDatabase, clock: Clock) => S): StoreHarness<S> & { folder: string } {
  const folder = mkdtempSync(join(tmpdir(), 'tapline-contract-'));
  let database: SqliteDatabase | undefined;
  const close = (): Promise<void> => {
    database?.close();
    database = undefined;
    return Promise.resolve();
  };
  return {
    folder,
    close,
    open: (clock) => {
      database = new SqliteDatabase(folder);
      return Promise.resolve(make(database, clock));
    },
    dispose: async () => {
      await close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

describeWindowStore('SQLite', () => inFolder((database, clock) => new SqliteWindowStore(database, clock)));
describeResultStore('SQLite', () => inFolder((database, clock) => new SqliteResultStore(database, clock)));
describeLedgerStore('SQLite', () => inFolder((database) => new SqliteLedgerStore(database)));
describePacketStore('SQLite', () => {
  const harness = inFolder((database, clock) => new SqlitePacketStore(database, clock));
  const lose = (batch: Parameters<typeof batchPath>[1]): Promise<void> => {
    rmSync(batchPath(harness.folder, batch));
    return Promise.resolve();
  };
  return { ...harness, lose };
});
describeHistoryStore('SQLite', () => inFolder((database) => new SqliteHistoryStore(database)));
describeTriageStore('SQLite', () => inFolder((database) => new SqliteTriageStore(database)));
