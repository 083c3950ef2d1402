/** Packets as CQL rows: the schema has the columns that packets have, and a row says what the decoder says. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { packetColumnTypes, packetRows } from '@tapline/adapters/cassandra/packet-rows';
import { allocateColumns, LAYER } from '@tapline/core/packet/columns';

const cql = (name: string): string => readFileSync(new URL(`../../../cql/${name}.cql`, import.meta.url), 'utf8');

describe('table packets', () => {
  it('has the columns of every row output and no others', () => {
    const body = /CREATE TABLE IF NOT EXISTS packets \(([\s\S]*?)PRIMARY KEY/.exec(cql('002-packets'))![1]!;
    const added = /ADD IF NOT EXISTS \(([\s\S]*)\);/.exec(cql('009-packet-columns'))![1]!;
    const columns = `${body}${added}`
      .split('\n')
      .map((line) => /^\s*(\w+) (\w+)(?:,| --|$)/.exec(line))
      .filter((match) => match !== null)
      .map(([, name, type]) => [name, type]);
    expect(new Map(columns as [string, string][])).toEqual(packetColumnTypes());
  });
});

describe('packetRows', () => {
  const columns = allocateColumns();
  columns.firstNumber = 41;
  columns.count = 3;
  columns.timeUs.set([-1, 59_999_999, 60_000_000]);
  columns.timeNs.set([999, 1, 0]);
  columns.layers[0] = LAYER.ethernet | LAYER.ip | LAYER.ipv4 | LAYER.tcp | LAYER.ports | LAYER.addresses;
  columns.addressType[0] = 4;
  columns.source.set([0, 0, 0xffff, 0xc0000201]);
  columns.ipProtocol[0] = 6;
  columns.tcpFlags[0] = 0x12;
  columns.length.set([60, 61, 62]);
  const partitions = packetRows('tap', 's', columns);

  const rowOf = (partition: number, row: number): Record<string, unknown> => {
    const { cql, values } = partitions[partition]![row]!;
    const names = /\(([^)]*)\) VALUES/.exec(cql)![1]!.split(', ');
    return Object.fromEntries(names.map((name, i) => [name, values[i]]));
  };

  it('keeps ten seconds to a partition, before 1970 too', () => {
    expect(partitions.map((rows) => rows.length)).toEqual([1, 1, 1]);
    const places = partitions.map((_, i) => {
      const { minute, part, time, time_ns: ns } = rowOf(i, 0);
      return [(minute as Date).toISOString(), part, (time as Date).toISOString(), ns];
    });
    expect(places).toEqual([
      ['1969-12-31T23:59:00.000Z', 5, '1969-12-31T23:59:59.999Z', 999_999],
      ['1970-01-01T00:00:00.000Z', 5, '1970-01-01T00:00:59.999Z', 999_001],
      ['1970-01-01T00:01:00.000Z', 0, '1970-01-01T00:01:00.000Z', 0],
    ]);
  });

  it('says what a packet has, and nothing of what it has not', () => {
    expect(rowOf(0, 0)).toMatchObject({ number: 41, source: '192.0.2.1', protocol: 'TCP', length: 60, flags: 'S.' });
    const bare = rowOf(1, 0);
    expect(bare).toMatchObject({ number: 42, length: 61 });
    for (const name of ['source', 'flags', 'tcp_flags', 'tcp_seq', 'source_port', 'ttl', 'vlan']) {
      expect(bare[name], name).toBeUndefined();
    }
  });
});
