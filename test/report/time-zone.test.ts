/** Times in the reader's zone, against what the runtime itself says of it. */
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { timeAxis, timelineFrame } from '../../report/src/charts/time-frame.ts';
import { markup } from '../../report/src/dom/vnode.ts';
import { inZone, isZone, writeIn, zoneAt, zoneNames } from '../../report/src/format/time-zone.ts';
import {
  clockTime,
  dateTime,
  dayOf,
  exactTime,
  isoTime,
  utcClock,
  zonedRange,
  zonedTime,
} from '../../report/src/format/times.ts';

const NOON_US = Date.UTC(2026, 6, 7, 12) * 1000;
const us = (iso: string): number => Date.parse(iso) * 1000;

afterEach(() => {
  writeIn('UTC');
});

describe('times in a zone', () => {
  test.each([
    ['UTC', '2026-07-07 12:00:00', 'UTC', '2026-07-07T12:00:00.000000Z'],
    ['Europe/Berlin', '2026-07-07 14:00:00', 'UTC+2', '2026-07-07T14:00:00.000000+02:00'],
    ['Asia/Kathmandu', '2026-07-07 17:45:00', 'UTC+5:45', '2026-07-07T17:45:00.000000+05:45'],
    ['America/St_Johns', '2026-07-07 09:30:00', 'UTC−2:30', '2026-07-07T09:30:00.000000-02:30'],
    ['Pacific/Kiritimati', '2026-07-08 02:00:00', 'UTC+14', '2026-07-08T02:00:00.000000+14:00'],
    ['Africa/Abidjan', '2026-07-07 12:00:00', 'UTC', '2026-07-07T12:00:00.000000+00:00'],
  ])('%s has its day, its clock and its offset', (zone, time, offset, iso) => {
    writeIn(zone);
    expect(zonedTime(NOON_US)).toBe(`${time} ${offset}`);
    expect(isoTime(NOON_US)).toBe(iso);
    expect(inZone('time')).toBe(`time (${zone})`);
    expect(utcClock(NOON_US)).toBe('12:00:00');
  });

  test('both offsets are said of a range in which clocks change', () => {
    writeIn('Europe/Berlin');
    expect(zonedRange(us('2026-03-29T00:30:00Z'), us('2026-03-29T01:30:00Z'))).toBe(
      '01:30:00 – 03:30:00 UTC+1 – UTC+2',
    );
    expect(zonedRange(us('2026-10-25T00:59:59Z'), us('2026-10-25T01:00:00Z'))).toBe(
      '02:59:59 – 02:00:00 UTC+2 – UTC+1',
    );
  });

  test('are what the runtime says they are, at any time in any zone', () => {
    const zones = fc.constantFrom(...zoneNames());
    const times = fc.integer({ min: Date.UTC(1995, 0, 1), max: Date.UTC(2037, 0, 1) });
    fc.assert(
      fc.property(zones, times, (zone, timeMs) => {
        writeIn(zone);
        const expected = new Intl.DateTimeFormat('sv-SE', {
          timeZone: zone,
          dateStyle: 'short',
          timeStyle: 'medium',
        }).format(timeMs);
        expect(dateTime(timeMs * 1000)).toBe(expected);
        // The offset that is written leads back.
        expect(Date.parse(isoTime(timeMs * 1000))).toBe(timeMs);
      }),
      { numRuns: 300 },
    );
  });

  test('keep every digit, before 1970 too', () => {
    writeIn('Asia/Kolkata');
    expect(exactTime(NOON_US + 1, 7)).toBe('17:30:00.000001007');
    expect(isoTime(-1)).toBe('1970-01-01T05:29:59.999999+05:30');
  });

  test('a zone that this browser does not know is none', () => {
    expect(['UTC', 'local', 'Europe/Berlin', 'Asia/Calcutta', 'Etc/GMT-14'].every(isZone)).toBe(true);
    expect(['', 'Mars/Olympus', '+02:00', '<img>', 'x'.repeat(100), 'Europe/Berlin ', '../etc'].some(isZone)).toBe(
      false,
    );
  });
});

describe('the time axis', () => {
  const labels = (fromUs: number, toUs: number): string[] => {
    const range = { fromUs, toUs };
    const frame = { ...timelineFrame(range, { width: 1000, height: 200 }), top: 10 };
    return [...markup(timeAxis(range, frame)).matchAll(/>([\d:. -]+)</gu)].map(([, text]) => text!);
  };

  test('has its ticks at round times of the zone', () => {
    writeIn('Asia/Kathmandu');
    expect(labels(us('2026-07-07T11:00:00Z'), us('2026-07-07T12:00:00Z'))).toEqual([
      '16:45',
      '16:50',
      '16:55',
      '17:00',
      '17:05',
      '17:10',
      '17:15',
      '17:20',
      '17:25',
      '17:30',
      '17:35',
      '17:40',
      '17:45',
    ]);
    expect(labels(us('2026-07-06T00:00:00Z'), us('2026-07-12T00:00:00Z'))).toContain('2026-07-08');
  });

  test('names midnight of the zone by its day', () => {
    writeIn('America/New_York');
    const shown = labels(us('2026-07-07T00:00:00Z'), us('2026-07-07T12:00:00Z'));
    expect(shown).toContain('2026-07-07');
    expect(shown).toContain('21:00');
    expect(dayOf(us('2026-07-07T04:00:00Z'))).toBe('2026-07-07');
  });

  test('goes through the hour in which clocks change without a tick out of order', () => {
    writeIn('Europe/Berlin');
    for (const [from, to] of [
      ['2026-03-28T20:00:00Z', '2026-03-29T06:00:00Z'],
      ['2026-10-24T20:00:00Z', '2026-10-25T06:00:00Z'],
    ] as const) {
      const range = { fromUs: us(from), toUs: us(to) };
      const frame = { ...timelineFrame(range, { width: 1000, height: 200 }), top: 10 };
      const places = [...markup(timeAxis(range, frame)).matchAll(/<text x="([\d.]+)"/gu)].map(([, x]) => Number(x));
      expect(places.length).toBeGreaterThan(4);
      expect(places.toSorted((a, b) => a - b)).toEqual(places);
      expect(clockTime(range.fromUs)).toBe(from.startsWith('2026-03') ? '21:00:00' : '22:00:00');
    }
    expect(zoneAt(us('2026-10-25T06:00:00Z') / 1000)).toBe('UTC+1');
  });
});
