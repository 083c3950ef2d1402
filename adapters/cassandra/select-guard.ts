/**
 * Lets a free SELECT through only when it reads whole partitions that it names: every column of the partition key with `=`
 * or `IN`. Anything else makes Cassandra visit every partition on every node, which is slow for the one who asks and
 * harmful for everybody who writes. Within the named partitions ALLOW FILTERING reads no more than a plain SELECT would, so
 * there it is let through. Refusals say what is missing.
 */
import type { Client } from 'cassandra-driver';
import { PipelineError } from '@tapline/core/errors';
import { cqlTokens, type CqlToken } from './cql-tokens.ts';

export interface ParsedSelect {
  /** Undefined = the session's. */
  readonly keyspace: string | undefined;
  readonly table: string;
  readonly hasAggregate: boolean;
  /** ALLOW FILTERING: rows are read only to be thrown away, which is bounded by what the key names. */
  readonly filters: boolean;
  /** Columns compared with `=` (1) or `IN` (how many values). */
  readonly fixed: ReadonlyMap<string, number>;
  /** Columns compared in any other way. */
  readonly ranged: ReadonlySet<string>;
}

export interface TableKey {
  readonly table: string;
  /** In the order of the key. */
  readonly partition: readonly { readonly name: string; readonly type: string }[];
  readonly clustering: readonly string[];
}

/** Partitions that one statement may name by IN. */
export const PARTITIONS_LIMIT = 100;

const AFTER_WHERE = new Set(['group', 'order', 'per', 'limit', 'allow', 'with']);
const AGGREGATES = new Set(['count', 'min', 'max', 'sum', 'avg']);

/**
 * The parts of a SELECT that decide what it reads.
 * @throws PipelineError USAGE when it is not one SELECT, or walks the token ring
 */
export function parseSelect(cql: string): ParsedSelect {
  const tokens = [...cqlTokens(cql, 'the query')].filter(({ kind }) => kind !== 'comment');
  while (tokens.at(-1)?.text === ';') tokens.pop();
  if (tokens.some(({ text }) => text === ';')) throw refusal('ask one statement at a time');
  if (word(tokens[0]) !== 'select') throw refusal('only SELECT is answered here: this command reads and never writes');
  const flat = topLevel(tokens);
  const from = flat.findIndex((token) => word(token) === 'from');
  if (from < 0) throw refusal('it has no FROM: ask SELECT … FROM table WHERE …');
  const isQualified = flat[from + 2]?.text === '.';
  const tableToken = flat[from + (isQualified ? 3 : 1)];
  if (tableToken === undefined) throw refusal('it has no table after FROM');
  const list = tokens.slice(1, tokens.indexOf(flat[from]!));
  const hasAggregate = list.some((token, i) => AGGREGATES.has(word(token) ?? '') && list[i + 1]?.text === '(');
  const relations = relationsOf(tokens.slice(tokens.indexOf(tableToken) + 1));
  return {
    keyspace: isQualified ? identifier(flat[from + 1]!) : undefined,
    table: identifier(tableToken),
    hasAggregate,
    filters: flat.some((token, i) => i > from && word(token) === 'allow' && word(flat[i + 1]) === 'filtering'),
    ...relations,
  };
}

/** Tokens outside all brackets. */
function topLevel(tokens: readonly CqlToken[]): CqlToken[] {
  let depth = 0;
  return tokens.filter(({ kind, text }) => {
    if (kind !== 'symbol') return depth === 0;
    if ('([{'.includes(text)) depth += 1;
    if (')]}'.includes(text)) depth -= 1;
    return depth === 0 && !')]}'.includes(text);
  });
}

function relationsOf(tokens: readonly CqlToken[]): Pick<ParsedSelect, 'fixed' | 'ranged'> {
  const fixed = new Map<string, number>();
  const ranged = new Set<string>();
  for (const relation of splitRelations(tokens)) {
    const [left, operator] = relation;
    if (word(left) === 'token' && operator?.text === '(') {
      throw refusal('token() walks the ring of partitions, which is a scan in pieces: name the partition key instead');
    }
    if (left === undefined || operator === undefined || !['word', 'name'].includes(left.kind)) continue;
    const column = identifier(left);
    if (operator.text === '=') fixed.set(column, 1);
    else if (word(operator) === 'in') fixed.set(column, relation.filter(({ text }) => text === ',').length + 1);
    else ranged.add(column);
  }
  return { fixed, ranged };
}

