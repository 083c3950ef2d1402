/** The contract suites against a real Cassandra, in a keyspace of their own that is made once and emptied before each test. */
import { afterAll, beforeAll } from 'vitest';
import { Directory } from '@tapline/adapters/cassandra/directory';
import { CassandraHistoryStore } from '@tapline/adapters/cassandra/history-store';
import { CassandraLedgerStore } from '@tapline/adapters/cassandra/ledger-store';
import { CassandraPacketStore } from '@tapline/adapters/cassandra/packet-store';
import { CassandraResultStore } from '@tapline/adapters/cassandra/result-store';
import type { CassandraSession } from '@tapline/adapters/cassandra/session';
import { CassandraTriageStore } from '@tapline/adapters/cassandra/triage-store';
import { CassandraKeyspace } from '../helpers/cassandra.ts';
import { describeWithServices } from '../helpers/services.ts';
import type { StoreHarness } from './harness.ts';
import { describeHistoryStore } from './history-store.ts';
import { describeLedgerStore } from './ledger-store.ts';
import { describePacketStore } from './packet-store.ts';
import { describeResultStore } from './result-store.ts';
import { describeTriageStore } from './triage-store.ts';

describeWithServices(['cassandra'], 'Cassandra', (settings) => {
  const keyspace = new CassandraKeyspace(settings, 'contract');
  beforeAll(() => keyspace.make());
  afterAll(() => keyspace.drop());

  /** A store over a session of its own; `open` of a new harness begins with empty tables. */
  function harness<S>(make: (session: CassandraSession, directory: Directory) => S): StoreHarness<S> {
    let session: CassandraSession | undefined;
    let isFirst = true;
    const close = async (): Promise<void> => {
      await session?.close();
      session = undefined;
    };
    return {
      open: async (clock) => {
        if (isFirst) await keyspace.empty();
        isFirst = false;
        session = await keyspace.open();
        return make(session, new Directory(session, clock));
      },
      close,
      dispose: close,
    };
  }

  describeHistoryStore('Cassandra', () => harness((session) => new CassandraHistoryStore(session)));
  describeTriageStore('Cassandra', () => harness((session) => new CassandraTriageStore(session)));
  describeLedgerStore('Cassandra', () => harness((session, directory) => new CassandraLedgerStore(session, directory)));
  describeResultStore('Cassandra', () => harness((session, directory) => new CassandraResultStore(session, directory)));
  describePacketStore('Cassandra', () => ({
    ...harness((session, directory) => new CassandraPacketStore(session, directory)),
    lose: (batch) => keyspace.expire(batch),
  }));
});
