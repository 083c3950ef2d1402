/** Event time as text: ISO 8601 in UTC with nanoseconds. */

const US_PER_SECOND = 1_000_000;
const SECONDS_PER_DAY = 86_400;

/**
 * `2017-07-06T13:40:07.123456789Z` for whole microseconds since 1970 (negative before) and 0 to 999 nanoseconds beyond.
 * Years beyond 9999 or before 0 have a sign and six digits, as ECMAScript writes them, or more when six are not enough.
 */
export function formatTime(timeUs: number, timeNs: number): string {
  const seconds = Math.floor(timeUs / US_PER_SECOND);
  const microseconds = timeUs - seconds * US_PER_SECOND;
  const days = Math.floor(seconds / SECONDS_PER_DAY);
  const secondOfDay = seconds - days * SECONDS_PER_DAY;
  const hours = pad(Math.floor(secondOfDay / 3600), 2);
  const minutes = pad(Math.floor(secondOfDay / 60) % 60, 2);
  const fraction = pad(microseconds, 6) + pad(timeNs, 3);
  return `${formatDay(days)}T${hours}:${minutes}:${pad(secondOfDay % 60, 2)}.${fraction}Z`;
}

/** The inverse of formatTime; the fraction may have 0 to 9 digits. Undefined when the text is not such a time. */
export function parseTime(text: string): { readonly timeUs: number; readonly timeNs: number } | undefined {
  const match = /^([+-]\d{6,}|\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?Z$/.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hours, minutes, seconds] = match.map(Number) as [number, ...number[]];
  if (month! < 1 || month! > 12 || day! < 1 || day! > 31 || hours! > 23 || minutes! > 59 || seconds! > 60)
    return undefined;
  const fraction = (match[7] ?? '').padEnd(9, '0');
  const total = daysFromCivil(year!, month!, day!) * SECONDS_PER_DAY + hours! * 3600 + minutes! * 60 + seconds!;
  return { timeUs: total * US_PER_SECOND + Number(fraction.slice(0, 6)), timeNs: Number(fraction.slice(6)) };
}

const pad = (value: number, width: number): string => String(value).padStart(width, '0');

/** Days of the 400-year cycle after which the Gregorian calendar repeats. */
const CYCLE_DAYS = 146_097;
/** Days from 0000-03-01, where the cycle counts from, to 1970-01-01. */
const EPOCH_DAY = 719_468;

/** Calendar date of a day since 1970, by the proleptic Gregorian calendar with years that start in March. */
function formatDay(days: number): string {
  const shifted = days + EPOCH_DAY;
  const cycle = Math.floor(shifted / CYCLE_DAYS);
  const dayOfCycle = shifted - cycle * CYCLE_DAYS;
  const yearOfCycle = Math.floor(
    (dayOfCycle - Math.floor(dayOfCycle / 1460) + Math.floor(dayOfCycle / 36_524) - Math.floor(dayOfCycle / 146_096)) /
      365,
  );
  const dayOfYear = dayOfCycle - (365 * yearOfCycle + Math.floor(yearOfCycle / 4) - Math.floor(yearOfCycle / 100));
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1;
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
  const year = yearOfCycle + cycle * 400 + (month <= 2 ? 1 : 0);
  return `${formatYear(year)}-${pad(month, 2)}-${pad(day, 2)}`;
}

function formatYear(year: number): string {
  if (year >= 0 && year <= 9999) return pad(year, 4);
  return `${year < 0 ? '-' : '+'}${pad(Math.abs(year), 6)}`;
}

/** Days from 1970-01-01 to a date of the proleptic Gregorian calendar. */
export function daysFromCivil(year: number, month: number, day: number): number {
  const marchYear = month <= 2 ? year - 1 : year;
  const cycle = Math.floor(marchYear / 400);
  const yearOfCycle = marchYear - cycle * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfCycle = yearOfCycle * 365 + Math.floor(yearOfCycle / 4) - Math.floor(yearOfCycle / 100) + dayOfYear;
  return cycle * CYCLE_DAYS + dayOfCycle - EPOCH_DAY;
}