/** The relations of the WHERE clause, which AND joins; CQL has no OR. */
function splitRelations(tokens: readonly CqlToken[]): CqlToken[][] {
  if (word(tokens[0]) !== 'where') return [];
  const relations: CqlToken[][] = [[]];
  let depth = 0;
  for (const token of tokens.slice(1)) {
    if (token.kind === 'symbol' && '([{'.includes(token.text)) depth += 1;
    if (token.kind === 'symbol' && ')]}'.includes(token.text)) depth -= 1;
    if (depth === 0 && AFTER_WHERE.has(word(token) ?? '')) break;
    if (depth === 0 && word(token) === 'and') relations.push([]);
    else relations.at(-1)!.push(token);
  }
  return relations;
}

/** A keyword in lower case; undefined for anything but an unquoted word. */
function word(token: CqlToken | undefined): string | undefined {
  return token?.kind === 'word' ? token.text.toLowerCase() : undefined;
}

/** Unquoted names are lower case, quoted ones are as they stand. */
function identifier(token: CqlToken): string {
  return token.kind === 'name' ? token.text.slice(1, -1).replaceAll('""', '"') : token.text.toLowerCase();
}

/** Throws PipelineError USAGE unless the query names every partition that it reads. */
export function checkPartitions(query: ParsedSelect, key: TableKey): void {
  const names = key.partition.map(({ name }) => name);
  const missing = names.filter((name) => !query.fixed.has(name));
  if (missing.length > 0) {
    const ranged = missing.filter((name) => query.ranged.has(name));
    const reason =
      ranged.length > 0
        ? `it compares ${ranged.join(' and ')} otherwise than with = or IN`
        : `its WHERE clause does not say ${missing.join(' and ')}`;
    const counted = query.hasAggregate ? ', to count or sum all of them' : '';
    const filtered = query.filters ? ', only to throw most of it away (ALLOW FILTERING)' : '';
    throw refusal(
      `${reason}, so it would read every partition of ${key.table} on every node${counted}${filtered}. ${keyText(key)}`,
    );
  }
  const partitions = names.reduce((product, name) => product * query.fixed.get(name)!, 1);
  if (partitions > PARTITIONS_LIMIT) {
    throw refusal(`its IN names ${partitions} partitions at once: ask for ${PARTITIONS_LIMIT} at most`);
  }
}

function keyText(key: TableKey): string {
  const types = key.partition.map(({ name, type }) => `${name} ${type}`).join(', ');
  const where = key.partition.map(({ name }) => `${name} = …`).join(' AND ');
  const then = key.clustering.length > 0 ? `; ranges may follow on ${key.clustering.join(', then ')}` : '';
  return `The partition key is (${types}): add WHERE ${where}${then}`;
}

function refusal(reason: string): PipelineError {
  return new PipelineError('USAGE', `refused: ${reason}`);
}

/** The key of a table by what the database itself says. Throws PipelineError USAGE when there is no such table. */
export async function tableKey(client: Client, keyspace: string, table: string): Promise<TableKey> {
  const result = await client.execute(
    'SELECT column_name, kind, position, type FROM system_schema.columns WHERE keyspace_name = ? AND table_name = ?',
    [keyspace, table],
    { prepare: true },
  );
  if (result.rowLength === 0) {
    const tables = await client.execute(
      'SELECT table_name FROM system_schema.tables WHERE keyspace_name = ?',
      [keyspace],
      { prepare: true },
    );
    const known = tables.rows.map((row) => String(row['table_name'])).join(', ');
    const there =
      known === '' ? `keyspace ${keyspace} is empty or missing: run "tapline migrate"` : `there are: ${known}`;
    throw new PipelineError('USAGE', `there is no table ${table} in ${keyspace}; ${there}`);
  }
  const ofKind = (kind: string): { name: string; type: string }[] =>
    result.rows
      .filter((row) => row['kind'] === kind)
      .sort((a, b) => Number(a['position']) - Number(b['position']))
      .map((row) => ({ name: String(row['column_name']), type: String(row['type']) }));
  return { table, partition: ofKind('partition_key'), clustering: ofKind('clustering').map(({ name }) => name) };
}

/**
 * Parses and checks a query against the tables that are there.
 * @param keyspace where tables are that the query does not qualify
 * @throws PipelineError USAGE with the reason for which it is refused
 */
export async function guardSelect(client: Client, keyspace: string, cql: string): Promise<void> {
  const query = parseSelect(cql);
  checkPartitions(query, await tableKey(client, query.keyspace ?? keyspace, query.table));
}
