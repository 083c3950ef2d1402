/**
 * The language of the filter bar as a tree (docs/query.md), and the tree as text again. Everything here is pure: what
 * a time of day or an alert's id means is given by whoever asks.
 */
import type { PacketFilter } from '../detect/alert.ts';
import { ALL_TIME, type TimeRange } from '../ports.ts';
import type { HostRange } from '../packet/host-range.ts';

export type Side = 'either' | 'source' | 'destination';

export type Query =
  | { readonly kind: 'all' }
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Query[] }
  | { readonly kind: 'not'; readonly part: Query }
  | { readonly kind: 'host'; readonly side: Side; readonly range: HostRange }
  /** Both ends inclusive. */
  | { readonly kind: 'port'; readonly side: Side; readonly least: number; readonly most: number }
  /** As it was written, in lower case. */
  | { readonly kind: 'protocol'; readonly name: string }
  /** `exact`: these flags and no others; else these among others. */
  | { readonly kind: 'flags'; readonly flags: number; readonly exact: boolean; readonly text: string }
  | { readonly kind: 'time'; readonly range: TimeRange; readonly text: string }
  | { readonly kind: 'alert'; readonly id: string };

/** What the alerts that a query names stand for. */
export type AlertFilters = ReadonlyMap<string, PacketFilter>;

const SIDE_WORDS = {
  host: { either: 'host', source: 'src', destination: 'dst' },
  port: { either: 'port', source: 'sport', destination: 'dport' },
} as const;

/** Ids of the alerts that a query names, each once. */
export function alertIds(query: Query): string[] {
  switch (query.kind) {
    case 'alert':
      return [query.id];
    case 'not':
      return alertIds(query.part);
    case 'and':
    case 'or':
      return [...new Set(query.parts.flatMap(alertIds))];
    case 'all':
    case 'host':
    case 'port':
    case 'protocol':
    case 'flags':
    case 'time':
      return [];
  }
}

const intersection = (a: TimeRange, b: TimeRange): TimeRange => ({
  fromUs: Math.max(a.fromUs, b.fromUs),
  toUs: Math.min(a.toUs, b.toUs),
});

const hull = (a: TimeRange, b: TimeRange): TimeRange => ({
  fromUs: Math.min(a.fromUs, b.fromUs),
  toUs: Math.max(a.toUs, b.toUs),
});

/** A time outside of which no packet can match: empty (toUs <= fromUs) when none can at all. */
export function timeBounds(query: Query, alerts: AlertFilters = new Map()): TimeRange {
  switch (query.kind) {
    case 'time':
      return query.range;
    case 'alert':
      return alerts.get(query.id) ?? ALL_TIME;
    case 'and':
      return query.parts.map((part) => timeBounds(part, alerts)).reduce(intersection, ALL_TIME);
    case 'or':
      return query.parts.map((part) => timeBounds(part, alerts)).reduce(hull);
    case 'all':
    case 'not':
    case 'host':
    case 'port':
    case 'protocol':
    case 'flags':
      return ALL_TIME;
  }
}

/** The query as text that parses to the same; the empty text matches everything. */
export function formatQuery(query: Query): string {
  switch (query.kind) {
    case 'all':
      return '';
    case 'and':
      return query.parts
        .map((part) => (part.kind === 'or' ? `(${formatQuery(part)})` : nested(part, 'and')))
        .join(' and ');
    case 'or':
      return query.parts.map((part) => nested(part, 'or')).join(' or ');
    case 'not':
      return `not ${query.part.kind === 'and' || query.part.kind === 'or' ? `(${formatQuery(query.part)})` : formatQuery(query.part)}`;
    case 'host':
      return `${query.range.text.includes('/') && query.side === 'either' ? 'net' : SIDE_WORDS.host[query.side]} ${query.range.text}`;
    case 'port': {
      const { least, most } = query;
      return `${SIDE_WORDS.port[query.side]} ${least === most ? least : `${least}-${most}`}`;
    }
    case 'protocol':
      return `proto ${query.name}`;
    case 'flags':
      return `flags ${query.exact ? '' : '+'}${query.text}`;
    case 'time':
      return `time ${query.text}`;
    case 'alert':
      return `alert ${query.id}`;
  }
}

/** A chain inside a chain of the same word was written with parentheses. */
function nested(part: Query, outer: 'and' | 'or'): string {
  return part.kind === outer ? `(${formatQuery(part)})` : formatQuery(part);
}
