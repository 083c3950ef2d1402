/** The function `parse`: messages of the packets topic into window state, packets and ledger. */
import { http } from '@google-cloud/functions-framework';
import { CassandraLedgerStore } from '@tapline/adapters/cassandra/ledger-store';
import { CassandraPacketStore } from '@tapline/adapters/cassandra/packet-store';
import { codecs } from '@tapline/adapters/codec/codecs';
import { zstd } from '@tapline/adapters/codec/zstd';
import { numberSetting } from '@tapline/core/settings/settings';
import { checkName } from '@tapline/core/wire/header-codec';
import { createParseScratch } from '../stages/parse.ts';
import { startInstance } from './instance.ts';
import { onPackets, type PacketsDeps } from './on-packets.ts';
import { openCassandra } from './open-cassandra.ts';
import { openWindowTopic } from './open-topics.ts';
import { openWindows } from './open-windows.ts';
import { pushEndpoint } from './push-endpoint.ts';
import { tokenCheckOf } from './push-token.ts';
import { deadLettersOf } from './quarantine.ts';

const instance = startInstance('parse');
checkName('sensor', instance.settings.rawSensor);

async function open(): Promise<PacketsDeps> {
  const { session, directory } = await openCassandra(instance);
  const stores = {
    windows: openWindows(instance),
    ledger: new CassandraLedgerStore(session, directory),
    packets: new CassandraPacketStore(session, directory, {
      codecs,
      perSecond: numberSetting(instance.settings, 'rowsPerSecond'),
    }),
  };
  return {
    parse: { ...instance, ...stores, codecs, scratch: createParseScratch() },
    window: { ...instance, ...stores },
    windowTopic: openWindowTopic(instance.settings),
    checkSensor: instance.checkSensor,
    codec: zstd,
    rawSensor: instance.settings.rawSensor,
  };
}

http(
  'parse',
  pushEndpoint({
    kind: 'packets',
    open,
    take: onPackets,
    deadLetters: deadLettersOf(instance.settings),
    checkToken: tokenCheckOf(instance.settings),
    log: instance.log,
  }),
);
