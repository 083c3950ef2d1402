/** Event times as people read them, in the zone of the page (time-zone.ts), and spans of time. Input is microseconds since 1970. */
import { utcFormat } from 'd3-time-format';
import { isoOffset, offsetMs, zoneAt } from './time-zone.ts';

const day = utcFormat('%Y-%m-%d');
const clock = utcFormat('%H:%M:%S');

const utcDate = (timeUs: number): Date => new Date(Math.floor(timeUs / 1000));

/** Whose UTC fields are what clocks of the zone show. */
const date = (timeUs: number): Date => {
  const timeMs = Math.floor(timeUs / 1000);
  return new Date(timeMs + offsetMs(timeMs));
};

/** `2017-07-07 12:04:30` */
export function dateTime(timeUs: number): string {
  return `${day(date(timeUs))} ${clock(date(timeUs))}`;
}

/** `12:04:30` */
export function clockTime(timeUs: number): string {
  return clock(date(timeUs));
}

/** `2017-07-07` */
export function dayOf(timeUs: number): string {
  return day(date(timeUs));
}

/** `12:04:30` in UTC, whatever the page is in: for queries. */
export function utcClock(timeUs: number): string {
  return clock(utcDate(timeUs));
}

/** `2017-07-07` in UTC, whatever the page is in: for rules. */
export function utcDay(timeUs: number): string {
  return day(utcDate(timeUs));
}

/** `2017-07-07 12:04:30 UTC` */
export function zonedTime(timeUs: number): string {
  return `${dateTime(timeUs)} ${zoneAt(timeUs / 1000)}`;
}

/** `12:04:30 – 12:05:10 UTC`, with both offsets where clocks change in between: `UTC+1 – UTC+2`. */
export function zonedRange(fromUs: number, toUs: number): string {
  const [from, to] = [zoneAt(fromUs / 1000), zoneAt(toUs / 1000)];
  return `${timeRange(fromUs, toUs)} ${from === to ? from : `${from} – ${to}`}`;
}

/** `12:04:30.123456789`: every digit the capture has. */
export function exactTime(timeUs: number, timeNs: number): string {
  const micros = ((timeUs % 1_000_000) + 1_000_000) % 1_000_000;
  return `${clock(date(timeUs))}.${String(micros).padStart(6, '0')}${String(timeNs).padStart(3, '0')}`;
}

/** For tables and CSV: `2017-07-07T12:04:30.123456Z`, or with the offset of the zone: `2017-07-07T14:04:30.123456+02:00`. */
export function isoTime(timeUs: number): string {
  const micros = ((timeUs % 1_000_000) + 1_000_000) % 1_000_000;
  return `${day(date(timeUs))}T${clock(date(timeUs))}.${String(micros).padStart(6, '0')}${isoOffset(timeUs / 1000)}`;
}

/** `12:04:30 – 12:05:10`, with the days when there are two. */
export function timeRange(fromUs: number, toUs: number): string {
  if (dayOf(fromUs) === dayOf(toUs)) return `${clockTime(fromUs)} – ${clockTime(toUs)}`;
  return `${dateTime(fromUs)} – ${dateTime(toUs)}`;
}

/** `350 ms`, `42 s`, `3 min 20 s`, `5 h 12 min`, `3 d 4 h`: the two largest parts. */
export function duration(spanUs: number): string {
  if (spanUs < 1_000_000) return `${Math.round(spanUs / 1000)} ms`;
  const seconds = Math.round(spanUs / 1e6);
  const parts: readonly (readonly [number, string])[] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(' ');
}
