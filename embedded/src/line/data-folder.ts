/** The embedded stores: everything a line keeps, in one data folder. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SqliteDatabase } from '@tapline/adapters/sqlite/database';
import { SqliteHistoryStore } from '@tapline/adapters/sqlite/history-store';
import { SqliteLedgerStore } from '@tapline/adapters/sqlite/ledger-store';
import { SqlitePacketStore } from '@tapline/adapters/sqlite/packet-store';
import { SqliteResultStore } from '@tapline/adapters/sqlite/result-store';
import { SqliteTriageStore } from '@tapline/adapters/sqlite/triage-store';
import { SqliteWindowStore } from '@tapline/adapters/sqlite/window-store';
import { PipelineError } from '@tapline/core/errors';
import type {
  HistoryStore,
  LedgerStore,
  PacketStore,
  ResultStore,
  TriageStore,
  WindowStore,
} from '@tapline/core/ports';
import { systemClock } from './clock.ts';

/** Every port that the stages keep something in. */
export interface Stores {
  readonly windows: WindowStore;
  readonly packets: PacketStore;
  readonly results: ResultStore;
  readonly ledger: LedgerStore;
  readonly histories: HistoryStore;
  close(): void;
}

/** The same, and what people keep beside it. */
export interface FolderStores extends Stores {
  readonly triage: TriageStore;
}

/** Opens `folder`, creating it when it is missing. Throws PipelineError STORE. */
export function openStores(folder: string): FolderStores {
  const database = new SqliteDatabase(folder);
  return {
    windows: new SqliteWindowStore(database, systemClock),
    packets: new SqlitePacketStore(database, systemClock),
    results: new SqliteResultStore(database, systemClock),
    ledger: new SqliteLedgerStore(database),
    histories: new SqliteHistoryStore(database),
    triage: new SqliteTriageStore(database),
    close: () => {
      database.close();
    },
  };
}

/** Opens a folder that a run wrote before; a USAGE error when there is none. */
export function openExistingStores(folder: string): FolderStores {
  if (!existsSync(join(folder, 'tapline.db'))) {
    throw new PipelineError(
      'USAGE',
      `${folder} holds no Tapline data: name the folder that "tapline run --data" wrote`,
    );
  }
  return openStores(folder);
}

/** Stores in a new temporary folder that `close` removes. */
export function openTemporaryStores(): FolderStores {
  const folder = mkdtempSync(join(tmpdir(), 'tapline-'));
  const stores = openStores(folder);
  return {
    ...stores,
    close: () => {
      stores.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
