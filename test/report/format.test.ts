import { describe, expect, test } from 'vitest';
import { csv } from '../../report/src/views/figure.ts';
import { counted, measured, percent, short, times, whole } from '../../report/src/format/numbers.ts';
import { duration, exactTime, isoTime, timeRange } from '../../report/src/format/times.ts';

const NARROW = '\u202f';

describe('numbers on the page', () => {
  test.each([
    [0, '0'],
    [7, '7'],
    [0.123, '0.12'],
    [12.345, '12.3'],
    [999.4, '999'],
    [999.6, `1${NARROW}k`],
    [1234, `1.23${NARROW}k`],
    [48_339, `48.3${NARROW}k`],
    [2_500_000, `2.5${NARROW}M`],
    [-1500, `-1.5${NARROW}k`],
    [Number.NaN, '–'],
    [Infinity, '–'],
  ])('%d is short as %s', (value, text) => {
    expect(short(value)).toBe(text);
  });

  test('units join their step: bits per second, bytes, packets', () => {
    expect(short(350_000, 'bit/s')).toBe(`350${NARROW}kbit/s`);
    expect(short(15_800_000, 'B')).toBe(`15.8${NARROW}MB`);
    expect(measured(4, 'connections')).toBe('4 connections');
    expect(measured(0.97, 'share')).toBe(`97${NARROW}%`);
  });

  test('whole numbers keep every digit, shares and ratios the sensible ones', () => {
    expect(whole(1_234_567)).toBe('1,234,567');
    expect(counted(1, 'packet')).toBe('1 packet');
    expect(percent(0.0004)).toBe(`<0.1${NARROW}%`);
    expect(percent(0.042)).toBe(`4.2${NARROW}%`);
    expect(times(1.2127)).toBe('1.2×');
    expect(times(134.6)).toBe('135×');
  });
});

describe('times on the page', () => {
  const noon = 1_499_428_800_000_000;

  test('are UTC with every digit the capture has, before 1970 too', () => {
    expect(exactTime(noon + 1, 7)).toBe('12:00:00.000001007');
    expect(isoTime(-1)).toBe('1969-12-31T23:59:59.999999Z');
  });

  test('ranges name the day only when there are two', () => {
    expect(timeRange(noon, noon + 30e6)).toBe('12:00:00 – 12:00:30');
    expect(timeRange(noon, noon + 86_400e6)).toBe('2017-07-07 12:00:00 – 2017-07-08 12:00:00');
  });

  test.each([
    [0, '0 ms'],
    [350_000, '350 ms'],
    [42e6, '42 s'],
    [200e6, '3 min 20 s'],
    [3600e6, '1 h'],
    [90_000e6, '1 d 1 h'],
  ])('%d microseconds are %s', (span, text) => {
    expect(duration(span)).toBe(text);
  });
});

describe('CSV', () => {
  test('quotes what needs it and disarms what a spreadsheet would run', () => {
    const columns = [{ name: 'who, where' }, { name: 'count' }];
    const rows = [
      ['say "hi"', 1],
      ['=HYPERLINK("evil")', -2],
      ['@sum', 3],
      ['plain', 4],
    ] as const;
    expect(csv({ columns, rows })).toBe(
      '"who, where",count\r\n"say ""hi""",1\r\n"\'=HYPERLINK(""evil"")",-2\r\n\'@sum,3\r\nplain,4\r\n',
    );
  });
});
