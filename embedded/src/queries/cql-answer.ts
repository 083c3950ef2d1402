/**
 * Answers a question from Cassandra: finds the values that nobody gave (the only sensor, its newest session, its newest
 * span of time), walks the partitions of the range one after the other, and stops at the limit or at a bound, saying so.
 */
import type { Client } from 'cassandra-driver';
import { plainRows } from '@tapline/adapters/cassandra/plain-rows';
import { PipelineError } from '@tapline/core/errors';
import type { Row } from '../cli/rows-output.ts';
import { BUCKETS, bucketAt, bucketsIn, bucketText, parseBucket, timeText, type TimeSpan } from './cql-buckets.ts';
import type { CqlQuestion } from './cql-questions.ts';
import { isStreaming, RowFold, ROWS_KEPT, unfoldRow } from './row-steps.ts';

/** One read each. */
export const PARTITIONS_WALKED = 1000;

export interface AnswerOptions {
  /** By parameter name. */
  readonly values: ReadonlyMap<string, string>;
  readonly range: Partial<TimeSpan>;
  readonly limit: number;
  /** Length of the deployment's windows. */
  readonly windowMs: number;
  /** What was assumed, and what was cut; a line each. */
  readonly say: (line: string) => void;
}

/** Parameters that the walk fills in itself. */
const OWN = new Set(['from', 'to', 'limit']);
/** Parameters with an everyday value: the first part is the only one of all but long sessions. */
const USUAL = new Map([['part', '0']]);

/** The rows, at most `limit`. Throws PipelineError USAGE for a value that is missing, STORE when Cassandra fails. */
export async function answer(client: Client, question: CqlQuestion, options: AnswerOptions): Promise<Row[]> {
  const values = await knownValues(client, question, options);
  const bucket = bucketOf(question);
  const range = bucket === undefined ? undefined : await rangeOf(client, bucket, values, options);
  const fold = new RowFold(question.steps.fold);
  const streams = isStreaming(question.steps);
  const rows: Row[] = [];
  let walked = 0;
  for (const partition of partitions(bucket, range, options.windowMs)) {
    if (walked === PARTITIONS_WALKED) {
      options.say(`cut after ${walked} partitions: ask from ${timeText(partition!.fromMs)} on for more`);
      break;
    }
    walked += 1;
    const filled = fill(values, bucket, partition, range, options.limit - rows.length);
    for await (const row of plainRows(client, question.render(filled))) {
      for (const one of unfoldRow(row, question.steps.unfold)) {
        if (streams) rows.push(one);
        else fold.add(one);
      }
      if (rows.length >= options.limit) break;
    }
    if (rows.length >= options.limit) break;
  }
  if (fold.dropped > 0) options.say(`cut: ${fold.dropped} rows beyond the first ${ROWS_KEPT} were left out`);
  const found = streams ? rows : fold.rows(question.steps.sort);
  if (found.length > options.limit || (streams && found.length === options.limit)) {
    options.say(`the first ${options.limit} rows: --limit gives more, if there are`);
  }
  return found.slice(0, options.limit);
}

/** The statements that `answer` would send for these values, examples in place of the others; asks nobody. */
export function statements(question: CqlQuestion, options: Omit<AnswerOptions, 'say'>): string[] {
  const bucket = bucketOf(question);
  const { fromMs, toMs } = options.range;
  const given = bucket === undefined ? undefined : options.values.get(bucket);
  const range =
    given !== undefined
      ? parseBucket(bucket!, given, options.windowMs)
      : fromMs !== undefined && toMs !== undefined
        ? { fromMs, toMs }
        : undefined;
  const texts: string[] = [];
  for (const partition of range === undefined ? [undefined] : partitions(bucket, range, options.windowMs)) {
    if (texts.length === PARTITIONS_WALKED) break;
    texts.push(question.render(fill(options.values, bucket, partition, range, options.limit)));
  }
  return texts;
}

const bucketOf = (question: CqlQuestion): string | undefined =>
  question.parameters.map(({ name }) => name).find((name) => (BUCKETS as readonly string[]).includes(name));

function* partitions(
  bucket: string | undefined,
  range: TimeSpan | undefined,
  windowMs: number,
): Generator<TimeSpan | undefined> {
  if (bucket === undefined || range === undefined) yield undefined;
  else yield* bucketsIn(bucket, range, windowMs);
}

function fill(
  values: ReadonlyMap<string, string>,
  bucket: string | undefined,
  partition: TimeSpan | undefined,
  range: TimeSpan | undefined,
  limit: number,
): Map<string, string> {
  const filled = new Map(values).set('limit', String(limit));
  if (partition !== undefined) filled.set(bucket!, bucketText(bucket!, partition));
  if (range !== undefined) filled.set('from', timeText(range.fromMs)).set('to', timeText(range.toMs));
  return filled;
}

