/** Which rows of a batch belong to which window: one window as a rule, thousands for a batch over years. */
import { BATCH_CAPACITY, type PacketColumns } from '../packet/columns.ts';
import { windowStart } from './time-window.ts';

const ALL_ROWS = Uint16Array.from({ length: BATCH_CAPACITY }, (_, row) => row);

/** Start of the window that all rows are in, if there is one: the usual case. */
function onlyWindow({ count, timeUs }: PacketColumns, windowUs: number): number | undefined {
  if (count === 0) return undefined;
  const start = windowStart(timeUs[0]!, windowUs);
  for (let row = 0; row < count; row++) {
    if (!(timeUs[row]! >= start && timeUs[row]! < start + windowUs)) return undefined;
  }
  return start;
}

/** Row numbers by window start, each list in row order. */
export function rowsByWindow(columns: PacketColumns, windowUs: number): Map<number, Uint16Array> {
  const { count, timeUs } = columns;
  const only = onlyWindow(columns, windowUs);
  if (only !== undefined) return new Map([[only, ALL_ROWS.subarray(0, count)]]);
  const lists = new Map<number, Uint16Array<ArrayBuffer>>();
  const lengths = new Map<number, number>();
  let start = NaN;
  let rows = new Uint16Array(0);
  let length = 0;
  for (let row = 0; row < count; row++) {
    const time = timeUs[row]!;
    if (!(time >= start && time < start + windowUs)) {
      if (length > 0) lengths.set(start, length);
      start = windowStart(time, windowUs);
      // One window is the rule; a batch over years must not cost a batch's worth of memory for each of its windows.
      rows = lists.get(start) ?? new Uint16Array(lists.size === 0 ? count - row : 16);
      length = lengths.get(start) ?? 0;
      lists.set(start, rows);
    }
    if (length === rows.length) {
      const longer = new Uint16Array(Math.min(count, length * 2 + 16));
      longer.set(rows);
      rows = longer;
      lists.set(start, rows);
    }
    rows[length++] = row;
  }
  if (length > 0) lengths.set(start, length);
  for (const [key, list] of lists) lists.set(key, list.subarray(0, lengths.get(key)));
  return lists;
}
