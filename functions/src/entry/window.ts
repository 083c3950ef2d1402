/** The function `window`: messages of the heartbeats topic, and the timer's sweep, into names of windows to score. */
import { http } from '@google-cloud/functions-framework';
import { CassandraLedgerStore } from '@tapline/adapters/cassandra/ledger-store';
import { CassandraResultStore } from '@tapline/adapters/cassandra/result-store';
import { startInstance } from './instance.ts';
import { NamedWindows } from './named-windows.ts';
import { onControl, onSweep, type ControlDeps } from './on-control.ts';
import { openCassandra } from './open-cassandra.ts';
import { openWindowTopic } from './open-topics.ts';
import { openWindows } from './open-windows.ts';
import { pushEndpoint } from './push-endpoint.ts';
import { tokenCheckOf } from './push-token.ts';
import { deadLettersOf } from './quarantine.ts';

const instance = startInstance('window');

async function open(): Promise<ControlDeps> {
  const { session, directory } = await openCassandra(instance);
  return {
    ...instance,
    windows: openWindows(instance),
    ledger: new CassandraLedgerStore(session, directory),
    results: new CassandraResultStore(session, directory),
    windowTopic: openWindowTopic(instance.settings),
    named: new NamedWindows(instance.clock),
  };
}

http(
  'window',
  pushEndpoint({
    kind: 'heartbeats',
    open,
    take: onControl,
    sweep: onSweep,
    deadLetters: deadLettersOf(instance.settings),
    checkToken: tokenCheckOf(instance.settings),
    log: instance.log,
  }),
);
