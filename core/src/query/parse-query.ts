/**
 * Reads the language of the filter bar. By recursive descent: `or` binds less than `and`, `and` less than `not`. What is
 * not understood is said with its place, so that it can be marked where it stands.
 */
import { ETHER_TYPE_NAMES } from '../packet/ether-type-names.ts';
import { parseFlags } from '../packet/flags.ts';
import { parseHost } from '../packet/host-range.ts';
import { ipProtocolNumber, isArp } from '../packet/protocol-keyword.ts';
import { parseQueryTime } from './query-time.ts';
import type { Query, Side } from './query.ts';
import { BARE_PROTOCOLS, JOINS, TERM_WORDS, type TermWord } from './words.ts';

export const QUERY_LENGTH_MOST = 1000;
const DEPTH_MOST = 40;
const PORT_MOST = 65_535;

/** What is wrong, and the characters it is about: from `fromAt` up to `toAt`. */
export interface QueryError {
  readonly message: string;
  readonly fromAt: number;
  readonly toAt: number;
}

export type ParsedQuery = { readonly query: Query } | { readonly error: QueryError };

export interface Token {
  readonly text: string;
  readonly at: number;
}

/** Words, signs and parentheses with their places. */
export function queryTokens(text: string): Token[] {
  return [...text.matchAll(/&&|\|\||[()]|!|[^\s()!&|]+|[&|]/gu)].map((match) => ({ text: match[0], at: match.index }));
}

/** @param dayUs start of the day that a time without a date is of */
export function parseQuery(text: string, dayUs: number): ParsedQuery {
  try {
    return { query: new Parser(text, dayUs).parse() };
  } catch (error) {
    if (error instanceof NotUnderstood) return { error: error.where };
    throw error;
  }
}

class NotUnderstood extends Error {
  readonly where: QueryError;

  constructor(message: string, fromAt: number, toAt: number) {
    super(message);
    this.where = { message, fromAt, toAt };
  }
}

const SIDES: Readonly<Record<string, Side>> = {
  src: 'source',
  dst: 'destination',
  sport: 'source',
  dport: 'destination',
};
const isProtocol = (name: string): boolean =>
  isArp(name) ||
  ipProtocolNumber(name) !== undefined ||
  [...ETHER_TYPE_NAMES.values()].some((known) => known.toLowerCase() === name.toLowerCase());

class Parser {
  readonly #tokens: readonly Token[];
  readonly #length: number;
  readonly #dayUs: number;
  #next = 0;
  #depth = 0;

  constructor(text: string, dayUs: number) {
    if (text.length > QUERY_LENGTH_MOST) {
      throw new NotUnderstood(`longer than ${QUERY_LENGTH_MOST} characters`, QUERY_LENGTH_MOST, text.length);
    }
    this.#tokens = queryTokens(text);
    this.#length = text.length;
    this.#dayUs = dayUs;
  }

  parse(): Query {
    if (this.#tokens.length === 0) return { kind: 'all' };
    const query = this.#chain('or');
    const rest = this.#tokens[this.#next];
    if (rest === undefined) return query;
    throw this.#wrong(rest, rest.text === ')' ? 'there is no ( for this )' : `expected and, or, or the end`);
  }

  #chain(word: 'and' | 'or'): Query {
    const one = (): Query => (word === 'or' ? this.#chain('and') : this.#negation());
    const parts = [one()];
    while (this.#takeJoin(word)) parts.push(one());
    return parts.length === 1 ? parts[0]! : { kind: word, parts };
  }

  #negation(): Query {
    if (this.#takeJoin('not')) return this.#deeper(() => ({ kind: 'not', part: this.#negation() }));
    const open = this.#tokens[this.#next];
    if (open?.text !== '(') return this.#term();
    this.#next++;
    return this.#deeper(() => {
      const inner = this.#chain('or');
      const close = this.#tokens[this.#next];
      if (close?.text !== ')')
        throw close === undefined
          ? this.#wrong(open, 'this ( is not closed')
          : this.#wrong(close, 'expected and, or, or )');
      this.#next++;
      return inner;
    });
  }

  #deeper(inside: () => Query): Query {
    this.#depth++;
    if (this.#depth > DEPTH_MOST) throw this.#wrong(this.#tokens[this.#next - 1]!, `nested deeper than ${DEPTH_MOST}`);
    const query = inside();
    this.#depth--;
    return query;
  }

