/** The words of the filter bar's language: what each takes, and what it is for. Parser, completion and docs share them. */

export type ValueKind = 'host' | 'net' | 'port' | 'protocol' | 'flags' | 'time' | 'alert';

export interface TermWord {
  readonly word: string;
  readonly takes: ValueKind;
  /** For the list of completions. */
  readonly meaning: string;
}

export const TERM_WORDS: readonly TermWord[] = [
  { word: 'host', takes: 'host', meaning: 'an address at either end' },
  { word: 'src', takes: 'host', meaning: 'an address or network that sends' },
  { word: 'dst', takes: 'host', meaning: 'an address or network that receives' },
  { word: 'net', takes: 'net', meaning: 'a network at either end, 10.0.0.0/8' },
  { word: 'port', takes: 'port', meaning: 'a port at either end, 443 or 8000-8099' },
  { word: 'sport', takes: 'port', meaning: 'the port it comes from' },
  { word: 'dport', takes: 'port', meaning: 'the port it goes to' },
  { word: 'proto', takes: 'protocol', meaning: 'a protocol by name, tcp' },
  { word: 'flags', takes: 'flags', meaning: 'TCP flags as the list shows them; +R: among others' },
  { word: 'time', takes: 'time', meaning: 'UTC, 12:03 or 12:03:10..12:05' },
  { word: 'alert', takes: 'alert', meaning: 'the packets behind an alert' },
];

/** Protocols that need no `proto` before them. */
export const BARE_PROTOCOLS = ['tcp', 'udp', 'icmp', 'icmpv6', 'arp', 'sctp'] as const;

export const COMMON_FLAGS = ['S', 'S.', '.', 'P.', 'F.', 'R', 'R.', '+S', '+R', '+F'] as const;

/** Words that join terms, and the signs that mean the same. */
export const JOINS: Readonly<Record<string, 'and' | 'or' | 'not'>> = {
  and: 'and',
  '&&': 'and',
  or: 'or',
  '||': 'or',
  not: 'not',
  '!': 'not',
};
