/** What can stand at a place in the filter bar: the words of the language, and the values that are known for them. */
import { queryTokens, type Token } from './parse-query.ts';
import { BARE_PROTOCOLS, COMMON_FLAGS, JOINS, TERM_WORDS, type ValueKind } from './words.ts';

/** What the page knows to offer; the first of each is the likeliest. */
export interface KnownValues {
  readonly hosts: readonly string[];
  readonly ports: readonly { readonly port: number; readonly name: string }[];
  readonly alerts: readonly { readonly id: string; readonly name: string }[];
  /** Times worth looking at. */
  readonly times: readonly { readonly text: string; readonly name: string }[];
}

export interface Completion {
  /** What stands there after it was chosen. */
  readonly text: string;
  readonly meaning: string;
}

export interface Completions {
  /** Characters that the choice replaces. */
  readonly fromAt: number;
  readonly toAt: number;
  readonly choices: readonly Completion[];
}

const CHOICES_MOST = 20;
const PROTOCOLS = [...BARE_PROTOCOLS, 'gre', 'esp', 'ospf', 'igmp', 'lldp', 'stp'];

function valuesOf(kind: ValueKind, known: KnownValues): Completion[] {
  switch (kind) {
    case 'host':
      return known.hosts.map((text) => ({ text, meaning: '' }));
    case 'net':
      return [...new Set(known.hosts.flatMap(networkOf))].map((text) => ({ text, meaning: '' }));
    case 'port':
      return known.ports.map(({ port, name }) => ({ text: String(port), meaning: name }));
    case 'protocol':
      return PROTOCOLS.map((text) => ({ text, meaning: '' }));
    case 'flags':
      return COMMON_FLAGS.map((text) => ({ text, meaning: FLAG_MEANINGS[text] ?? '' }));
    case 'time':
      return known.times.map(({ text, name }) => ({ text, meaning: name }));
    case 'alert':
      return known.alerts.map(({ id, name }) => ({ text: id, meaning: name }));
  }
}

const FLAG_MEANINGS: Readonly<Record<string, string>> = {
  S: 'a connection is asked for',
  'S.': 'and answered',
  R: 'refused or broken off',
  '+R': 'any reset',
  '+S': 'any SYN',
  '+F': 'any FIN',
};

/** The /24 of an IPv4 address. */
function networkOf(host: string): string[] {
  const match = /^(\d+\.\d+\.\d+)\.\d+$/.exec(host);
  return match === null ? [] : [`${match[1]!}.0/24`];
}

const TERMS: readonly Completion[] = [
  ...TERM_WORDS.map(({ word, meaning }) => ({ text: word, meaning })),
  ...BARE_PROTOCOLS.map((text) => ({ text, meaning: 'protocol' })),
];
const NOT: Completion = { text: 'not', meaning: 'everything but' };
const AFTER_TERM: readonly Completion[] = [
  { text: 'and', meaning: 'both' },
  { text: 'or', meaning: 'one of them' },
];

const isJoin = ({ text }: Token): boolean => Object.hasOwn(JOINS, text.toLowerCase());

/** Walks the tokens before the place: what is expected next is a term, a value of some kind, or a join. */
function expectedAfter(tokens: readonly Token[]): ValueKind | 'term' | 'join' {
  let expected: ValueKind | 'term' | 'join' = 'term';
  for (const token of tokens) {
    if (token.text === '(' || isJoin(token)) expected = 'term';
    else if (token.text === ')' || expected !== 'term') expected = 'join';
    else expected = TERM_WORDS.find(({ word }) => word === token.text.toLowerCase())?.takes ?? 'join';
  }
  return expected;
}

/** @param caret where the reader is typing, 0 to the length of the text */
export function completions(text: string, caret: number, known: KnownValues): Completions {
  const before = queryTokens(text.slice(0, caret));
  const last = before.at(-1);
  const isTyping = last !== undefined && last.at + last.text.length === caret && !'()!'.includes(last.text);
  const typed = isTyping ? last.text.toLowerCase() : '';
  const expected = expectedAfter(isTyping ? before.slice(0, -1) : before);
  const all = expected === 'term' ? [...TERMS, NOT] : expected === 'join' ? AFTER_TERM : valuesOf(expected, known);
  const starting = all.filter((choice) => choice.text.toLowerCase().startsWith(typed));
  // Values may also be known by their meaning, such as an alert by its detector.
  const named = all.filter(
    (choice) => !starting.includes(choice) && typed !== '' && choice.meaning.toLowerCase().includes(typed),
  );
  const choices = [...starting, ...(expected === 'term' ? [] : named)].slice(0, CHOICES_MOST);
  return { fromAt: isTyping ? last.at : caret, toAt: caret, choices };
}