  #takeJoin(word: 'and' | 'or' | 'not'): boolean {
    const token = this.#tokens[this.#next];
    if (token === undefined || joinOf(token) !== word) return false;
    this.#next++;
    return true;
  }

  #term(): Query {
    const token = this.#tokens[this.#next];
    if (token === undefined) throw new NotUnderstood('something is missing at the end', this.#length, this.#length);
    this.#next++;
    const word = token.text.toLowerCase();
    if ((BARE_PROTOCOLS as readonly string[]).includes(word)) return { kind: 'protocol', name: word };
    const term = TERM_WORDS.find((known) => known.word === word);
    if (term === undefined) throw this.#wrong(token, this.#unknown(token));
    const value = this.#tokens[this.#next];
    if (value === undefined || '()!'.includes(value.text) || joinOf(value) !== undefined) {
      throw this.#wrong(token, `${term.word} needs ${NEEDS[term.takes]}`);
    }
    this.#next++;
    return this.#value(term, value);
  }

  #unknown({ text }: Token): string {
    if (parseHost(text) !== undefined) return `write ${text.includes('/') ? 'net' : 'host'} ${text}`;
    if (/^\d+$/.test(text)) return `write port ${text}`;
    return joinOf({ text, at: 0 }) === undefined && !'()'.includes(text)
      ? `not a word of this language: begin with ${TERM_WORDS.map(({ word }) => word).join(', ')} or a protocol`
      : 'something is missing before this';
  }

  #value({ word, takes }: TermWord, token: Token): Query {
    const { text } = token;
    const side = SIDES[word] ?? 'either';
    switch (takes) {
      case 'host':
      case 'net': {
        const range = parseHost(text);
        if (range === undefined) throw this.#wrong(token, `${word} needs ${NEEDS[takes]}`);
        if (range.port !== undefined) throw this.#wrong(token, 'write the port apart: … and port …');
        if (word === 'host' && text.includes('/')) throw this.#wrong(token, `write net ${text}`);
        if (word === 'net' && !text.includes('/'))
          throw this.#wrong(token, 'a network has a slash and its bits, 10.0.0.0/8');
        return { kind: 'host', side, range };
      }
      case 'port': {
        const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
        const least = Number(match?.[1]);
        const most = Number(match?.[2] ?? match?.[1]);
        if (match === null || most > PORT_MOST || least > most) throw this.#wrong(token, `${word} needs ${NEEDS.port}`);
        return { kind: 'port', side, least, most };
      }
      case 'protocol':
        if (!isProtocol(text)) throw this.#wrong(token, 'no protocol of this name is known');
        return { kind: 'protocol', name: text.toLowerCase() };
      case 'flags': {
        const exact = !text.startsWith('+');
        const letters = exact ? text : text.slice(1);
        const flags = parseFlags(letters);
        if (flags === undefined || (!exact && flags === 0)) throw this.#wrong(token, `flags needs ${NEEDS.flags}`);
        return { kind: 'flags', flags, exact, text: letters };
      }
      case 'time': {
        const range = parseQueryTime(text, this.#dayUs);
        if (range === undefined) throw this.#wrong(token, `time needs ${NEEDS.time}`);
        return { kind: 'time', range, text };
      }
      case 'alert':
        return { kind: 'alert', id: text };
    }
  }

  #wrong({ text, at }: Token, message: string): NotUnderstood {
    return new NotUnderstood(message, at, at + text.length);
  }
}

const NEEDS = {
  host: 'an address, 192.0.2.1',
  net: 'a network, 10.0.0.0/8',
  port: 'a number from 0 to 65535, or two, 8000-8099',
  protocol: 'a name, tcp',
  flags: 'letters as tcpdump writes them, S or S. or none; +R for R among others',
  time: 'a time in UTC, 12:03 or 12:03:10..12:05 or 2026-11-24T12:03',
  alert: 'the id of an alert',
} as const;

function joinOf({ text }: Token): 'and' | 'or' | 'not' | undefined {
  const word = text.toLowerCase();
  return Object.hasOwn(JOINS, word) ? JOINS[word] : undefined;
}
