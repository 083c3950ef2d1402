/**
 * The analysts' questions to Cassandra, cql/queries/*.cql. A file is CQL that cqlsh takes as it stands, with examples of
 * the bundled capture; a comment `-- :name` behind a value makes it a parameter of that name. Comments at the head: a title
 * on the first line, notes, and what is done with the rows besides (row-steps.ts): `unfold:`, `fold:` and `sort:`.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cqlTokens, type CqlToken } from '@tapline/adapters/cassandra/cql-tokens';
import { PipelineError } from '@tapline/core/errors';
import { parseSteps, type RowSteps } from './row-steps.ts';

export const QUESTIONS_FOLDER = fileURLToPath(new URL('../../../cql/queries', import.meta.url));

export interface CqlParameter {
  readonly name: string;
  /** What stands in the file, without quotes. */
  readonly example: string;
  readonly isNumber: boolean;
}

export interface CqlQuestion {
  readonly name: string;
  readonly title: string;
  readonly parameters: readonly CqlParameter[];
  readonly steps: RowSteps;
  /** The statement with these values; examples stand where none is given. */
  readonly render: (values: ReadonlyMap<string, string>) => string;
}

const PARAMETER = /^--\s*:(\w+)/;

/** Every question, ascending by name. */
export function cqlQuestions(folder: string = QUESTIONS_FOLDER): CqlQuestion[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.cql'))
    .sort()
    .map((file) => parseQuestion(file.slice(0, -'.cql'.length), readFileSync(join(folder, file), 'utf8')));
}

/** Throws PipelineError USAGE when a marker stands behind nothing that could be replaced, or a step is not understood. */
export function parseQuestion(name: string, text: string): CqlQuestion {
  const tokens = [...cqlTokens(text, `${name}.cql`)];
  const head = tokens.slice(
    0,
    tokens.findIndex(({ kind }) => kind !== 'comment'),
  );
  const places = tokens.flatMap((token, i) => {
    const parameter = token.kind === 'comment' && PARAMETER.exec(token.text);
    return parameter ? [{ name: parameter[1]!, literal: literalBefore(name, tokens, i) }] : [];
  });
  const comments = head.map((token) => token.text.replace(/^--\s*/, ''));
  return {
    name,
    title: comments[0] ?? name,
    parameters: places.map((place) => ({
      name: place.name,
      example: unquoted(place.literal.text),
      isNumber: place.literal.kind === 'number',
    })),
    steps: parseSteps(name, comments),
    render: (values) => {
      let rendered = '';
      let at = head.at(-1)?.end ?? 0;
      for (const { name: parameter, literal } of places) {
        const value = values.get(parameter);
        rendered += text.slice(at, literal.start);
        rendered += value === undefined ? literal.text : literalOf(parameter, value, literal.kind);
        at = literal.end;
      }
      return (rendered + text.slice(at)).trim();
    },
  };
}

/** The nearest string or number in front of a marker, on its line. */
function literalBefore(question: string, tokens: readonly CqlToken[], at: number): CqlToken {
  const { line } = tokens[at]!;
  const literal = tokens
    .slice(0, at)
    .findLast((token) => token.line === line && (token.kind === 'string' || token.kind === 'number'));
  if (literal !== undefined) return literal;
  throw new PipelineError('USAGE', `${question}.cql, line ${line}: no value stands in front of ${tokens[at]!.text}`);
}

const unquoted = (literal: string): string =>
  literal.startsWith("'") ? literal.slice(1, -1).replaceAll("''", "'") : literal;

function literalOf(name: string, value: string, kind: CqlToken['kind']): string {
  if (kind === 'string') return `'${value.replaceAll("'", "''")}'`;
  if (/^-?\d{1,19}$/.test(value)) return value;
  throw new PipelineError('USAGE', `parameter ${name} is ${JSON.stringify(value)}: use a whole number`);
}
