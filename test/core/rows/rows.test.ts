import { tableFromIPC } from 'apache-arrow';
import { describe, expect, it } from 'vitest';
import { ADDRESS_TYPE, allocateColumns, COLUMNS, LAYER } from '@tapline/core/packet/columns';
import { formatTime } from '@tapline/core/packet/time';
import { arrowRows } from '@tapline/core/rows/arrow';
import { csvRows } from '@tapline/core/rows/csv';
import { ndjsonRows } from '@tapline/core/rows/ndjson';
import { ROW_FIELDS } from '@tapline/core/rows/row-fields';
import type { RowWriter } from '@tapline/core/rows/row-writer';
import { randomColumns } from '../wire/columns-of.ts';
import { goldenColumns } from '../wire/golden-columns.ts';

type Row = Record<string, string | number | null>;

const batches = [goldenColumns(), randomColumns(5, 400)];
// What only a decoder guarantees: address types that exist.
for (let row = 0; row < batches[1]!.count; row++) {
  batches[1]!.addressType[row] = [ADDRESS_TYPE.mac, ADDRESS_TYPE.ipv4, ADDRESS_TYPE.ipv6][row % 3]!;
  batches[1]!.outerAddressType[row] = ADDRESS_TYPE.ipv6;
  batches[1]!.timeNs[row] = row;
}

const write = (writer: RowWriter): Buffer =>
  Buffer.concat([writer.head(), ...batches.map((columns) => writer.rows(columns)), writer.end()]);

const json = write(ndjsonRows())
  .toString()
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as Row);

describe('packet rows', () => {
  it('begin with what everybody asks for and then have every other column', () => {
    const first = [
      'number',
      'time',
      'source',
      'destination',
      'protocol',
      'length',
      'flags',
      'sourcePort',
      'destinationPort',
    ];
    const names = ROW_FIELDS.map(({ name }) => name);
    expect(names.slice(0, 9)).toEqual(first);
    // Two columns of time and two of a MAC are one field each.
    const parts = ['timeUs', 'timeNs', 'sourceMacHigh', 'sourceMacLow'];
    const expected = COLUMNS.map(({ name }) => name).filter((name) => !parts.includes(name));
    expect(names).toEqual(expect.arrayContaining([...expected, 'sourceMac']));
    expect(new Set(names).size).toBe(names.length);
  });

  it('say what a packet was, and null for what it did not have', () => {
    expect(json[9]).toMatchObject({
      number: 5_000_000_010,
      time: '2017-07-06T13:40:07.420249549Z',
      source: '172.16.0.1',
      destination: '192.168.10.2',
      protocol: 'TCP',
      length: 933,
      flags: 'P.',
      sourcePort: 443,
      destinationPort: 50_000,
      capturedLength: 262,
      tcpSeq: 4_294_901_537,
      tcpMss: null,
      icmpType: null,
      outerSource: null,
    });
    expect(json[6]).toMatchObject({
      protocol: 'ARP',
      source: '192.168.10.8',
      flags: null,
      sourcePort: null,
      arpOp: 1,
      vlan: 100,
    });
    expect(json[7]).toMatchObject({ source: '2001:db8::1', outerSource: '10.0.0.1', protocol: 'UDP', flags: null });
  });

  it('are the columns, value by value', () => {
    expect(json.length).toBe(batches[0]!.count + batches[1]!.count);
    let at = 0;
    for (const columns of batches) {
      for (let row = 0; row < columns.count; row++, at++) {
        expect(json[at]!['number']).toBe(columns.firstNumber + row);
        expect(json[at]!['time']).toBe(formatTime(columns.timeUs[row]!, columns.timeNs[row]!));
        for (const { name, kind, needs, column } of ROW_FIELDS) {
          if (kind !== 'integer') continue;
          const present = needs === 0 || (columns.layers[row]! & needs) !== 0;
          expect(json[at]![name], name).toBe(present ? columns[column!][row] : null);
        }
      }
    }
  });

  it('are the same as comma-separated values', () => {
    const lines = write(csvRows()).toString().split('\r\n');
    expect(lines.pop()).toBe('');
    expect(lines.shift()).toBe(ROW_FIELDS.map(({ name }) => name).join(','));
    const expected = json.map((row) =>
      Object.values(row)
        .map((value) => (value === null ? '' : String(value)))
        .join(','),
    );
    expect(lines).toEqual(expected);
  });

  it('are the same as an Arrow stream', () => {
    const table = tableFromIPC(write(arrowRows()));
    expect(table.batches.length).toBe(2);
    const columns = ROW_FIELDS.map(({ name }) => table.getChild(name)!);
    json.forEach((row, at) => {
      ROW_FIELDS.forEach(({ name, kind }, index) => {
        // The library gives times in milliseconds; the next test looks at their nanoseconds.
        if (kind === 'time') return;
        const value: unknown = columns[index]!.get(at);
        expect(typeof value === 'bigint' ? Number(value) : value, `${name} of row ${at}`).toBe(row[name]);
      });
    });
  });

  it('keep nanoseconds in Arrow, before 1970 and beyond 2^53 of them too', () => {
    const columns = allocateColumns();
    columns.count = 4;
    columns.timeUs.set([1_499_348_407_419_016, -1, 2 ** 53 - 1, -(2 ** 53)]);
    columns.timeNs.set([123, 999, 999, 0]);
    const table = tableFromIPC(Buffer.concat([arrowRows().head(), arrowRows().rows(columns), arrowRows().end()]));
    const times = table.getChild('time')!.data[0]!.values as BigInt64Array;
    const expected = [0, 1, 2, 3].map((row) => BigInt(columns.timeUs[row]!) * 1000n + BigInt(columns.timeNs[row]!));
    expect([...times.subarray(0, 4)]).toEqual(expected);
  });

  it('can be asked for in part', () => {
    const [columns] = batches;
    for (const make of [ndjsonRows, csvRows]) {
      const whole = Buffer.from(make().rows(columns!)).toString();
      const parts = [make().rows(columns!, 0, 100), make().rows(columns!, 100, 101), make().rows(columns!, 101)];
      expect(Buffer.concat(parts).toString()).toBe(whole);
    }
    const part = tableFromIPC(
      Buffer.concat([arrowRows().head(), arrowRows().rows(columns!, 37, 90), arrowRows().end()]),
    );
    expect(part.numRows).toBe(53);
    expect(part.getChild('source')!.get(0)).toBe(json[37]!['source']);
    expect(part.getChild('tcpMss')!.nullCount).toBe(53);
  });

  it('with no address, flags or ports at all are still rows', () => {
    const columns = allocateColumns();
    columns.count = 1;
    columns.linkType[0] = 105;
    columns.layers[0] = LAYER.tcp;
    const row = JSON.parse(Buffer.from(ndjsonRows().rows(columns)).toString()) as Row;
    expect(row).toMatchObject({ number: 1, time: '1970-01-01T00:00:00.000000000Z', source: null, flags: 'none' });
  });
});
