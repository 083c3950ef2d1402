import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeCuts, encodeCuts, CUTS_MAX } from '@tapline/capture-agent/bridge/cut-note';
import { RAW_LIMITS, RawCutter, type CutBlock } from '@tapline/capture-agent/bridge/raw-cutter';
import { expectsMore, linesOf, startsPacket } from '@tapline/capture-agent/bridge/raw-text';
import type { LogRecord } from '@tapline/core/record-log';

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text));
const record = (offset: number, text: string): LogRecord => ({ offset, arrivalMs: 0, value: bytes(text) });
const textsOf = ({ records }: CutBlock): string[] => records.map(({ value }) => Buffer.from(value).toString());

const FIRST = '13:40:00.000001 IP (tos 0x0, ttl 64, id 0, offset 0, flags [DF], proto UDP (17), length 68)';
const SECOND = '    10.0.2.30.44639 > 10.0.2.20.53: 4784+ NULL? (40)';
const WHOLE = '13:40:00.000001 IP 10.0.2.30.44639 > 10.0.2.20.53: 4784+ NULL? (40)';
const limits = { ...RAW_LIMITS, packets: 4, bytes: 1_000, hardBytes: 2_000 };

describe('where a packet begins in raw records', () => {
  it.each([
    ['a line of tcpdump', WHOLE, true],
    ['the second line of tcpdump -v', SECOND, false],
    ['a deeper line of tcpdump -vvvv', '\t0x0000:  4500 0044', false],
    ['a numbered line of tcpdump -#', '    1  13:40:00.000001 IP 10.0.0.1 > 10.0.0.2: ICMP', true],
    ['an empty line', '', false],
    ['a line of tcpdump -t', 'IP6 fe80::1 > ff02::1: ICMP6, router advertisement', true],
    ['payload of tcpdump -A', 'GET / HTTP/1.1', false],
    ['the array of tshark -T json', '[', false],
    ['a packet in it', '  {', true],
    ['a field in it', '    "_index": "packets-2026-11-24",', false],
    ['the end of a packet', '  },', false],
    ['the end of the array', ']', false],
    ['a line of tshark -T ek', '{"timestamp":"1"}', true],
  ])('%s', (_, line, begins) => {
    expect(startsPacket(bytes(line))).toBe(begins);
  });

  it('a packet whose text is not complete is known by its last line', () => {
    const more = (...lines: string[]): boolean => {
      const records = lines.map(bytes);
      return expectsMore(records[0]!, records.at(-1)!);
    };
    expect(more(FIRST)).toBe(true);
    expect(more(FIRST, SECOND)).toBe(false);
    expect(more(WHOLE)).toBe(false);
    expect(more('  {')).toBe(true);
    expect(more('  {', '    "_type": "doc",')).toBe(true);
    expect(more('  {', '    }')).toBe(true);
    expect(more('  {', '  },')).toBe(false);
    expect(more('  {', '  }')).toBe(false);
  });

  it('lines are counted where a record holds several', () => {
    expect(['', 'a', 'a\n', 'a\nb', '\n\n\n'].map((text) => linesOf(bytes(text)))).toEqual([1, 1, 1, 2, 3]);
  });
});

