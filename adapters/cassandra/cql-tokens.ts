/**
 * CQL text as tokens: just enough of the grammar (Cassandra's Lexer.g) to know where a statement ends, what is a comment
 * and what is inside quotes. The migrations' splitter and the guard of free queries stand on it.
 */
import { PipelineError } from '@tapline/core/errors';

/** `name` is a "quoted" identifier, `string` is 'quoted' or $$quoted$$. */
export type CqlTokenKind = 'word' | 'name' | 'string' | 'number' | 'symbol' | 'comment';

export interface CqlToken {
  readonly kind: CqlTokenKind;
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** Line of the first character, from 1. */
  readonly line: number;
}

/** Sticky, tried in this order; the last takes any character. */
const RULES: readonly (readonly [CqlTokenKind, RegExp])[] = [
  ['comment', /(?:--|\/\/)[^\r\n]*|\/\*[^]*?\*\//y],
  ['string', /'[^']*'(?:'[^']*')*|\$\$[^]*?\$\$/y],
  ['name', /"[^"]*"(?:"[^"]*")*/y],
  ['word', /[\p{L}_][\p{L}\p{N}_]*/uy],
  ['number', /0[xX][0-9a-fA-F]*|\d+(?:\.\d*)?(?:[eE][+-]?\d+)?/y],
  ['symbol', /[<>!]=|[^]/y],
];

const OPENINGS: readonly (readonly [string, string])[] = [
  ["'", "string '…'"],
  ['"', 'name "…"'],
  ['$$', 'string $$…$$'],
  ['/*', 'comment /*…*/'],
];

/**
 * Every token of the text, comments included, blank space left out.
 * @param where what messages call the text, such as a file name
 * @throws PipelineError USAGE for a string, quoted name or comment that does not end, with the line it begins on
 */
export function* cqlTokens(text: string, where: string): Generator<CqlToken> {
  const space = /\s*/y;
  let at = 0;
  let line = 1;
  for (;;) {
    space.lastIndex = at;
    line += newlines(space.exec(text)![0]);
    at = space.lastIndex;
    if (at >= text.length) return;
    const token = tokenAt(text, at, line);
    const opening = token.kind === 'symbol' && OPENINGS.find(([quote]) => text.startsWith(quote, at));
    if (opening) {
      throw new PipelineError('USAGE', `${where}: the ${opening[1]} that begins on line ${line} does not end`);
    }
    yield token;
    line += newlines(token.text);
    at = token.end;
  }
}

function tokenAt(text: string, at: number, line: number): CqlToken {
  for (const [kind, rule] of RULES) {
    rule.lastIndex = at;
    const match = rule.exec(text);
    if (match !== null) return { kind, text: match[0], start: at, end: rule.lastIndex, line };
  }
  throw new Error('the last rule takes any character');
}

function newlines(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
}
