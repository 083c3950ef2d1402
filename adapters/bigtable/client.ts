/**
 * How every part of Tapline reaches Bigtable: project, instance and table from the settings. With an emulator no
 * credentials are looked for, and never is a metadata server asked or the client's own monitoring started, which costs a
 * second at start and a request to another service now and then.
 */
import { Bigtable, type BigtableOptions, type Table } from '@google-cloud/bigtable';
import { PipelineError } from '@tapline/core/errors';
import { SETTINGS, type Settings } from '@tapline/core/settings/settings';

/** The universe of the public cloud, said so that an emulator's client asks no metadata server for it. */
const UNIVERSE = 'googleapis.com';

/** One table, and the client it is reached by. */
export interface BigtableTable {
  readonly client: Bigtable;
  readonly table: Table;
  close(): Promise<void>;
}

/**
 * Connects when it is first used.
 * @throws PipelineError USAGE naming the setting that is wrong
 */
export function openTable(settings: Settings): BigtableTable {
  const client = new Bigtable(clientOptions(settings));
  const table = client.instance(settings.bigtableInstance).table(settings.bigtableTable);
  return {
    client,
    table,
    close: async () => {
      await client.close();
    },
  };
}

function clientOptions({ project, bigtableEmulator }: Settings): BigtableOptions {
  const options: BigtableOptions = { projectId: project, metricsEnabled: false };
  if (bigtableEmulator === undefined) return options;
  if (!/^[^:\s]+:\d+$/.test(bigtableEmulator)) {
    throw new PipelineError(
      'USAGE',
      `${SETTINGS.bigtableEmulator.name} is ${JSON.stringify(bigtableEmulator)}: use host:port`,
    );
  }
  return { ...options, apiEndpoint: bigtableEmulator, clientOptions: { universeDomain: UNIVERSE } };
}
