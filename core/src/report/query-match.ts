/** Compiles a query into a test over the columns of a batch: addresses as words, names as numbers, no text per row. */
import { LAYER } from '../packet/columns.ts';
import { compileFilter, protocolTest, type RowTest } from './packet-match.ts';
import type { AlertFilters, Query, Side } from '../query/query.ts';

/** @param alerts of every id that the query names; one that is missing matches nothing */
export function compileQuery(query: Query, alerts: AlertFilters): RowTest {
  switch (query.kind) {
    case 'all':
      return () => true;
    case 'and': {
      const tests = query.parts.map((part) => compileQuery(part, alerts));
      return (columns, row) => {
        for (let index = 0; index < tests.length; index++) if (!tests[index]!(columns, row)) return false;
        return true;
      };
    }
    case 'or': {
      const tests = query.parts.map((part) => compileQuery(part, alerts));
      return (columns, row) => {
        for (let index = 0; index < tests.length; index++) if (tests[index]!(columns, row)) return true;
        return false;
      };
    }
    case 'not': {
      const test = compileQuery(query.part, alerts);
      return (columns, row) => !test(columns, row);
    }
    case 'host':
      return hostTest(query);
    case 'port':
      return portTest(query);
    case 'protocol':
      return protocolTest(query.name);
    case 'flags': {
      const { flags, exact } = query;
      return ({ layers, tcpFlags }, row) =>
        (layers[row]! & LAYER.tcp) !== 0 && (exact ? tcpFlags[row] === flags : (tcpFlags[row]! & flags) === flags);
    }
    case 'time': {
      const { fromUs, toUs } = query.range;
      return ({ timeUs }, row) => timeUs[row]! >= fromUs && timeUs[row]! < toUs;
    }
    case 'alert': {
      const filter = alerts.get(query.id);
      return filter === undefined ? () => false : compileFilter(filter);
    }
  }
}

function hostTest({ side, range }: Extract<Query, { kind: 'host' }>): RowTest {
  return (columns, row) => {
    const type = columns.addressType[row]!;
    return (
      (side !== 'destination' && range.matches(columns.source, row, type)) ||
      (side !== 'source' && range.matches(columns.destination, row, type))
    );
  };
}

function portTest({ side, least, most }: Extract<Query, { kind: 'port' }>): RowTest {
  const isOn = (port: number, own: Exclude<Side, 'either'>): boolean =>
    (side === 'either' || side === own) && port >= least && port <= most;
  return ({ layers, sourcePort, destinationPort }, row) =>
    (layers[row]! & LAYER.ports) !== 0 &&
    (isOn(sourcePort[row]!, 'source') || isOn(destinationPort[row]!, 'destination'));
}
