/**
 * `tapline query`: the analysts' questions by name, answered from a data folder (--data) or else from Cassandra; and free
 * CQL that names its partitions.
 */
import { InvalidArgumentError, Option, type Command } from 'commander';
import { cassandraOptions, connectCassandra } from '@tapline/adapters/cassandra/client';
import { plainRows } from '@tapline/adapters/cassandra/plain-rows';
import { guardSelect } from '@tapline/adapters/cassandra/select-guard';
import { PipelineError } from '@tapline/core/errors';
import { formatAddress, parseAddress } from '@tapline/core/packet/address';
import { numberSetting, readSettings } from '@tapline/core/settings/settings';
import { parseCount, parseName, parseTimeUs } from '../cli/options.ts';
import { ROW_FORMATS, rowsText, type Row, type RowFormat } from '../cli/rows-output.ts';
import { answer, statements } from '../queries/cql-answer.ts';
import { cqlQuestions, type CqlQuestion } from '../queries/cql-questions.ts';
import { namedQueries, runQuery } from '../queries/named-queries.ts';
import { ROWS_KEPT } from '../queries/row-steps.ts';

const PLACES = ['embedded', 'cassandra'] as const;
type Place = (typeof PLACES)[number];

interface QueryFlags {
  readonly on?: Place;
  readonly data?: string;
  readonly cql?: string;
  readonly sensor?: string;
  readonly from: number;
  readonly to: number;
  readonly limit: number;
  readonly host?: string;
  readonly param: ReadonlyMap<string, string>;
  readonly print: boolean;
  readonly format?: RowFormat;
}

const HELP = `
With --data the answer comes from that folder; without it from Cassandra, which the TAPLINE_CASSANDRA_… variables name.
Without a name, the questions are listed, and where each can be asked. docs/cql.md explains the tables.

  tapline query alerts --data DIR
  tapline query alerts --sensor instance-1 --from 2026-11-24T00:00:00Z --to 2026-11-25T00:00:00Z
  tapline query host --host 192.168.50.80
  tapline query connection --param flow=102 --print
  tapline query --cql "SELECT * FROM alerts_by_day WHERE sensor = 'instance-1' AND day = '2026-11-24'"
`;

export function addQuery(program: Command): void {
  program
    .command('query')
    .description('answer a named question from a data folder or from Cassandra; without a name, list the questions')
    .argument('[name]', 'which question')
    .addOption(
      new Option('--on <place>', 'where to ask (default: embedded with --data, else cassandra)').choices(PLACES),
    )
    .option('--data <dir>', 'the folder that "tapline run --data" wrote')
    .option('--cql <select>', 'any SELECT that names its partitions; the others are refused, with the reason')
    .option('--sensor <name>', 'Cassandra: which sensor (default: the only one)', parseName)
    .addOption(
      new Option('--from <time>', 'event time to start at, ISO 8601')
        .argParser(parseTimeUs)
        .default(-Infinity, 'everything; Cassandra: the newest'),
    )
    .addOption(
      new Option('--to <time>', 'event time to end before, ISO 8601')
        .argParser(parseTimeUs)
        .default(Infinity, 'everything; Cassandra: the newest'),
    )
    .option('--limit <rows>', 'rows at most', parseCount, 50)
    .option('--host <address>', 'for questions about one host', parseHost)
    .addOption(
      new Option('--param <name=value>', 'Cassandra: any other value that a question asks for; may be repeated')
        .argParser(parseParameter)
        .default(new Map<string, string>(), 'none'),
    )
    .option('--print', 'Cassandra: print the CQL, for cqlsh, and ask nobody', false)
    .addOption(
      new Option('--format <format>', 'how rows are printed (default: table on a terminal, else ndjson)').choices(
        ROW_FORMATS,
      ),
    )
    .addHelpText('after', HELP)
    .action(async (name: string | undefined, flags: QueryFlags) => {
      process.stdout.write(await query(name, flags));
    });
}

async function query(name: string | undefined, flags: QueryFlags): Promise<string> {
  const place = flags.on ?? (flags.data === undefined ? 'cassandra' : 'embedded');
  if (flags.cql !== undefined) {
    if (name !== undefined || place !== 'cassandra') {
      throw new PipelineError('USAGE', '--cql is asked of Cassandra, instead of a named question: leave out the other');
    }
    return print(await freeAnswer(flags.cql, flags.limit), flags);
  }
  if (name === undefined) return listText(flags.on);
  if (place === 'embedded') return print(embeddedAnswer(name, flags), flags);
  const question = questionNamed(name);
  if (!flags.print) return print(await cassandraAnswer(question, flags), flags);
  return `${statements(question, answerOptions(flags)).join('\n')}\n`;
}

function print(rows: readonly Row[], flags: QueryFlags): string {
  return rowsText(rows, flags.format ?? (process.stdout.isTTY ? 'table' : 'ndjson'));
}

