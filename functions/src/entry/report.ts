/** The function `report`: the API behind the page, over Cassandra and nothing else. Whoever is not signed in may not write. */
import { http } from '@google-cloud/functions-framework';
import { CassandraLedgerStore } from '@tapline/adapters/cassandra/ledger-store';
import { CassandraPacketStore } from '@tapline/adapters/cassandra/packet-store';
import { CassandraResultStore } from '@tapline/adapters/cassandra/result-store';
import { CassandraTriageStore } from '@tapline/adapters/cassandra/triage-store';
import { codecs } from '@tapline/adapters/codec/codecs';
import { parseAllowList } from '@tapline/core/detect/allow-list';
import { createReport } from '../stages/report.ts';
import { startInstance } from './instance.ts';
import { lazily } from './lazily.ts';
import { openCassandra } from './open-cassandra.ts';
import { reportEndpoint } from './report-endpoint.ts';
import { gated, gateOf } from './report-gate.ts';

const { log, ...instance } = startInstance('report');
const gate = gateOf(instance.settings);

const api = lazily(async () => {
  const allowList = parseAllowList(instance.settings.allowList ?? '[]');
  const { session, directory } = await openCassandra(instance);
  const ports = {
    codecs,
    results: new CassandraResultStore(session, directory),
    packets: new CassandraPacketStore(session, directory),
    ledger: new CassandraLedgerStore(session, directory),
    allowList: () => allowList,
    triage: new CassandraTriageStore(session),
    clock: instance.clock,
  };
  return createReport(ports, (error) => {
    log('ERROR', `a report failed: ${String(error)}`, {}, error);
  });
});

// The gate first: whoever is not let in does not make the function connect to its database.
const guarded = gated(async (request) => (await api())(request), gate);

http(
  'report',
  reportEndpoint(() => Promise.resolve(guarded), log),
);
