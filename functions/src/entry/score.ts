/** The function `score`: messages of the windows topic into KPIs, flows and alerts. */
import { http } from '@google-cloud/functions-framework';
import { CassandraHistoryStore } from '@tapline/adapters/cassandra/history-store';
import { CassandraLedgerStore } from '@tapline/adapters/cassandra/ledger-store';
import { CassandraResultStore } from '@tapline/adapters/cassandra/result-store';
import { startInstance } from './instance.ts';
import { onWindow, type WindowTopicDeps } from './on-window.ts';
import { openCassandra } from './open-cassandra.ts';
import { openWindows } from './open-windows.ts';
import { pushEndpoint } from './push-endpoint.ts';
import { tokenCheckOf } from './push-token.ts';
import { deadLettersOf } from './quarantine.ts';

const instance = startInstance('score');

async function open(): Promise<WindowTopicDeps> {
  const { session, directory } = await openCassandra(instance);
  return {
    score: {
      ...instance,
      windows: openWindows(instance),
      ledger: new CassandraLedgerStore(session, directory),
      results: new CassandraResultStore(session, directory),
      history: { ...instance, store: new CassandraHistoryStore(session), lastReadUs: new Map() },
    },
    checkSensor: instance.checkSensor,
    log: instance.log,
  };
}

http(
  'score',
  pushEndpoint({
    kind: 'windows',
    open,
    take: onWindow,
    deadLetters: deadLettersOf(instance.settings),
    checkToken: tokenCheckOf(instance.settings),
    log: instance.log,
  }),
);
