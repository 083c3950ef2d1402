/** Kafka as one process that is broker and controller (KRaft), with everything a single node must set to 1 set to 1. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PipelineError } from '@tapline/core/errors';
import { fetchJars, findJava, pinnedVersion } from './java.ts';
import { probeKafka } from './kafka-probe.ts';
import type { Ports } from './ports.ts';
import { lastLine, runTool } from './run-tool.ts';
import type { Launch, PrepareContext, Service } from './service.ts';

const HOST = '127.0.0.1';
/** Sixteen bytes, as Kafka wants its cluster's name. */
const CLUSTER_ID = Buffer.from('tapline-services').toString('base64url');
const HEAP = ['-Xms96m', '-Xmx384m', '-XX:+UseSerialGC', '-XX:+ExitOnOutOfMemoryError'];
/** The largest batch is 1 MB; a raw record of the paper's pipe may be larger. */
const MAX_MESSAGE_BYTES = 4 << 20;

/** The Kafka of a data folder. */
export function kafkaService(dataDir: string, ports: Ports): Service {
  const folder = join(dataDir, 'kafka');
  return {
    name: 'kafka',
    kind: 'kafka',
    title: `Kafka ${pinnedVersion('kafka')}`,
    host: HOST,
    ports: [ports.kafka, ports.kafkaController],
    folder,
    logFile: join(dataDir, 'logs', 'kafka.log'),
    deadlineMs: 90_000,
    prepare: (context) => prepare(folder, ports, context),
    probe: (timeoutMs) => probeKafka(HOST, ports.kafka, timeoutMs),
  };
}

/** server.properties of the node. */
export function kafkaProperties(folder: string, ports: Ports): string {
  const lines = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@${HOST}:${ports.kafkaController}`,
    listeners: `PLAINTEXT://${HOST}:${ports.kafka},CONTROLLER://${HOST}:${ports.kafkaController}`,
    'advertised.listeners': `PLAINTEXT://${HOST}:${ports.kafka}`,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    'log.dirs': join(folder, 'data'),
    'auto.create.topics.enable': false,
    'num.partitions': 1,
    'message.max.bytes': MAX_MESSAGE_BYTES,
    'replica.fetch.max.bytes': MAX_MESSAGE_BYTES,
    // A single node cannot hold the three copies these ask for by default, and then no group ever finds a coordinator.
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.state.log.num.partitions': 4,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    'share.coordinator.state.topic.num.partitions': 1,
    // Groups here are one or two members: waiting for more only delays every start.
    'group.initial.rebalance.delay.ms': 0,
    'num.network.threads': 2,
    'num.io.threads': 4,
    'log.cleaner.dedupe.buffer.size': 8 << 20,
    'log.retention.hours': 48,
    'log.segment.bytes': 256 << 20,
    'log.index.size.max.bytes': 1 << 20,
  };
  return Object.entries(lines)
    .map(([name, value]) => `${name}=${escapeProperty(String(value))}\n`)
    .join('');
}

/** Java's properties format takes a backslash for the start of an escape. */
function escapeProperty(value: string): string {
  return value.replaceAll('\\', '\\\\');
}

async function prepare(folder: string, ports: Ports, context: PrepareContext): Promise<Launch> {
  const java = await findJava();
  const jars = await fetchJars('kafka', context);
  const config = join(folder, 'server.properties');
  mkdirSync(folder, { recursive: true });
  writeFileSync(config, kafkaProperties(folder, ports));
  const classPath = ['-cp', join(jars, '*')];
  if (!existsSync(join(folder, 'data', 'meta.properties'))) {
    const format = ['kafka.tools.StorageTool', 'format', '-t', CLUSTER_ID, '-c', config, '--ignore-formatted'];
    const result = await runTool(java, ['-XX:TieredStopAtLevel=1', ...classPath, ...format], {
      signal: context.signal,
    });
    if (result?.code !== 0) {
      throw new PipelineError('SERVICE', `Kafka could not format ${folder}: ${lastLine(result?.output ?? '')}`);
    }
  }
  const logging = [
    '-Dorg.slf4j.simpleLogger.showDateTime=true',
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
    '-Dorg.slf4j.simpleLogger.defaultLogLevel=info',
  ];
  return { command: java, args: [...HEAP, ...logging, ...classPath, 'kafka.Kafka', config] };
}
