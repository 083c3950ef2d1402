/**
 * Row keys and column qualifiers of window state: printable ASCII whatever the names are, in the order of what they name.
 *
 *     sensor#shard#start    a window (partials, counts; in shard 0 also announcements and what was emitted)
 *     sensor#changed        marks of windows that somebody wrote to (pending-index.ts), and sensor#waiting, sensor#ready
 *
 * The sensor comes first and time last: keys that begin with a time would send every write to one server.
 * `#` separates and sorts before everything else, so that no name is a prefix of another's key.
 */
import { PipelineError } from '@tapline/core/errors';
import type { WindowCell, WindowKey } from '@tapline/core/ports';

/** Bigtable refuses longer row keys. */
const LONGEST_KEY = 4096;
const DIGITS = 16;

/**
 * Any text as ASCII without `#`, ordered by code point as the stores order text. What sorts below the characters that stay
 * is `$` and six hexadecimal digits, what sorts above them is `~` and six.
 */
export function escapeName(name: string): string {
  let escaped = '';
  for (const character of name) {
    const point = character.codePointAt(0)!;
    const stays = point > 0x24 && point < 0x7e;
    escaped += stays ? character : `${point < 0x7e ? '$' : '~'}${point.toString(16).padStart(6, '0')}`;
  }
  return escaped;
}

/** The text that was escaped. */
export function unescapeName(escaped: string): string {
  return escaped.replace(/[$~]([0-9a-f]{6})/g, (_, hex: string) => String.fromCodePoint(parseInt(hex, 16)));
}

/** A window start as text of fixed length that sorts as the numbers do; times before 1970 begin with `n`. */
export function encodeStart(windowStartUs: number): string {
  return windowStartUs < 0 ? `n${pad(Number.MAX_SAFE_INTEGER + windowStartUs)}` : `p${pad(windowStartUs)}`;
}

/** The window start that was encoded. */
export function decodeStart(text: string): number {
  const digits = Number(text.slice(1));
  return text.startsWith('n') ? digits - Number.MAX_SAFE_INTEGER : digits;
}

function pad(number: number): string {
  return String(number).padStart(DIGITS, '0');
}

/** Key of the row of a window in a shard. Throws PipelineError USAGE when the sensor's name is too long for a key. */
export function windowRow({ sensor, windowStartUs }: WindowKey, shard: number): string {
  return checked(`${escapeName(sensor)}#${shard}#${encodeStart(windowStartUs)}`);
}

/** The start of the window that a row is of. */
export function startOfRow(row: string): number {
  return decodeStart(row.slice(row.lastIndexOf('#') + 1));
}

/** Key of one of a sensor's index rows. */
export function indexRow(sensor: string, list: string): string {
  return checked(`${escapeName(sensor)}#${list}`);
}

function checked(row: string): string {
  if (row.length > LONGEST_KEY) {
    throw new PipelineError(
      'USAGE',
      `a sensor's name of ${row.length} bytes is too long for a row key: use a shorter one`,
    );
  }
  return row;
}

/** Column of a batch: columns sort by session, then sequence. */
export function batchColumn({ session, sequence }: Pick<WindowCell, 'session' | 'sequence'>): string {
  return `${escapeName(session)}#${pad(sequence)}`;
}

/** Session, still escaped, and what follows it. */
export function splitColumn(column: string): { session: string; rest: string } {
  const at = column.indexOf('#');
  return { session: column.slice(0, at), rest: column.slice(at + 1) };
}

/** FNV-1a: spreads batches over the shards of a sensor. */
export function shardOf(batchId: string, shards: number): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < batchId.length; i++) hash = Math.imul(hash ^ batchId.charCodeAt(i), 0x01000193);
  return (hash >>> 0) % shards;
}
