/** `tapline services`: Kafka, Cassandra and Google's emulators on this machine, for development and tests. */
import { InvalidArgumentError, type Command } from 'commander';
import { formatBytes } from '../cli/format.ts';
import { parseCount } from '../cli/options.ts';
import { MAX_CASSANDRA_NODES } from '../services/cassandra.ts';
import { environmentLines } from '../services/environment.ts';
import { parseKinds, SERVICE_KINDS, type PortName, type ServiceKind } from '../services/ports.ts';
import { describeStack } from '../services/stack.ts';
import { startServices } from '../services/start.ts';
import { servicesStatus, type ServiceStatus } from '../services/status.ts';
import { stopServices } from '../services/stop.ts';

const DATA_DIR = '.tapline/services';

interface FolderFlags {
  readonly data: string;
  readonly only?: ServiceKind[];
}

interface UpFlags extends FolderFlags {
  readonly portOffset?: number;
  readonly kafkaPort?: number;
  readonly kafkaControllerPort?: number;
  readonly cassandraPort?: number;
  readonly cassandraStoragePort?: number;
  readonly pubsubPort?: number;
  readonly bigtablePort?: number;
  readonly cassandraNodes?: number;
  readonly cassandraHeap?: number;
}

export function addServices(program: Command): void {
  const services = program
    .command('services')
    .description('real Kafka and Cassandra and the emulators of Pub/Sub and Bigtable on this machine, for development');

  withFolder(services.command('up'))
    .description('start what does not run yet, and print the environment that makes the other commands use it')
    .option('--port-offset <n>', 'add this to every default port', parseCount)
    .option('--kafka-port <port>', 'port of the broker (9092)', parseListenPort)
    .option('--kafka-controller-port <port>', 'port of its controller (9093)', parseListenPort)
    .option('--cassandra-port <port>', 'port for CQL (9042)', parseListenPort)
    .option('--cassandra-storage-port <port>', 'port between the nodes (7000)', parseListenPort)
    .option('--pubsub-port <port>', 'port of the Pub/Sub emulator (8085)', parseListenPort)
    .option('--bigtable-port <port>', 'port of the Bigtable emulator (8086)', parseListenPort)
    .option('--cassandra-nodes <n>', 'nodes on 127.0.0.1, 127.0.0.2, … (1)', parseNodes)
    .option('--cassandra-heap <MB>', 'heap of each node (768, with several nodes 512)', parseHeap)
    .action(up);

  withFolder(services.command('down'))
    .description('stop what runs; data stays')
    .option('--wipe', 'also delete data, configuration and logs', false)
    .action(async ({ data, only, wipe }: FolderFlags & { wipe: boolean }) => {
      await stopServices({ dataDir: data, wipe, ...(only === undefined ? {} : { only }) }, tell);
    });

  withFolder(services.command('status'))
    .description('say what runs and what it takes: exit code 0 when everything is up, 1 when not')
    .option('--json', 'print one JSON object', false)
    .action(async ({ data, only, json }: FolderFlags & { json: boolean }) => {
      const all = await servicesStatus({ dataDir: data, ...(only === undefined ? {} : { only }) });
      process.stdout.write(json ? `${JSON.stringify({ services: all })}\n` : statusText(all));
      if (!all.every(({ state }) => state === 'up')) process.exitCode = 1;
    });

  withFolder(services.command('env'))
    .description('print the environment of the stack as lines for a shell, whether it runs or not')
    .action(({ data, only }: FolderFlags) => {
      process.stdout.write(environmentLines(describeStack({ dataDir: data, ...(only === undefined ? {} : { only }) })));
    });
}

function withFolder(command: Command): Command {
  return command
    .option('--data <dir>', 'folder of configuration, data, logs and process ids', DATA_DIR)
    .option('--only <names>', `only these, comma-separated: ${SERVICE_KINDS.join(', ')}`, parseKinds);
}

async function up(flags: UpFlags): Promise<void> {
  const abort = new AbortController();
  const interrupt = (): void => {
    abort.abort();
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  try {
    const { data, only, portOffset, cassandraNodes, cassandraHeap } = flags;
    const stack = await startServices(
      {
        dataDir: data,
        ports: { explicit: explicitPorts(flags), ...(portOffset === undefined ? {} : { offset: portOffset }) },
        ...(only === undefined ? {} : { only }),
        ...(cassandraNodes === undefined ? {} : { cassandraNodes }),
        ...(cassandraHeap === undefined ? {} : { cassandraHeapMb: cassandraHeap }),
      },
      { tell, signal: abort.signal },
    );
    process.stdout.write(environmentLines(stack));
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}

function explicitPorts(flags: UpFlags): Partial<Record<PortName, number>> {
  const given: Record<PortName, number | undefined> = {
    kafka: flags.kafkaPort,
    kafkaController: flags.kafkaControllerPort,
    cassandra: flags.cassandraPort,
    cassandraStorage: flags.cassandraStoragePort,
    pubsub: flags.pubsubPort,
    bigtable: flags.bigtablePort,
  };
  return Object.fromEntries(Object.entries(given).filter(([, port]) => port !== undefined));
}

function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** A line per service; columns are wide enough for what there is. */
export function statusText(all: readonly ServiceStatus[]): string {
  const rows = all.map((one) => [
    one.service,
    one.state,
    `${one.host}:${one.port}`,
    one.pid === null ? 'no process' : `pid ${one.pid}`,
    one.rssBytes === null ? '' : `${formatBytes(one.rssBytes)} memory`,
    `${formatBytes(one.dataBytes)} data`,
    one.log,
  ]);
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map(
      (row) =>
        `${row
          .map((text, column) => text.padEnd(widths[column]!))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

function parseListenPort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port < 1 || port > 65_535) throw new InvalidArgumentError('use a number from 1 to 65535.');
  return port;
}

function parseNodes(text: string): number {
  const nodes = parseCount(text);
  if (nodes > MAX_CASSANDRA_NODES) throw new InvalidArgumentError(`use 1 to ${MAX_CASSANDRA_NODES}.`);
  return nodes;
}

function parseHeap(text: string): number {
  const megabytes = parseCount(text);
  if (megabytes < 256 || megabytes > 16_384) throw new InvalidArgumentError('use 256 to 16384.');
  return megabytes;
}
