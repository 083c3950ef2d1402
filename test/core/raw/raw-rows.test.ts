import { describe, expect, it } from 'vitest';
import { QUALITY } from '@tapline/core/packet/columns';
import { HASHED_FLOW } from '@tapline/core/raw/hashed-flow';
import { pcapFile } from '../../fixtures/pcap-writer.ts';
import { hex } from '../../helpers/decode.ts';
import { rowAt, rowsOf, rowsOfText } from '../../helpers/raw-rows.ts';
import type { Rows } from '../../helpers/raw-rows.ts';
import { rowText } from '../../helpers/row-text.ts';

/** 192.0.2.1.50000 > 198.51.100.2.53: UDP, length 4, as LINKTYPE_RAW. */
const UDP = hex('45000020 00010000 40110000 c0000201 c6336402 c3500035 000c0000 61626364');
const capture = (packets: number): Uint8Array =>
  pcapFile(
    Array.from({ length: packets }, (_, second) => ({ seconds: second, fraction: 0, bytes: UDP, wireLength: 32 })),
    { linkType: 101 },
  );
const LINE = '13:40:07.123456 IP 192.0.2.1.50000 > 198.51.100.2.53: UDP, length 4';
const REPLY = '13:40:07.123457 IP 198.51.100.2.53 > 192.0.2.1.50000: UDP, length 9';

const flowOf = (rows: Rows, index = 0): [flow: number, direction: number] => {
  const [columns, row] = rowAt(rows, index);
  return [columns.flow[row]!, columns.direction[row]!];
};

describe('rows of raw records', () => {
  it('of capture files are what the decoder says of them', () => {
    const rows = rowsOf([capture(2), capture(1)]);
    expect(rows.count).toBe(3);
    expect(rowText(...rowAt(rows, 0))).toBe('UDP 192.0.2.1 50000 > 198.51.100.2 53 4 B [ipv4 udp]');
  });

  it('have numbers that no other block has, a line per record or many packets in one', () => {
    const numbers = [
      rowsOfText(`${LINE}\n${REPLY}`, { sequence: 10, lines: true }),
      rowsOfText(REPLY, { sequence: 12, lines: true }),
      rowsOfText(`${LINE}\n${REPLY}`, { sequence: 13 }),
      rowsOf([capture(5_000)], { sequence: 14 }),
      rowsOf([capture(1)], { sequence: 15 }),
    ].flatMap(({ batches }) =>
      batches.flatMap((batch) => Array.from({ length: batch.count }, (_, row) => batch.firstNumber + row)),
    );
    expect(numbers.slice(0, 3)).toEqual([11, 12, 13]);
    expect(new Set(numbers).size).toBe(numbers.length);
    expect(numbers).toHaveLength(2 + 1 + 2 + 5_000 + 1);
    expect(numbers.every(Number.isSafeInteger)).toBe(true);
  });

  it('have the same flow in every block and format, towards the lower port', () => {
    const [flow, direction] = flowOf(rowsOfText(LINE, { sequence: 1 }));
    expect(flow).toBeGreaterThanOrEqual(HASHED_FLOW);
    expect(direction).toBe(0);
    expect(flowOf(rowsOfText(REPLY, { sequence: 9 }))).toEqual([flow, 1]);
    expect(flowOf(rowsOf([capture(1)]))).toEqual([flow, 0]);
    expect(flowOf(rowsOfText(LINE.replace('192.0.2.1', '192.0.2.9')))[0]).not.toBe(flow);
    expect(flowOf(rowsOfText(LINE.replace('50000', '50001')))[0]).not.toBe(flow);
  });

  it('of a capture that ends inside a packet have one row more, which says so', () => {
    const rows = rowsOf([capture(3).subarray(0, -5)]);
    expect(rows.count).toBe(3);
    const [columns, row] = rowAt(rows, 2);
    expect(columns.quality[row]! & QUALITY.malformedLink).not.toBe(0);
    expect(columns.timeUs[row]).toBe(1_000_000);
  });

  it.each([
    ['nothing but empty lines', '\n\n', /empty lines only/],
    ['prose', 'beep at noon\n', /text without packets, it begins with "beep at noon/],
    ['other JSON', '{"a": 1}', /JSON that is not of tshark/],
    ['a heartbeat', '{"tapline":1,"kind":"heartbeat"}', /belongs on the heartbeats topic/],
    ['gzip', '\x1f\x8b\x08\0\0\0', /gzip data/],
    ["tshark's summary", '    1   0.000000 10.0.0.1 \u00e2\u0086\u0092 10.0.0.2 TCP 66\n', /tshark -T ek/],
    ['the middle of a capture', '\x01\0\0\0\xff\xfe', /binary data that begins no capture .* survive line by line/],
  ])('of %s are refused with a reason', (_, bytes, reason) => {
    expect(() => rowsOfText(bytes)).toThrow(reason);
  });

  it('of a capture that a line-wise tool cut or broke are refused with advice', () => {
    expect(() => rowsOf([capture(1).subarray(0, 30)])).toThrow(/truncated capture.*use `tapline capture`/);
    const broken = Buffer.from(Buffer.from(capture(1)).toString('utf8'), 'utf8');
    expect(() => rowsOf([broken])).toThrow(/a pcap file that a text tool broke/);
    const pcapng = hex('1c000000 4d3c2b1a 01000000 ffffffff ffffffff 1c000000');
    expect(() => rowsOf([new Uint8Array(0), new Uint8Array(0), pcapng])).toThrow(/a pcapng file cut at its line ends/);
  });
});
