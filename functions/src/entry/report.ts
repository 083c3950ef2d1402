/**
 * The function `report`: the API behind the page, over Cassandra and nothing else. Nobody is signed in, so nobody writes: the
 * port `caller` is where sign-in says who asks.
 */
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

const { log, ...instance } = startInstance('report');

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

http('report', reportEndpoint(api, log));
