/** The stores of the deployed line, as commands of this machine read them: Bigtable and Cassandra. */
import { openTable } from '@tapline/adapters/bigtable/client';
import { BigtableRows } from '@tapline/adapters/bigtable/rows';
import { BigtableWindowStore } from '@tapline/adapters/bigtable/window-store';
import { cassandraOptions, connectCassandra } from '@tapline/adapters/cassandra/client';
import { Directory } from '@tapline/adapters/cassandra/directory';
import { CassandraHistoryStore } from '@tapline/adapters/cassandra/history-store';
import { CassandraLedgerStore } from '@tapline/adapters/cassandra/ledger-store';
import { CassandraPacketStore } from '@tapline/adapters/cassandra/packet-store';
import { CassandraResultStore } from '@tapline/adapters/cassandra/result-store';
import { CassandraSession } from '@tapline/adapters/cassandra/session';
import { CassandraTriageStore } from '@tapline/adapters/cassandra/triage-store';
import type { HistoryStore, LedgerStore, PacketStore, ResultStore, TriageStore } from '@tapline/core/ports';
import type { Settings } from '@tapline/core/settings/settings';
import { systemClock } from '../line/clock.ts';
import type { SettleStores } from './settle.ts';

export interface RowStores {
  readonly packets: PacketStore;
  readonly results: ResultStore;
  readonly ledger: LedgerStore;
  readonly histories: HistoryStore;
  readonly triage: TriageStore;
  close(): Promise<void>;
}

/** What Cassandra holds. Throws PipelineError USAGE for settings that are wrong, STORE when no node answers. */
export async function openRowStores(settings: Settings): Promise<RowStores> {
  const session = new CassandraSession(await connectCassandra(cassandraOptions(settings)));
  const directory = new Directory(session, systemClock);
  return {
    packets: new CassandraPacketStore(session, directory),
    results: new CassandraResultStore(session, directory),
    ledger: new CassandraLedgerStore(session, directory),
    histories: new CassandraHistoryStore(session),
    triage: new CassandraTriageStore(session),
    close: () => session.close(),
  };
}

export interface ServiceStores extends SettleStores {
  readonly triage: TriageStore;
  close(): Promise<void>;
}

/** The same, and window state. Bigtable is connected to when it is first asked. */
export async function openServiceStores(settings: Settings): Promise<ServiceStores> {
  const rows = await openRowStores(settings);
  const table = openTable(settings);
  const bigtable = new BigtableRows(table);
  return {
    ...rows,
    windows: new BigtableWindowStore(bigtable, systemClock),
    close: async () => {
      await bigtable.close();
      await table.close();
      await rows.close();
    },
  };
}
