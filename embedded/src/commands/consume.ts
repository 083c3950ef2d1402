/** `tapline consume`: what is on a sensor's two topics, readably, as kafka-console-consumer shows text. */
import { Option, type Command } from 'commander';
import { kafkaOptions } from '@tapline/adapters/kafka/client';
import { tail } from '@tapline/adapters/kafka/tail';
import { readSettings } from '@tapline/core/settings/settings';
import { heartbeatTopic, packetTopic } from '@tapline/core/settings/topics';
import { parseCount, parseDurationUs, parseName } from '../cli/options.ts';
import { contentOf, recordJson, recordText } from '../cli/record-output.ts';

interface ConsumeFlags {
  readonly sensor: string;
  readonly fromBeginning: boolean;
  readonly max?: number;
  readonly timeout?: number;
  readonly packets: boolean;
  readonly format: 'text' | 'json';
}

export function addConsume(program: Command): void {
  program
    .command('consume')
    .description("print what is on a sensor's Kafka topics until Ctrl-C; nobody else's reading is touched")
    .option('--sensor <name>', 'name of the sensor', parseName, 'instance-1')
    .option('--from-beginning', 'start with the oldest record (default: with what comes from now on)', false)
    .option('--max <n>', 'end after this many records', parseCount)
    .option('--timeout <time>', 'end when nothing came for this long, e.g. 5s', parseDurationUs)
    .option('--packets', 'print the packets of each batch too', false)
    .addOption(new Option('--format <format>', 'how records are printed').choices(['text', 'json']).default('text'))
    .action((flags: ConsumeFlags) => consume(flags));
}

async function consume(flags: ConsumeFlags): Promise<void> {
  const { sensor, fromBeginning, max = Infinity, timeout, packets, format } = flags;
  const over = new AbortController();
  const end = (): void => {
    over.abort();
  };
  process.once('SIGINT', end);
  process.once('SIGTERM', end);
  const timer = timeout === undefined ? undefined : setTimeout(end, timeout / 1000);
  const topics = [packetTopic(sensor), heartbeatTopic(sensor)];
  const kafka = kafkaOptions(readSettings(process.env), 'tapline-consume');
  let taken = 0;
  try {
    await tail({ kafka, topics, fromBeginning, signal: over.signal }, async (record) => {
      timer?.refresh();
      const content = contentOf(record.value, packets);
      await print(format === 'json' ? recordJson(record, content) : recordText(record, content));
      taken += 1;
      if (taken >= max) end();
    });
  } finally {
    clearTimeout(timer);
  }
}

/** Waits for a slow reader of standard output. */
async function print(text: string): Promise<void> {
  if (process.stdout.write(text)) return;
  await new Promise((resolve) => process.stdout.once('drain', resolve));
}
