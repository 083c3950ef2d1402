/**
 * The zone that the page writes its times in, as the reader chose it. It is ambient, as a language would be: `page` sets it
 * from the model before it draws anything, and nothing else does. What is for machines (queries, rules) stays UTC.
 */

export const UTC = 'UTC';
/** The zone of whoever reads, wherever that is. */
export const LOCAL = 'local';

const QUARTER_MS = 900_000;
const KEPT_MOST = 5000;

interface Zone {
  readonly name: string;
  readonly format: Intl.DateTimeFormat;
  /** Milliseconds ahead of UTC, by quarter of an hour: no zone changes in between. */
  readonly offsets: Map<number, number>;
}

let current: Zone | null = null;

/** Of the browser. */
export function localZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** Whether this browser knows a zone: `UTC`, `local`, or a name of the IANA time zone database. */
export function isZone(text: string): boolean {
  if (text === UTC || text === LOCAL) return true;
  // Plain offsets are understood by some browsers only.
  if (!/^[A-Za-z][\w+/-]{1,39}$/u.test(text)) return false;
  try {
    Intl.DateTimeFormat('en', { timeZone: text });
    return true;
  } catch {
    return false;
  }
}

/** Every name there is to choose from, ascending; empty in browsers that do not tell. */
export function zoneNames(): readonly string[] {
  return typeof Intl.supportedValuesOf === 'function' ? Intl.supportedValuesOf('timeZone') : [];
}

/** @param zone for which `isZone` holds */
export function writeIn(zone: string): void {
  const name = zone === LOCAL ? localZone() : zone;
  if (name === (current?.name ?? UTC)) return;
  if (name === UTC) {
    current = null;
    return;
  }
  const format = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' });
  current = { name, format, offsets: new Map() };
}

/** `UTC` or `Europe/Berlin`: for the heading of a column. */
export function zoneName(): string {
  return current?.name ?? UTC;
}

/** `first packet (UTC)` */
export function inZone(heading: string): string {
  return `${heading} (${zoneName()})`;
}

/** `GMT+05:30` and, long ago, `GMT-00:53:28`. */
function readOffset({ format }: Zone, timeMs: number): number {
  const text = format.formatToParts(timeMs).find(({ type }) => type === 'timeZoneName')?.value ?? '';
  const match = /^GMT([+-])(\d{2}):(\d{2})(?::(\d{2}))?$/u.exec(text);
  if (match === null) return 0;
  const [, sign, hours, minutes, seconds = 0] = match;
  return (sign === '-' ? -1000 : 1000) * (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds));
}

/** Milliseconds that clocks of the zone are ahead of UTC at a moment, milliseconds since 1970. */
export function offsetMs(timeMs: number): number {
  if (current === null) return 0;
  const quarter = Math.floor(timeMs / QUARTER_MS);
  const known = current.offsets.get(quarter);
  if (known !== undefined) return known;
  const offset = readOffset(current, quarter * QUARTER_MS);
  if (current.offsets.size >= KEPT_MOST) current.offsets.clear();
  current.offsets.set(quarter, offset);
  return offset;
}

const two = (value: number): string => String(value).padStart(2, '0');

/** `Z` or `+05:30`, as RFC 3339 has it. */
export function isoOffset(timeMs: number): string {
  if (current === null) return 'Z';
  const minutes = Math.round(Math.abs(offsetMs(timeMs)) / 60_000);
  return `${offsetMs(timeMs) < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

/** `UTC`, `UTC+2`, `UTC−3:30`: what is beside a time. */
export function zoneAt(timeMs: number): string {
  const offset = offsetMs(timeMs);
  if (offset === 0) return UTC;
  const minutes = Math.round(Math.abs(offset) / 60_000);
  const rest = minutes % 60 === 0 ? '' : `:${two(minutes % 60)}`;
  return `${UTC}${offset < 0 ? '−' : '+'}${Math.floor(minutes / 60)}${rest}`;
}
