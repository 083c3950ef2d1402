/** `tapline topics`: the Kafka topics of sensors: make, list, delete. */
import { InvalidArgumentError, Option, type Command } from 'commander';
import { kafkaOptions } from '@tapline/adapters/kafka/client';
import { DEFAULT_SHAPE, KafkaTopics } from '@tapline/adapters/kafka/topics';
import { PipelineError } from '@tapline/core/errors';
import { readSettings } from '@tapline/core/settings/settings';
import { heartbeatTopic, packetTopic } from '@tapline/core/settings/topics';
import { parseCount, parseName, parseSize } from '../cli/options.ts';
import { ROW_FORMATS, rowsText, type RowFormat } from '../cli/rows-output.ts';

interface EnsureFlags {
  readonly sensor: string;
  readonly partitions: number;
  readonly replicas: number;
  readonly retention: number;
  readonly maxMessage: number;
}

export function addTopics(program: Command): void {
  const topics = program.command('topics').description('the Kafka topics of sensors');
  topics
    .command('ensure')
    .description("make those of a sensor's two topics that do not exist")
    .option('--sensor <name>', 'name of the sensor', parseName, 'instance-1')
    .option('--partitions <n>', 'partitions of each', parseCount, DEFAULT_SHAPE.partitions)
    .option('--replicas <n>', 'copies of each, on as many brokers', parseCount, DEFAULT_SHAPE.replicationFactor)
    .addOption(
      new Option('--retention <time>', 'how long records are kept')
        .argParser(parseRetentionMs)
        .default(DEFAULT_SHAPE.retentionMs, '7d'),
    )
    .addOption(
      new Option('--max-message <size>', 'largest record')
        .argParser(parseSize)
        .default(DEFAULT_SHAPE.maxMessageBytes, '4M'),
    )
    .action(ensure);
  topics
    .command('list')
    .description('list the topics of all sensors, or of one')
    .option('--sensor <name>', 'name of the sensor', parseName)
    .addOption(
      new Option('--format <format>', 'how rows are printed (default: table on a terminal, else ndjson)').choices(
        ROW_FORMATS,
      ),
    )
    .action(list);
  topics
    .command('delete')
    .description("delete a sensor's topics and everything in them")
    .option('--sensor <name>', 'name of the sensor', parseName, 'instance-1')
    .option('--yes', 'really do it', false)
    .action(remove);
}

async function ensure({ sensor, partitions, replicas, retention, maxMessage }: EnsureFlags): Promise<void> {
  const shape = { partitions, replicationFactor: replicas, retentionMs: retention, maxMessageBytes: maxMessage };
  const made = await withTopics((topics) => topics.ensure(sensor, shape));
  for (const topic of [packetTopic(sensor), heartbeatTopic(sensor)]) {
    process.stdout.write(`${topic}: ${made.includes(topic) ? 'made' : 'exists'}\n`);
  }
}

async function list({ sensor, format }: { sensor?: string; format?: RowFormat }): Promise<void> {
  const infos = await withTopics((topics) => topics.list(sensor));
  const rows = infos.map((info) => ({ ...info }));
  process.stdout.write(rowsText(rows, format ?? (process.stdout.isTTY ? 'table' : 'ndjson')));
}

async function remove({ sensor, yes }: { sensor: string; yes: boolean }): Promise<void> {
  if (!yes) {
    const names = `${packetTopic(sensor)} and ${heartbeatTopic(sensor)}`;
    throw new PipelineError('USAGE', `this deletes ${names} and everything in them: add --yes if you mean it`);
  }
  const deleted = await withTopics((topics) => topics.delete(sensor));
  for (const topic of deleted) process.stdout.write(`${topic}: deleted\n`);
  if (deleted.length === 0) process.stdout.write(`${sensor} has no topics\n`);
}

async function withTopics<T>(use: (topics: KafkaTopics) => Promise<T>): Promise<T> {
  const topics = new KafkaTopics(kafkaOptions(readSettings(process.env), 'tapline-topics'));
  try {
    return await use(topics);
  } finally {
    await topics.close();
  }
}

const UNIT_MS: Record<string, number> = { s: 1e3, m: 60e3, h: 3600e3, d: 24 * 3600e3 };

/** `7d`, `12h`, or `forever`, which is -1 for Kafka. */
function parseRetentionMs(text: string): number {
  if (text === 'forever') return -1;
  const match = /^(\d+)([smhd])$/.exec(text);
  const ms = match === null ? NaN : Number(match[1]) * UNIT_MS[match[2]!]!;
  if (!(ms > 0)) throw new InvalidArgumentError('use for example 7d, 12h or forever.');
  return ms;
}
