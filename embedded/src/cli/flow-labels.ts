/**
 * Labels of flows from a table of labelled captures: tab-separated, with the columns path, class and
 * attack_packets_display_filter. A flow has a class when the filter selects packets that it has, as far as that can be
 * told of a flow: by addresses, ports and protocol.
 */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { PipelineError } from '@tapline/core/errors';
import { flowIdentity, NO_LABEL, type FlowIdentity } from '@tapline/core/flow-statistics/flow-writer';
import type { FlowStatistics } from '@tapline/core/flow-statistics/flow-statistics';
import { AT, ROW_NUMBERS, SERIES } from '@tapline/core/flow-statistics/layout';
import { formatAddress, parseAddress } from '@tapline/core/packet/address';

export interface FlowLabels {
  /** Label of a row of finished flows. */
  of(statistics: FlowStatistics, row: number): string;
  /** Filters that cannot be told of a flow, with the class they would have given. */
  readonly unmapped: readonly string[];
}

/** One direction of a flow, which is what a filter on packets speaks of. */
type Way = Pick<FlowIdentity, 'source' | 'sourcePort' | 'destination' | 'destinationPort' | 'protocol'>;
type Test = (way: Way) => boolean;

const COLUMNS = ['path', 'class', 'attack_packets_display_filter'] as const;
const BENIGN = 'benign';

/**
 * @param path the label file
 * @param source the capture; its row is the one whose path it ends with
 * @throws PipelineError USAGE when the file cannot be read, is no such table, or says nothing of the capture
 */
export function readFlowLabels(path: string, source: string): FlowLabels {
  const rows = readTable(path).filter((row) => isOf(row.path, source));
  if (rows.length === 0) {
    throw new PipelineError('USAGE', `${path} says nothing of ${source}: its path column has no such capture`);
  }
  const tests: { readonly label: string; readonly test: Test }[] = [];
  const unmapped: string[] = [];
  for (const { label, filter } of rows) {
    const test = filter === '' && label === BENIGN ? () => true : parseFilter(filter);
    if (test === undefined) unmapped.push(`${label}: ${filter === '' ? 'no filter' : filter}`);
    else tests.push({ label, test });
  }
  return {
    unmapped,
    of(statistics, row) {
      const ways = waysOf(statistics, row);
      return tests.find(({ test }) => ways.some(test))?.label ?? NO_LABEL;
    },
  };
}

function readTable(path: string): { path: string; label: string; filter: string }[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new PipelineError('USAGE', `cannot read the label file ${path}: ${(error as Error).message}`);
  }
  const [head = '', ...lines] = text.trimEnd().split(/\r?\n/);
  const names = head.split('\t');
  const [pathAt, classAt, filterAt] = COLUMNS.map((name) => names.indexOf(name));
  const missing = COLUMNS.filter((name) => !names.includes(name));
  if (missing.length > 0) {
    throw new PipelineError(
      'USAGE',
      `${path} is no label file: its first line has no column ${missing.join(', ')} (columns are separated by tabs)`,
    );
  }
  return lines.map((line) => {
    const fields = line.split('\t');
    return { path: fields[pathAt!] ?? '', label: fields[classAt!] ?? '', filter: (fields[filterAt!] ?? '').trim() };
  });
}

function isOf(path: string, source: string): boolean {
  if (path === '') return false;
  return source === path || source.endsWith(`/${path}`) || (!path.includes('/') && basename(source) === path);
}

/** The directions in which a flow has packets. */
function waysOf(statistics: FlowStatistics, row: number): Way[] {
  const forward = flowIdentity(statistics, row);
  const ways: Way[] = [];
  const at = row * ROW_NUMBERS + AT.length;
  if (statistics.numbers[at]! > 0) ways.push(forward);
  if (statistics.numbers[at + SERIES.size]! > 0) {
    ways.push({
      protocol: forward.protocol,
      source: forward.destination,
      sourcePort: forward.destinationPort,
      destination: forward.source,
      destinationPort: forward.sourcePort,
    });
  }
  return ways;
}

/**
 * A Wireshark display filter of `field==value` and protocol terms, joined by && and || (&& binds tighter); undefined when
 * it has anything else, because a label that selects the wrong flows is worse than none.
 */
export function parseFilter(text: string): Test | undefined {
  const choices: Test[][] = [];
  for (const choice of text.split('||')) {
    const terms = choice.split('&&').map((term) => parseTerm(term.trim()));
    if (!terms.every((term) => term !== undefined)) return undefined;
    choices.push(terms);
  }
  return (way) => choices.some((terms) => terms.every((term) => term(way)));
}

const PROTOCOLS: Readonly<Record<string, number>> = { icmp: 1, tcp: 6, udp: 17, icmpv6: 58, sctp: 132 };

function parseTerm(term: string): Test | undefined {
  const named = /^(!?)([a-z0-9]+)$/.exec(term);
  if (named !== null) {
    const protocol = PROTOCOLS[named[2]!];
    if (protocol === undefined) return undefined;
    return (way) => (way.protocol === protocol) === (named[1] === '');
  }
  const [, layer, field, value] = /^([a-z0-9]+)\.([a-z]+)\s*==\s*([0-9a-fA-F.:]+)$/.exec(term) ?? [];
  if (layer === undefined || field === undefined || value === undefined) return undefined;
  return layer === 'ip' || layer === 'ipv6' ? addressTest(field, value) : portTest(PROTOCOLS[layer], field, value);
}

function addressTest(field: string, text: string): Test | undefined {
  const address = parseAddress(text);
  if (address === undefined) return undefined;
  const value = formatAddress(address.words, 0, address.type);
  switch (field) {
    case 'src':
      return (way) => way.source === value;
    case 'dst':
      return (way) => way.destination === value;
    case 'addr':
      return (way) => way.source === value || way.destination === value;
    default:
      return undefined;
  }
}

function portTest(protocol: number | undefined, field: string, value: string): Test | undefined {
  const port = Number(value);
  if (protocol === undefined || !/^\d+$/.test(value)) return undefined;
  switch (field) {
    case 'srcport':
      return (way) => way.protocol === protocol && way.sourcePort === port;
    case 'dstport':
      return (way) => way.protocol === protocol && way.destinationPort === port;
    case 'port':
      return (way) => way.protocol === protocol && (way.sourcePort === port || way.destinationPort === port);
    default:
      return undefined;
  }
}