async function knownValues(
  client: Client,
  question: CqlQuestion,
  options: AnswerOptions,
): Promise<Map<string, string>> {
  const names = question.parameters.map(({ name }) => name);
  const values = new Map(options.values);
  for (const name of values.keys()) {
    if (names.includes(name)) continue;
    const own = names.filter((known) => !OWN.has(known)).join(', ');
    throw new PipelineError(
      'USAGE',
      `"${question.name}" has no parameter ${name}; it has: ${own === '' ? 'none' : own}`,
    );
  }
  if (names.includes('sensor') && !values.has('sensor')) values.set('sensor', await onlySensor(client));
  if (names.includes('session') && !values.has('session')) {
    const session = await newestSession(client, values.get('sensor')!);
    options.say(`session ${session}, the newest: --param session=… for another`);
    values.set('session', session);
  }
  for (const { name, example } of question.parameters) {
    if (values.has(name) || OWN.has(name) || (BUCKETS as readonly string[]).includes(name)) continue;
    const usual = USUAL.get(name);
    if (usual === undefined) {
      const host = name === 'host' || name === 'entity' ? '--host ADDRESS or ' : '';
      throw new PipelineError('USAGE', `"${question.name}" asks for ${name}: give ${host}--param ${name}=${example}`);
    }
    values.set(name, usual);
  }
  return values;
}

const quote = (text: string): string => `'${text.replaceAll("'", "''")}'`;

async function onlySensor(client: Client): Promise<string> {
  const names: string[] = [];
  for await (const row of plainRows(client, 'SELECT sensor FROM sensors WHERE shelf = 0')) {
    names.push(row['sensor'] as string);
  }
  if (names.length === 1) return names[0]!;
  const there = names.length === 0 ? 'no sensor has written anything yet' : `there are ${names.join(', ')}`;
  throw new PipelineError('USAGE', `name the sensor: --sensor NAME; ${there}`);
}

async function newestSession(client: Client, sensor: string): Promise<string> {
  const cql = `SELECT session, heard FROM sessions WHERE sensor = ${quote(sensor)}`;
  let newest = { session: '', heard: '' };
  for await (const row of plainRows(client, cql)) {
    const found = row as unknown as typeof newest;
    if (found.heard > newest.heard) newest = found;
  }
  if (newest.heard !== '') return newest.session;
  throw new PipelineError('USAGE', `sensor ${sensor} has no sessions`);
}

/** The range that was asked for, else the newest span of which there is anything. */
async function rangeOf(
  client: Client,
  bucket: string,
  values: Map<string, string>,
  options: AnswerOptions,
): Promise<TimeSpan> {
  const { windowMs, say } = options;
  const given = values.get(bucket);
  const { fromMs, toMs } = options.range;
  if (given !== undefined) {
    const span = parseBucket(bucket, given, windowMs);
    return { fromMs: Math.max(fromMs ?? span.fromMs, span.fromMs), toMs: Math.min(toMs ?? span.toMs, span.toMs) };
  }
  if (fromMs !== undefined && toMs !== undefined) return { fromMs, toMs };
  // A window is too little to look at; a minute of them is not.
  const kind = bucket === 'window' ? 'minute' : bucket;
  const span =
    fromMs !== undefined
      ? { fromMs, toMs: bucketAt(kind, fromMs, windowMs).toMs }
      : toMs !== undefined
        ? { fromMs: bucketAt(kind, toMs - 1, windowMs).fromMs, toMs }
        : bucketAt(kind, await newestMs(client, bucket, values), windowMs);
  say(`from ${timeText(span.fromMs)} to ${timeText(span.toMs)}: --from and --to for another time`);
  return span;
}

async function newestMs(client: Client, bucket: string, values: ReadonlyMap<string, string>): Promise<number> {
  const sensor = values.get('sensor')!;
  const where = `WHERE sensor = ${quote(sensor)}`;
  const [column, cql] =
    bucket === 'clock_hour'
      ? ['at', `SELECT max(arrived) AS at FROM last_heartbeats ${where}`]
      : ['last_window', `SELECT last_window FROM hours ${where} ORDER BY hour DESC LIMIT 1`];
  for await (const row of plainRows(client, cql)) {
    if (row[column] !== null) return Date.parse(row[column] as string);
  }
  throw new PipelineError('USAGE', `nothing is known of sensor ${sensor} yet: give --from and --to to look anyway`);
}
