/** `tapline query`: the analysts' questions by name, answered from a data folder. */
import { InvalidArgumentError, Option, type Command } from 'commander';
import { formatAddress, parseAddress } from '@tapline/core/packet/address';
import { PipelineError } from '@tapline/core/errors';
import { parseCount, parseTimeUs } from '../cli/options.ts';
import { ROW_FORMATS, rowsText, type RowFormat } from '../cli/rows-output.ts';
import { namedQueries, runQuery } from '../queries/named-queries.ts';

interface QueryFlags {
  readonly data?: string;
  readonly from: number;
  readonly to: number;
  readonly limit: number;
  readonly host?: string;
  readonly format?: RowFormat;
}

export function addQuery(program: Command): void {
  program
    .command('query')
    .description('answer a named question from a data folder; without a name, list the questions')
    .argument('[name]', 'which question')
    .option('--data <dir>', 'the folder that "tapline run --data" wrote')
    .addOption(
      new Option('--from <time>', 'event time to start at, ISO 8601')
        .argParser(parseTimeUs)
        .default(-Infinity, 'everything'),
    )
    .addOption(
      new Option('--to <time>', 'event time to end before, ISO 8601')
        .argParser(parseTimeUs)
        .default(Infinity, 'everything'),
    )
    .option('--limit <rows>', 'rows at most', parseCount, 50)
    .option('--host <address>', 'for questions about one host', parseHost)
    .addOption(
      new Option('--format <format>', 'how rows are printed (default: table on a terminal, else ndjson)').choices(
        ROW_FORMATS,
      ),
    )
    .action((name: string | undefined, flags: QueryFlags) => {
      process.stdout.write(name === undefined ? listText() : answer(name, flags));
    });
}

function listText(): string {
  const queries = namedQueries();
  const width = Math.max(...queries.map(({ name }) => name.length));
  return queries.map(({ name, title }) => `${name.padEnd(width)}  ${title}\n`).join('');
}

function answer(name: string, flags: QueryFlags): string {
  if (flags.data === undefined) {
    throw new PipelineError('USAGE', 'name the data folder: --data DIR, the folder that "tapline run --data" wrote');
  }
  const { from, to, limit, host } = flags;
  const rows = runQuery(flags.data, name, { fromUs: from, toUs: to, limit, host: host ?? null });
  return rowsText(rows, flags.format ?? (process.stdout.isTTY ? 'table' : 'ndjson'));
}

/** The canonical text of an address, as rows hold it. */
function parseHost(text: string): string {
  const address = parseAddress(text);
  if (address === undefined) throw new InvalidArgumentError('use an IPv4, IPv6 or MAC address.');
  return formatAddress(address.words, 0, address.type);
}
