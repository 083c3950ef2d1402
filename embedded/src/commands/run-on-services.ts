/** `tapline run --on services`: the same run with the stages as Cloud Functions, over the real broker and database. */
import { cassandraOptions, connectCassandra } from '@tapline/adapters/cassandra/client';
import { migrate } from '@tapline/adapters/cassandra/migrations/migrate';
import { MIGRATIONS_FOLDER, readMigrations } from '@tapline/adapters/cassandra/migrations/migration-files';
import { codecs } from '@tapline/adapters/codec/codecs';
import { sourceName } from '@tapline/capture-agent/source/source-address';
import type { AllowList } from '@tapline/core/detect/allow-list';
import { PipelineError } from '@tapline/core/errors';
import { SETTINGS, readSettings, type Settings } from '@tapline/core/settings/settings';
import { presentAlerts } from '@tapline/core/history/present-alerts';
import { readUsual } from '@tapline/functions/stages/read-usual';
import { createReport } from '@tapline/functions/stages/report';
import { buildReport, REPORT_DIST } from '../../../report/build.ts';
import { openAllowFile } from '../cli/allow-file.ts';
import { interruptOnSignal } from '../cli/interrupt.ts';
import { serviceRunJson, serviceRunText } from '../cli/service-run-output.ts';
import { version } from '../cli/version.ts';
import { localEnvironment } from '../functions/local-stack.ts';
import { FUNCTION_NAMES } from '../functions/plan.ts';
import { systemClock } from '../line/clock.ts';
import { startServer, type RunningServer } from '../server/http-server.ts';
import { freePorts } from '../service-line/free-ports.ts';
import { runOnServices } from '../service-line/service-run.ts';
import { openServiceStores, type ServiceStores } from '../service-line/stores.ts';

export interface ServiceFlags {
  readonly source: string;
  readonly follow: boolean;
  readonly sensor: string;
  readonly session?: string;
  readonly speed: string;
  /** Microseconds. */
  readonly window: number;
  readonly duplicatesWithinUs?: number;
  readonly reorderWithinUs?: number;
  readonly preload: boolean;
  readonly port: number;
  readonly instances: number;
  readonly falseAlarmsPerDay?: number;
  readonly internal?: string;
  readonly allow?: string;
  readonly usual: boolean;
  readonly exit: boolean;
  readonly json: boolean;
}

/** What the command line says of the history; the environment where it says nothing. */
function historyOf({ falseAlarmsPerDay, internal }: ServiceFlags): Record<string, string> {
  return {
    ...(falseAlarmsPerDay === undefined ? {} : { [SETTINGS.falseAlarms.name]: String(falseAlarmsPerDay) }),
    ...(internal === undefined ? {} : { [SETTINGS.internalNetworks.name]: internal }),
  };
}

export async function runServices(flags: ServiceFlags): Promise<void> {
  const windowS = flags.window / 1e6;
  const environment = { ...localEnvironment(process.env), TAPLINE_WINDOW: String(windowS), ...historyOf(flags) };
  const settings = readSettings(environment);
  await bringTablesUpToDate(settings);
  const allowList = openAllowFile(flags.allow, note);
  const stores = await openServiceStores(settings);
  const interrupt = interruptOnSignal(() => {
    note('stopping: what was read goes through (Ctrl-C again to leave at once)');
  }).signal;
  const server = flags.exit ? undefined : await servePage(stores, flags.port, allowList);
  try {
    const { source, follow, sensor, session, speed, instances, duplicatesWithinUs, reorderWithinUs, preload } = flags;
    const name = sourceName(source);
    const result = await runOnServices(
      stores,
      {
        source,
        follow,
        sensor,
        ...(session === undefined ? {} : { session }),
        speed,
        windowS,
        ...(duplicatesWithinUs === undefined ? {} : { duplicatesWithinUs }),
        ...(reorderWithinUs === undefined ? {} : { reorderWithinUs }),
        preload,
        instances,
        portBase: await freePorts(FUNCTION_NAMES.length),
        environment,
        timeoutMs: Number(settings.timeout) * 1000,
        onProgress: noteOnce(),
      },
      interrupt,
    );
    const allowed = presentAlerts(result.alerts, {
      allowList: allowList(),
      usual: await readUsual(result.alerts, stores.results),
      withUsual: flags.usual,
    });
    process.stdout.write(
      flags.json
        ? `${JSON.stringify(serviceRunJson(result, allowed, name, sensor))}\n`
        : serviceRunText(result, allowed, name),
    );
    if (result.fault !== undefined) note(`${name}: ${result.fault.message}`);
    if (result.awaited.length > 0) note(`gave up waiting for ${result.awaited.join(', ')}: see tapline audit`);
    if (result.fault !== undefined || result.awaited.length > 0) process.exitCode = 1;
    if (server !== undefined && !interrupt.aborted) {
      note(`the report is at ${server.url} until Ctrl-C`);
      await new Promise((resolve) => {
        interrupt.addEventListener('abort', resolve);
      });
    }
  } finally {
    await server?.close();
    await stores.close();
  }
}

/** @throws PipelineError saying how to start the services when they are not there */
async function bringTablesUpToDate(settings: Settings): Promise<void> {
  const options = cassandraOptions(settings);
  const client = await connectCassandra(options, { withKeyspace: false }).catch((error: unknown) => {
    if (!(error instanceof PipelineError && error.retriable)) throw error;
    throw new PipelineError(error.code, `${error.message}; are the services up? (tapline services up)`, {
      cause: error,
    });
  });
  try {
    await migrate(client, {
      keyspace: options.keyspace,
      dialect: settings.astraBundle === undefined ? 'self-hosted' : 'astra',
      replication: 1,
      localDatacenter: options.localDatacenter,
      files: readMigrations(MIGRATIONS_FOLDER),
      tool: `tapline ${version()}`,
      say: note,
    });
  } finally {
    await client.shutdown();
  }
}

async function servePage(stores: ServiceStores, port: number, allowList: () => AllowList): Promise<RunningServer> {
  await buildReport();
  const api = createReport({ ...stores, clock: systemClock, codecs, allowList }, (error) => {
    note(`report: ${error instanceof Error ? error.message : String(error)}`);
  });
  const server = await startServer({ port, api, staticDir: REPORT_DIST });
  note(`the report is at ${server.url}`);
  return server;
}

function note(text: string): void {
  process.stderr.write(`tapline: ${text}\n`);
}

/** Says what is new and nothing twice. */
function noteOnce(): (text: string) => void {
  let last = '';
  return (text) => {
    if (text !== last) note(text);
    last = text;
  };
}
