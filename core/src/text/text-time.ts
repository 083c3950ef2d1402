/**
 * The time in front of a line of tcpdump: of the day (default), with the date (-tttt), seconds since 1970 (-tt), since the
 * line or packet before (-ttt, -ttttt), or none (-t); microseconds or nanoseconds (--nano). tcpdump prints local time and
 * not which: it is taken for UTC, so run it with TZ=UTC. A time without a day gets the latest day on which it is no more
 * than twelve hours after the text's arrival.
 */
import { daysFromCivil } from '../packet/time.ts';
import { TIME_LIMIT_US } from '../pcap/time.ts';
import { COLON, DOT, SPACE, hexDigit, isDigit, word } from './byte-text.ts';
import type { ByteText } from './byte-text.ts';

const US_PER_SECOND = 1_000_000;
const DAY_US = 86_400 * US_PER_SECOND;
const HALF_DAY_US = DAY_US / 2;
/** A whole time of day or more after its second: the least that tells a time from a number. */
const DASH = 0x2d;
const COUNT_WIDTH_MAX = 20;
const BRACKET = 0x5b;
const NO_TIME = word('[Error converting time] ');
const NO_HEADER = word('[Invalid header: ');

export const STAMP = {
  /** No time in front. */
  none: 0,
  /** Day and time. */
  exact: 1,
  /** Time of day. */
  dayless: 2,
  /** Time since something else, or tcpdump's word that there is no time: a packet begins here all the same. */
  relative: 3,
} as const;

export type Stamp = (typeof STAMP)[keyof typeof STAMP];

export interface TextTime {
  /** Microseconds since 1970, or since midnight when dayless; 0 when there is none or it is relative. */
  timeUs: number;
  timeNs: number;
}

/**
 * Steps over the time that a line begins with, blank behind it included, and over a packet number (`-#`) before it.
 * Without a time there is no step. What was read is left in `time`.
 */
export function takeStamp(text: ByteText, time: TextTime): Stamp {
  const from = text.at;
  time.timeUs = 0;
  time.timeNs = 0;
  skipCount(text);
  if (text.peek() === BRACKET && (text.take(NO_TIME) || text.sees(NO_HEADER))) return STAMP.relative;
  const isIndented = text.peek() === SPACE;
  if (isIndented) text.at++;
  const stamp = isDigit(text.bytes[text.at]) ? takeTime(text, time, isIndented) : STAMP.none;
  if (stamp === STAMP.none || (text.at < text.end && text.peek() !== SPACE)) {
    text.at = from;
    return STAMP.none;
  }
  text.at++;
  return stamp;
}

/** `    1  `: the packet's number, right-aligned, and two blanks. */
function skipCount(text: ByteText): void {
  const { bytes } = text;
  let at = text.at;
  while (bytes[at] === SPACE && at < text.at + COUNT_WIDTH_MAX) at++;
  const digits = at;
  while (isDigit(bytes[at]) && at < text.at + COUNT_WIDTH_MAX) at++;
  if (at > digits && at < text.end && bytes[at] === SPACE && bytes[at + 1] === SPACE) text.at = at + 2;
}

function takeTime(text: ByteText, time: TextTime, isIndented: boolean): Stamp {
  const first = text.number();
  switch (text.peek()) {
    case COLON:
      if (!takeDayTime(text, time, first)) return STAMP.none;
      if (!isIndented) return STAMP.dayless;
      time.timeUs = 0;
      time.timeNs = 0;
      return STAMP.relative;
    case DOT:
      if (isIndented || !takeFraction(text, time)) return STAMP.none;
      time.timeUs += Math.min(first * US_PER_SECOND, TIME_LIMIT_US);
      return STAMP.exact;
    case DASH:
      return !isIndented && takeDate(text, time, first) ? STAMP.exact : STAMP.none;
    default:
      return STAMP.none;
  }
}

/** `-07-06 13:40:07.123456` behind a year. */
function takeDate(text: ByteText, time: TextTime, year: number): boolean {
  const month = takeTwo(text, DASH);
  const day = takeTwo(text, DASH);
  if (year > 9999 || month < 1 || month > 12 || day < 1 || day > 31) return false;
  const hours = takeTwo(text, SPACE);
  if (hours < 0 || !takeDayTime(text, time, hours)) return false;
  time.timeUs += daysFromCivil(year, month, day) * DAY_US;
  return true;
}

/** `:40:07.123456` behind the hours. */
function takeDayTime(text: ByteText, time: TextTime, hours: number): boolean {
  const minutes = takeTwo(text, COLON);
  const seconds = takeTwo(text, COLON);
  if (hours > 23 || minutes < 0 || minutes > 59 || seconds < 0 || seconds > 60) return false;
  if (text.peek() !== DOT || !takeFraction(text, time)) return false;
  time.timeUs += (hours * 3600 + minutes * 60 + seconds) * US_PER_SECOND;
  return true;
}

/** A separator and two digits; -1 when they are not there. */
function takeTwo(text: ByteText, separator: number): number {
  if (!text.takeByte(separator)) return -1;
  const from = text.at;
  const value = text.number();
  return text.at - from === 2 ? value : -1;
}

/** `.123456` or `.123456789`. */
function takeFraction(text: ByteText, time: TextTime): boolean {
  const { bytes } = text;
  const at = text.at + 1;
  let digits = 0;
  let value = 0;
  for (; digits < 9 && at + digits < text.end && isDigit(bytes[at + digits]); digits++) {
    value = value * 10 + hexDigit(bytes[at + digits]);
  }
  if (digits !== 6 && digits !== 9) return false;
  text.at = at + digits;
  time.timeUs = digits === 6 ? value : Math.floor(value / 1000);
  time.timeNs = digits === 6 ? 0 : value % 1000;
  return true;
}

/**
 * Microseconds since 1970 of a time of day.
 * @param dayUs microseconds since midnight
 * @param arrivalUs when the text arrived, microseconds since 1970
 */
export function nearestDay(dayUs: number, arrivalUs: number): number {
  const days = Math.floor((arrivalUs + HALF_DAY_US - dayUs) / DAY_US);
  return days * DAY_US + dayUs;
}
