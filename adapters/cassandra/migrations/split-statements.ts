/**
 * A migration file as statements, each with the line it begins on and the dialect it is for.
 *
 * A comment line `-- only: self-hosted` or `-- only: astra` directly above a statement selects it for that dialect; a
 * statement without one is for both. Half-applied migrations are run again from the start, so every statement must be one
 * that does no harm the second time; what cannot be is refused here, before anything is sent.
 */
import { PipelineError } from '@tapline/core/errors';
import { cqlTokens, type CqlToken } from '../cql-tokens.ts';
import { DIALECTS, type Dialect } from './dialect.ts';

export interface MigrationStatement {
  /** Without the comments above it and without the semicolon. */
  readonly text: string;
  /** From 1. */
  readonly line: number;
  /** Undefined = for every dialect. */
  readonly only: Dialect | undefined;
}

const MARKER = /^--\s*only\s*:\s*(.*?)\s*$/;

/** Beginnings of statements that may be sent twice. */
const REPEATABLE =
  /^(?:CREATE (?:TABLE|TYPE|INDEX|CUSTOM INDEX|FUNCTION) IF NOT EXISTS|DROP \w+ IF EXISTS|ALTER TABLE \S+ (?:WITH|ADD IF NOT EXISTS|DROP IF EXISTS)|ALTER TYPE \S+ ADD IF NOT EXISTS|INSERT INTO) /i;

/**
 * @param where what messages call the source: the file's name
 * @throws PipelineError USAGE, naming the line: something does not end, a marker stands alone or names no dialect, or a
 *   statement is not one that may be sent twice
 */
export function splitStatements(source: string, where: string): MigrationStatement[] {
  const statements: MigrationStatement[] = [];
  let above: CqlToken[] = [];
  let inside: CqlToken[] = [];
  for (const token of cqlTokens(source, where)) {
    if (token.kind === 'comment') {
      if (MARKER.test(token.text) && inside.length > 0) throw markerError(where, token.line);
      above.push(token);
    } else if (token.text !== ';') {
      inside.push(token);
    } else if (inside.length > 0) {
      const comments = above.filter(({ start }) => start < inside[0]!.start);
      statements.push(statement(source, where, comments, inside));
      above = [];
      inside = [];
    }
  }
  if (inside.length > 0) {
    throw new PipelineError('USAGE', `${where}: the statement that begins on line ${inside[0]!.line} has no semicolon`);
  }
  const stray = above.find(({ text }) => MARKER.test(text));
  if (stray !== undefined) throw markerError(where, stray.line);
  return statements;
}

function statement(
  source: string,
  where: string,
  comments: readonly CqlToken[],
  tokens: readonly CqlToken[],
): MigrationStatement {
  const first = tokens[0]!;
  const text = source.slice(first.start, tokens[tokens.length - 1]!.end);
  // Single spaces between tokens, so that the rules need not know where lines break.
  const flat = `${tokens.map((token) => token.text).join(' ')} `;
  if (!REPEATABLE.test(flat)) throw repeatError(where, first.line, flat);
  return { text, line: first.line, only: dialectOf(source, where, comments, first) };
}

function dialectOf(source: string, where: string, comments: readonly CqlToken[], first: CqlToken): Dialect | undefined {
  const markers = comments.filter(({ text }) => MARKER.test(text));
  if (markers.length === 0) return undefined;
  const marker = markers[0]!;
  // A blank line, or anything else on the marker's line, leaves it open which statement is meant.
  const lineStart = source.lastIndexOf('\n', marker.start) + 1;
  const isAlone = source.slice(lineStart, marker.start).trim() === '';
  if (markers.length > 1 || !isAlone || /\n[^\S\n]*\n/.test(source.slice(marker.end, first.start))) {
    throw markerError(where, marker.line);
  }
  const name = MARKER.exec(marker.text)![1]!;
  const dialect = DIALECTS.find((known) => known === name);
  if (dialect !== undefined) return dialect;
  throw new PipelineError(
    'USAGE',
    `${where}, line ${marker.line}: "${name}" is no dialect: use ${DIALECTS.join(' or ')}`,
  );
}

function markerError(where: string, line: number): PipelineError {
  return new PipelineError(
    'USAGE',
    `${where}, line ${line}: put one "-- only:" on a line of its own, directly above the statement it is for`,
  );
}

function repeatError(where: string, line: number, flat: string): PipelineError {
  const beginning = flat.length > 60 ? `${flat.slice(0, 60)}…` : flat.trim();
  return new PipelineError(
    'USAGE',
    `${where}, line ${line}: "${beginning}" is not for a migration, because it may have to run twice: write CREATE … IF NOT EXISTS, DROP … IF EXISTS, ALTER TABLE … WITH, ADD IF NOT EXISTS, or INSERT`,
  );
}
