/** Rows of a free query as plain values that print and sort: what is no JSON of itself becomes text. */
import { errors, types, type Client } from 'cassandra-driver';
import { PipelineError } from '@tapline/core/errors';
import { deepestReason } from './client.ts';

export type PlainRow = Record<string, unknown>;

const PAGE_ROWS = 1000;
const { syntaxError, invalid, unauthorized, configError } = types.responseErrorCodes;
/** The query is at fault: asking again changes nothing. */
const REFUSALS: ReadonlySet<number> = new Set([syntaxError, invalid, unauthorized, configError]);

/**
 * Reads a SELECT page by page; the next page is asked for when it is wanted.
 * @throws PipelineError USAGE when the database does not take the query, STORE when it does not answer
 */
export async function* plainRows(client: Client, cql: string): AsyncGenerator<PlainRow> {
  let pageState: string | undefined;
  do {
    const page = await execute(client, cql, pageState);
    const names = page.columns.map(({ name }) => name);
    for (const row of page.rows) yield Object.fromEntries(names.map((name) => [name, plainValue(row[name])]));
    // The driver says null at the end, whatever its types say.
    pageState = (page as { pageState?: string | null }).pageState ?? undefined;
  } while (pageState !== undefined);
}

async function execute(client: Client, cql: string, pageState: string | undefined): Promise<types.ResultSet> {
  const options = { prepare: false, isIdempotent: true, fetchSize: PAGE_ROWS, ...(pageState && { pageState }) };
  try {
    // A comment ends with its line, not with the text.
    return await client.execute(`${cql}\n`, [], options);
  } catch (cause) {
    const reason = deepestReason(cause);
    const isRefused = cause instanceof errors.ResponseError && REFUSALS.has(cause.code);
    if (!isRefused) throw new PipelineError('STORE', `Cassandra: ${reason}`, { retriable: true, cause });
    const isUnmigrated = /table .* does not exist|unconfigured table|undefined column/i.test(reason);
    throw new PipelineError('USAGE', `Cassandra: ${reason}${isUnmigrated ? ': run "tapline migrate"' : ''}`, { cause });
  }
}

/** Times as ISO 8601, blobs as 0x…, whole numbers beyond 2^53 as text, maps and user types as objects. */
export function plainValue(value: unknown): unknown {
  if (value === null || value === undefined) return null;
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'bigint' || value instanceof types.Long) {
    const number = Number(value.toString());
    return Number.isSafeInteger(number) ? number : value.toString();
  }
  if (typeof value !== 'object') return value;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (value instanceof Uint8Array) return `0x${Buffer.from(value).toString('hex')}`;
  if (value instanceof Map) {
    return Object.fromEntries([...value].map(([key, item]) => [String(plainValue(key)), plainValue(item)]));
  }
  if (Array.isArray(value) || value instanceof Set) return Array.from(value as Iterable<unknown>, plainValue);
  // Uuids, addresses, decimals, dates: the driver's classes, which know their own text.
  if (Object.getPrototypeOf(value) !== Object.prototype) return (value as { toString(): string }).toString();
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, plainValue(item)]));
}
