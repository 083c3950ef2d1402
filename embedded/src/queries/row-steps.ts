/**
 * What CQL cannot do with rows, done by the command: lists unfolded to rows, rows of the same thing added up over
 * partitions, and the result sorted. Written in a question's head as
 *   unfold: column            each entry of the list becomes a row, its fields become columns
 *   fold: column, column      rows alike in these become one: numbers added up, `first_…` the least, `last_…` the largest,
 *                             `flags_…` all the letters, everything else as in the first row
 *   sort: column desc|asc
 * A fold over rows with first_time and last_time has a column `seconds` as well.
 */
import { PipelineError } from '@tapline/core/errors';
import type { Row } from '../cli/rows-output.ts';

export interface RowSteps {
  readonly unfold: string | undefined;
  readonly fold: readonly string[];
  readonly sort: { readonly column: string; readonly descending: boolean } | undefined;
}

/** Rows kept while they are folded or sorted. */
export const ROWS_KEPT = 200_000;

const STEP = /^(unfold|fold|sort):\s*(.*?)\s*$/;

/** @param comments the lines of a question's head. Throws PipelineError USAGE for a step that is not understood. */
export function parseSteps(question: string, comments: readonly string[]): RowSteps {
  const steps = new Map(
    comments.flatMap((comment) => {
      const match = STEP.exec(comment);
      return match === null ? [] : [[match[1]!, match[2]!] as const];
    }),
  );
  const sort = steps.get('sort');
  const match = /^(\w+) (desc|asc)$/.exec(sort ?? '');
  if (sort !== undefined && match === null) {
    throw new PipelineError('USAGE', `${question}.cql: "sort: ${sort}" is not understood: write sort: column desc`);
  }
  return {
    unfold: steps.get('unfold'),
    fold: steps.get('fold')?.split(/\s*,\s*/) ?? [],
    sort: match === null ? undefined : { column: match[1]!, descending: match[2] === 'desc' },
  };
}

/** Whether rows can be given out as they come. */
export function isStreaming(steps: RowSteps): boolean {
  return steps.fold.length === 0 && steps.sort === undefined;
}

/** The rows that one row of the answer becomes. */
export function unfoldRow(row: Row, column: string | undefined): Row[] {
  if (column === undefined) return [row];
  const { [column]: list, ...rest } = row;
  return Array.isArray(list) ? list.map((entry) => ({ ...rest, ...(entry as Row) })) : [];
}

/** Gathers rows into folded ones; without `fold` each stays as it is. */
export class RowFold {
  readonly #columns: readonly string[];
  readonly #rows = new Map<string, Record<string, unknown>>();
  /** Rows that found no room. */
  dropped = 0;

  constructor(columns: readonly string[]) {
    this.#columns = columns;
  }

  add(row: Row): void {
    const folds = this.#columns.length > 0;
    const key = folds ? JSON.stringify(this.#columns.map((column) => row[column])) : String(this.#rows.size);
    const known = this.#rows.get(key);
    if (known !== undefined) this.#merge(known, row);
    else if (this.#rows.size < ROWS_KEPT) this.#rows.set(key, { ...row });
    else this.dropped += 1;
  }

  #merge(known: Record<string, unknown>, row: Row): void {
    for (const [name, value] of Object.entries(row)) {
      const before = known[name];
      if (this.#columns.includes(name) || value === null) continue;
      if (before === null) known[name] = value;
      else if (name.startsWith('first_')) known[name] = smaller(before, value) ? before : value;
      else if (name.startsWith('last_')) known[name] = smaller(before, value) ? value : before;
      else if (name.startsWith('flags_')) known[name] = [...new Set(textOf(before) + textOf(value))].join('');
      else if (typeof before === 'number' && typeof value === 'number' && !isKey(name)) known[name] = before + value;
    }
  }

  rows(sort: RowSteps['sort']): Row[] {
    const rows = [...this.#rows.values()];
    if (this.#columns.length > 0) for (const row of rows) addSeconds(row);
    if (sort === undefined) return rows;
    const sign = sort.descending ? -1 : 1;
    return rows.sort((a, b) => sign * compare(a[sort.column], b[sort.column]));
  }
}

/** Numbers that name something and are no amounts. */
const isKey = (name: string): boolean => name.endsWith('_port') || name === 'flow';

function addSeconds(row: Record<string, unknown>): void {
  const { first_time: first, last_time: last } = row;
  if (typeof first !== 'string' || typeof last !== 'string') return;
  row['seconds'] = (Date.parse(last) - Date.parse(first)) / 1000;
}

const smaller = (a: unknown, b: unknown): boolean => compare(a, b) < 0;

/** Numbers by value, everything else (times are ISO 8601) by its text; nothing comes first. */
function compare(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const [left, right] = [textOf(a), textOf(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value ?? ''));