/** A line for each question: its name, where it can be asked, and what it asks. */
function listText(place: Place | undefined): string {
  const titles = new Map<string, Map<Place, string>>();
  const add = (name: string, at: Place, title: string): void => {
    if (place !== undefined && place !== at) return;
    titles.set(name, (titles.get(name) ?? new Map<Place, string>()).set(at, title));
  };
  for (const { name, title } of namedQueries()) add(name, 'embedded', title);
  for (const { name, title } of cqlQuestions()) add(name, 'cassandra', title);
  const width = Math.max(...Array.from(titles.keys(), (name) => name.length));
  return [...titles]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, at]) => {
      const where = at.size > 1 ? 'both' : [...at.keys()][0]!;
      return `${name.padEnd(width)}  ${where.padEnd(9)}  ${at.get('cassandra') ?? at.get('embedded')!}\n`;
    })
    .join('');
}

function embeddedAnswer(name: string, flags: QueryFlags): Row[] {
  if (flags.data === undefined) {
    throw new PipelineError('USAGE', 'name the data folder: --data DIR, the folder that "tapline run --data" wrote');
  }
  const { from, to, limit, host } = flags;
  return runQuery(flags.data, name, { fromUs: from, toUs: to, limit, host: host ?? null });
}

function questionNamed(name: string): CqlQuestion {
  const questions = cqlQuestions();
  const question = questions.find((known) => known.name === name);
  if (question !== undefined) return question;
  const isEmbedded = namedQueries().some((known) => known.name === name);
  throw new PipelineError(
    'USAGE',
    isEmbedded
      ? `"${name}" is asked of a data folder: --data DIR, the folder that "tapline run --data" wrote`
      : `there is no query ${JSON.stringify(name)}; there are: ${questions.map((known) => known.name).join(', ')}`,
  );
}

function answerOptions(flags: QueryFlags): Omit<Parameters<typeof answer>[2], 'say'> {
  const values = new Map(flags.param);
  if (flags.sensor !== undefined) values.set('sensor', flags.sensor);
  return {
    values,
    // Whole milliseconds, as Cassandra keeps times: a packet within the first one is beyond its start.
    range: {
      ...(Number.isFinite(flags.from) ? { fromMs: checkTime(Math.floor(flags.from / 1000)) } : {}),
      ...(Number.isFinite(flags.to) ? { toMs: checkTime(Math.ceil(flags.to / 1000)) } : {}),
    },
    limit: Math.min(flags.limit, ROWS_KEPT),
    windowMs: numberSetting(readSettings(process.env), 'window', 1) * 1000,
  };
}

/** The times that CQL's dates and JavaScript's have in common, with room for the span around one. */
function checkTime(timeMs: number): number {
  if (timeMs > Date.UTC(-200_000, 0) && timeMs < Date.UTC(200_000, 0)) return timeMs;
  throw new PipelineError('USAGE', 'Cassandra has no such time: use years from -200000 to 200000');
}

async function cassandraAnswer(question: CqlQuestion, flags: QueryFlags): Promise<Row[]> {
  const options = answerOptions(flags);
  const values = new Map(options.values);
  const about = question.parameters.map(({ name }) => name).find((name) => name === 'host' || name === 'entity');
  if (flags.host !== undefined && !values.has(about ?? 'host')) values.set(about ?? 'host', flags.host);
  const client = await connect();
  try {
    return await answer(client, question, { ...options, values, say });
  } finally {
    await client.shutdown();
  }
}

async function freeAnswer(cql: string, limit: number): Promise<Row[]> {
  const client = await connect();
  try {
    await guardSelect(client, readSettings(process.env).cassandraKeyspace, cql);
    const rows: Row[] = [];
    for await (const row of plainRows(client, cql)) {
      if (rows.length === limit || rows.length === ROWS_KEPT) {
        say(`cut after ${rows.length} rows: --limit gives more`);
        break;
      }
      rows.push(row);
    }
    return rows;
  } finally {
    await client.shutdown();
  }
}

async function connect(): ReturnType<typeof connectCassandra> {
  try {
    return await connectCassandra(cassandraOptions(readSettings(process.env)));
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    const { code, message, retriable } = error;
    throw new PipelineError(code, `${message} (or name a data folder: --data DIR)`, { retriable, cause: error });
  }
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** The canonical text of an address, as rows hold it. */
function parseHost(text: string): string {
  const address = parseAddress(text);
  if (address === undefined) throw new InvalidArgumentError('use an IPv4, IPv6 or MAC address.');
  return formatAddress(address.words, 0, address.type);
}

function parseParameter(text: string, before: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const match = /^(\w+)=(.*)$/s.exec(text);
  if (match === null) throw new InvalidArgumentError('use name=value.');
  return new Map(before).set(match[1]!, match[2]!);
}
