/** Times in the filter bar: a moment is as long as it is precise, and two dots make a range. All in UTC. */
import type { TimeRange } from '../ports.ts';
import { daysFromCivil } from '../packet/time.ts';

const SECOND_US = 1_000_000;
const MINUTE_US = 60 * SECOND_US;
const DAY_US = 86_400 * SECOND_US;

const MOMENT = /^(?:(\d{4})-(\d\d)-(\d\d)(?:T|$))?(?:(\d\d?):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?Z?)?$/i;

/** The stretch that a moment names, such as the minute of `12:03`; undefined when the text is none. */
function moment(text: string, dayUs: number): TimeRange | undefined {
  const match = MOMENT.exec(text);
  if (match === null || text === '') return undefined;
  const [, year, month, day, hours, minutes, seconds, fraction] = match;
  if (year !== undefined && (Number(month) < 1 || Number(month) > 12 || Number(day) < 1 || Number(day) > 31))
    return undefined;
  const startUs = year === undefined ? dayUs : daysFromCivil(Number(year), Number(month), Number(day)) * DAY_US;
  if (hours === undefined)
    return year === undefined || text.endsWith('T') ? undefined : { fromUs: startUs, toUs: startUs + DAY_US };
  if (Number(hours) > 23 || Number(minutes) > 59 || Number(seconds ?? 0) > 59) return undefined;
  const fromUs =
    startUs +
    Number(hours) * 60 * MINUTE_US +
    Number(minutes) * MINUTE_US +
    Number(seconds ?? 0) * SECOND_US +
    Number((fraction ?? '').padEnd(6, '0'));
  const widthUs = seconds === undefined ? MINUTE_US : fraction === undefined ? SECOND_US : 10 ** (6 - fraction.length);
  return { fromUs, toUs: fromUs + widthUs };
}

/**
 * `12:03` is that minute, `12:03:10` that second, `2026-11-24` that day, `12:03..12:05` the time from the start of the one
 * up to the start of the other.
 * @param dayUs start of the day that a time without a date is of
 * @returns undefined when the text is no time, or a range that ends before it begins
 */
export function parseQueryTime(text: string, dayUs: number): TimeRange | undefined {
  const [first = '', second, ...more] = text.split('..');
  const from = moment(first, dayUs);
  if (from === undefined || more.length > 0) return undefined;
  if (second === undefined) return from;
  // A date that only the first has is the date of both.
  const ownDayUs = Math.floor(from.fromUs / DAY_US) * DAY_US;
  const to = moment(second, ownDayUs);
  return to === undefined || to.fromUs <= from.fromUs ? undefined : { fromUs: from.fromUs, toUs: to.fromUs };
}

/** The start of the UTC day that holds a time. */
export function dayStartUs(timeUs: number): number {
  return Math.floor(timeUs / DAY_US) * DAY_US;
}