describe('raw blocks', () => {
  it('end at the limit of packets, and never between the lines of one', () => {
    const cutter = new RawCutter([], limits);
    const blocks: CutBlock[] = [];
    for (let packet = 0; packet < 10; packet++) {
      blocks.push(...cutter.add(record(2 * packet, FIRST), 0), ...cutter.add(record(2 * packet + 1, SECOND), 0));
    }
    expect(blocks.map(({ start, end }) => [start, end])).toEqual([
      [0, 8],
      [8, 16],
    ]);
    expect(blocks.flatMap(textsOf)).toEqual(Array.from({ length: 8 }, () => [FIRST, SECOND]).flat());
    expect(textsOf(cutter.cut()!)).toEqual([FIRST, SECOND, FIRST, SECOND]);
  });

  it('end before they get too large, and inside a packet only when that alone is too large', () => {
    const cutter = new RawCutter([], { ...limits, packets: 100 });
    const long = 'x'.repeat(600);
    const blocks = [0, 1].flatMap((offset) => cutter.add(record(offset, `${WHOLE}${long}`), 0));
    expect(blocks.map(({ start, end }) => [start, end])).toEqual([[0, 1]]);
    const endless = [2, 3, 4, 5].flatMap((offset) => cutter.add(record(offset, ` ${long}`), 0));
    expect(endless.map(({ start, end }) => [start, end])).toEqual([[1, 4]]);
  });

  it('hold a capture file alone', () => {
    const file = Uint8Array.from([0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, ...new Uint8Array(16)]);
    const cutter = new RawCutter([], limits);
    expect(cutter.add(record(0, WHOLE), 0)).toEqual([]);
    const blocks = cutter.add({ offset: 1, arrivalMs: 0, value: file }, 0);
    expect(blocks.map(({ start, end }) => [start, end])).toEqual([
      [0, 1],
      [1, 2],
    ]);
    expect(cutter.cut()).toBeUndefined();
  });

  it('end a second after they began, or when nothing comes; a packet that may go on waits longer', () => {
    const cutter = new RawCutter([], limits);
    expect(cutter.dueInMs(0, 0)).toBeUndefined();
    cutter.add(record(0, WHOLE), 100);
    expect(cutter.dueInMs(600, 1)).toBe(500);
    cutter.add(record(1, FIRST), 600);
    cutter.add(record(2, SECOND), 1_000);
    expect(cutter.dueInMs(1_000, 3)).toBe(100);
    expect(textsOf(cutter.cutDue(1_100)!), 'a third line may come').toEqual([WHOLE]);
    expect(cutter.dueInMs(1_100, 3)).toBe(900);
    expect(textsOf(cutter.cutDue(2_000)!)).toEqual([FIRST, SECOND]);
    cutter.add(record(3, FIRST), 3_000);
    expect(cutter.dueInMs(3_000, 4), 'a second line must come').toBe(30_000);
    cutter.add(record(4, SECOND), 9_000);
    expect(cutter.dueInMs(9_000, 5)).toBe(1_000);
  });

  it('at the end of a run leave only what is known to lack its rest', () => {
    const cutter = new RawCutter([], limits);
    for (const [offset, line] of [FIRST, SECOND, FIRST].entries()) cutter.add(record(offset, line), 0);
    expect(textsOf(cutter.cutLast()!)).toEqual([FIRST, SECOND]);
    expect(cutter.cutLast()).toBeUndefined();
    cutter.add(record(3, SECOND), 0);
    expect(textsOf(cutter.cutLast()!)).toEqual([FIRST, SECOND]);
  });

  it('that an unfinished packet began are given up after half a minute', () => {
    const cutter = new RawCutter([], limits);
    cutter.add(record(0, FIRST), 0);
    expect(cutter.dueInMs(30_000, 1)).toBe(0);
    expect(textsOf(cutter.cutDue(30_000)!)).toEqual([FIRST]);
  });

  it('are cut again where they were cut before, whatever the limits and the clock say', () => {
    const planned = [
      { start: 0, end: 1 },
      { start: 1, end: 7 },
      { start: 7, end: 8 },
    ];
    const cutter = new RawCutter(planned, limits);
    const blocks = Array.from({ length: 9 }, (_, offset) => cutter.add(record(offset, WHOLE), 0)).flat();
    expect(blocks.map(({ start, end }) => ({ start, end }))).toEqual(planned);
    expect(cutter.planned).toEqual([]);
    expect(cutter.cut()).toMatchObject({ start: 8, end: 9 });
  });

  it('with a plan wait for all of their records, unless the log is shorter than it was', () => {
    const cutter = new RawCutter([{ start: 0, end: 5 }], limits);
    cutter.add(record(0, WHOLE), 0);
    expect(cutter.dueInMs(1e9, 5)).toBeUndefined();
    expect(cutter.dueInMs(1e9, 3)).toBeLessThan(0);
    expect(cutter.cutDue(1e9)).toMatchObject({ start: 0, end: 1 });
    expect(cutter.planned).toEqual([]);
  });

  it('are not held up by a plan whose records are gone', () => {
    const cutter = new RawCutter(
      [
        { start: 0, end: 5 },
        { start: 5, end: 9 },
      ],
      limits,
    );
    expect(cutter.add(record(20, WHOLE), 0)).toEqual([]);
    expect(cutter.planned).toEqual([]);
    expect(cutter.dueInMs(0, 21)).toBe(1_000);
  });

  it('hold every record once, in order, within the limits, however lines fall', () => {
    const line = fc.constantFrom(WHOLE, FIRST, SECOND, '', '  {', '  },', '[', ']', ' '.repeat(300), 'y'.repeat(700));
    fc.assert(
      fc.property(fc.array(line, { maxLength: 200 }), (lines) => {
        const cutter = new RawCutter([], limits);
        const blocks = lines.flatMap((text, offset) => cutter.add(record(offset, text), 0));
        const last = cutter.cut();
        if (last !== undefined) blocks.push(last);
        expect(blocks.flatMap(textsOf)).toEqual(lines);
        for (const block of blocks) {
          const size = block.records.reduce((sum, { value }) => sum + value.length, 0);
          expect(size).toBeLessThanOrEqual(limits.hardBytes);
          expect(block.records.filter(({ value }) => startsPacket(value)).length).toBeLessThanOrEqual(limits.packets);
        }
      }),
    );
  });
});

describe('the note of a commit', () => {
  it('gives back the cuts, and nothing for notes of others', () => {
    const cuts = [
      { start: 0, end: 12 },
      { start: 12, end: 4_294_967_300 },
    ];
    expect(decodeCuts(encodeCuts(cuts))).toEqual(cuts);
    expect(encodeCuts([])).toBe('');
    for (const note of ['', 'cuts', 'consumer-1', 'cuts 5-3', 'cuts a-b', 'cuts 1', 'cuts 5-9 7-12', 'cuts -1-4']) {
      expect(decodeCuts(note), note).toEqual([]);
    }
  });

  it('fits what brokers keep, at any offset', () => {
    const far = Number.MAX_SAFE_INTEGER - 10 * CUTS_MAX;
    const cuts = Array.from({ length: CUTS_MAX }, (_, i) => ({ start: far + i, end: far + i + 1 }));
    expect(encodeCuts(cuts).length).toBeLessThanOrEqual(4_096);
    expect(decodeCuts(encodeCuts(cuts))).toEqual(cuts);
  });
});
