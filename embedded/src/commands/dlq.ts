/** `tapline dlq`: messages that nobody could use: look at them, and send them again once the reason is gone. */
import type { Command } from 'commander';
import type { DeadLetter } from '@tapline/adapters/pubsub/dead-letter';
import type { DeadLetters, DeadLetterSummary, ReplayResult } from '@tapline/adapters/pubsub/dead-letters';
import { PipelineError } from '@tapline/core/errors';
import { parseCount } from '../cli/options.ts';
import { rowsText } from '../cli/rows-output.ts';
import { pubsubSettings } from '../cli/pubsub-settings.ts';

export function addDlq(program: Command): void {
  const dlq = program.command('dlq').description('look at dead letters, and send them again');

  dlq
    .command('list')
    .description('list the messages that were given up, oldest first; they stay where they are')
    .option('--max <n>', 'letters at most', parseCount, 100)
    .option('--json', 'print one JSON array', false)
    .action(async ({ max, json }: { max: number; json: boolean }) => {
      const letters = await withDeadLetters((store) => store.list(max));
      process.stdout.write(json ? `${JSON.stringify(letters)}\n` : listText(letters, max));
    });

  dlq
    .command('show')
    .description('print one message that was given up; it stays where it is')
    .argument('<id>', 'its id, from "dlq list"')
    .option('--payload', 'write the bytes of the message to stdout, and nothing else', false)
    .option('--json', 'print one JSON object, the payload in base64', false)
    .action(async (id: string, { payload, json }: { payload: boolean; json: boolean }) => {
      const letter = await withDeadLetters((store) => store.find(id));
      if (letter === undefined)
        throw new PipelineError('STORE', `there is no dead letter ${id}: see "tapline dlq list"`);
      process.stdout.write(payload ? letter.payload : json ? letterJson(letter) : letterText(letter));
    });

  dlq
    .command('replay')
    .description('send messages again to the topics they were meant for; each is taken away once that is acknowledged')
    .argument('[ids...]', 'their ids, from "dlq list"')
    .option('--all', 'all that are there now', false)
    .option('--json', 'print one JSON array', false)
    .action(async (ids: string[], { all, json }: { all: boolean; json: boolean }) => {
      if (all === ids.length > 0) throw new PipelineError('USAGE', 'name the dead letters to send again, or --all');
      const results = await withDeadLetters((store) => store.replay(all ? 'all' : ids));
      process.stdout.write(json ? `${JSON.stringify(results)}\n` : replayText(results));
      if (results.some(({ problem }) => problem !== undefined)) process.exitCode = 1;
    });
}

async function withDeadLetters<T>(work: (store: DeadLetters) => Promise<T>): Promise<T> {
  const { makePubSub } = await import('@tapline/adapters/pubsub/client');
  const { DeadLetters } = await import('@tapline/adapters/pubsub/dead-letters');
  const settings = pubsubSettings(process.env);
  const client = makePubSub(settings);
  const store = new DeadLetters(client, settings.topicPrefix);
  try {
    return await work(store);
  } finally {
    await store.close();
    await client.close();
  }
}

const REASON_WIDTH = 100;

function listText(letters: readonly DeadLetterSummary[], max: number): string {
  if (letters.length === 0) return 'no dead letters\n';
  const rows = letters.map(({ id, quarantinedAt, origin, code, originalBytes, reason }) => ({
    id,
    since: quarantinedAt.replace(/\.\d+Z$/, 'Z'),
    'meant for': origin ?? 'unknown',
    code,
    bytes: originalBytes,
    reason: reason.length > REASON_WIDTH ? `${reason.slice(0, REASON_WIDTH)}…` : reason,
  }));
  return rowsText(rows, 'table') + (letters.length === max ? `the first ${max}; --max shows more\n` : '');
}

function letterJson({ payload, ...rest }: DeadLetter): string {
  return `${JSON.stringify({ ...rest, payload: Buffer.from(payload).toString('base64') })}\n`;
}

function letterText(letter: DeadLetter): string {
  const { id, origin, code, reason, quarantinedAt, originalBytes, payload, attributes } = letter;
  const kept = payload.length < originalBytes ? ` (the first ${payload.length} are kept)` : '';
  const lines = [
    `id         ${id}`,
    `since      ${quarantinedAt}`,
    `meant for  ${origin ?? 'unknown'}`,
    `code       ${code}`,
    `reason     ${reason}`,
    `bytes      ${originalBytes}${kept}`,
    ...Object.entries(attributes).map(([key, value]) => `attribute  ${key} = ${value}`),
  ];
  const printable = lines.map((line) => `${line.replace(/\p{Cc}/gu, '\uFFFD')}\n`).join('');
  return printable + hexText(payload.subarray(0, HEX_BYTES));
}

const HEX_BYTES = 256;
const HEX_ROW = 16;

/** Offset, bytes and printable ASCII, as hexdump -C writes them. */
function hexText(bytes: Uint8Array): string {
  const rows: string[] = [];
  for (let at = 0; at < bytes.length; at += HEX_ROW) {
    const row = [...bytes.subarray(at, at + HEX_ROW)];
    const hex = row.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const text = row.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('');
    rows.push(`${at.toString(16).padStart(8, '0')}  ${hex.padEnd(3 * HEX_ROW - 1)}  |${text}|\n`);
  }
  return rows.join('');
}

function replayText(results: readonly ReplayResult[]): string {
  if (results.length === 0) return 'no dead letters\n';
  const line = ({ id, to, problem }: ReplayResult): string =>
    problem === undefined ? `${id}  sent to ${to ?? ''}` : `${id}  stays: ${problem}`;
  return results.map((result) => `${line(result).replace(/\p{Cc}/gu, '\uFFFD')}\n`).join('');
}
