/**
 * The two ways to make a flow's numbers: packet by packet, and from two halves. Both give the same (the counts, sums and
 * times exactly, squared deviations within rounding), however a flow is cut: the halves form a monoid under `mergeFlow`.
 */
import {
  ACTIVE_GAP_US,
  ADDITIVE_END,
  AT,
  BULK,
  BULK_GAP_US,
  BULK_PACKETS,
  ROW_NUMBERS,
  RUN,
  SERIES,
  SERIES_END,
  SUBFLOW_GAP_US,
} from './layout.ts';

const PSH = 0x08;
const URG = 0x20;

/** Makes a row the empty flow: merging it on either side changes nothing. */
export function clearFlow(row: Float64Array, at: number): void {
  row.fill(0, at, at + ROW_NUMBERS);
  for (let series = AT.length; series < SERIES_END; series += SERIES.size) {
    row[at + series + SERIES.min] = Infinity;
    row[at + series + SERIES.max] = -Infinity;
  }
  row[at + AT.headerMin] = Infinity;
}

/**
 * Adds the flow's next packet.
 * @param direction 0 forward, 1 backward
 * @param payload bytes beyond the transport header
 * @param header bytes of the transport header
 */
export function addPacket(
  row: Float64Array,
  at: number,
  timeUs: number,
  direction: number,
  payload: number,
  header: number,
  tcpFlags: number,
  window: number,
): void {
  if (row[at + AT.lengthAll] === 0) {
    row[at + AT.firstUs] = timeUs;
    row[at + AT.windowForward] = direction === 0 ? window : 0;
    row[at + AT.segments] = 1;
  } else stepOver(row, at, timeUs - row[at + AT.lastUs]!, timeUs);
  row[at + AT.lastUs] = timeUs;
  const length = at + AT.length + direction * SERIES.size;
  if (row[length] === 0) row[at + AT.firstOf + direction] = timeUs;
  else addValue(row, at + AT.gap + direction * SERIES.size, timeUs - row[at + AT.lastOf + direction]!);
  row[at + AT.lastOf + direction] = timeUs;
  addValue(row, length, payload);
  addValue(row, at + AT.lengthAll, payload);
  row[at + AT.headerBytes + direction]! += header;
  if (direction === 0 && header < row[at + AT.headerMin]!) row[at + AT.headerMin] = header;
  if (direction === 1 && row[at + AT.windowBackward] === 0) row[at + AT.windowBackward] = window;
  if ((tcpFlags & 0xff) !== 0) {
    for (let bit = 0; bit < 8; bit += 1) row[at + AT.flags + bit]! += (tcpFlags >>> bit) & 1;
    if ((tcpFlags & PSH) !== 0) row[at + AT.pushPackets + direction]! += 1;
    if ((tcpFlags & URG) !== 0) row[at + AT.urgentPackets + direction]! += 1;
  }
  if (payload > 0) addData(row, at, timeUs, direction, payload);
}

/**
 * Appends a later half: `later` at `from` into `row` at `at`. The halves must be neighbours in the order of the flow's
 * packets; event times may repeat and even run backwards.
 */
export function mergeFlow(row: Float64Array, at: number, later: Float64Array, from: number): void {
  if (later[from + AT.lengthAll] === 0) return;
  if (row[at + AT.lengthAll] === 0) {
    for (let slot = 0; slot < ROW_NUMBERS; slot += 1) row[at + slot] = later[from + slot]!;
    return;
  }
  mergeSegments(row, at, later, from);
  for (let direction = 0; direction < 2; direction += 1) mergeDirection(row, at, later, from, direction);
  for (let slot = 0; slot < ADDITIVE_END; slot += 1) row[at + slot]! += later[from + slot]!;
  for (let series = AT.length; series < SERIES_END; series += SERIES.size) {
    mergeSeries(row, at + series, later, from + series);
  }
  row[at + AT.headerMin] = Math.min(row[at + AT.headerMin]!, later[from + AT.headerMin]!);
  if (row[at + AT.windowBackward] === 0) row[at + AT.windowBackward] = later[from + AT.windowBackward]!;
  mergeRuns(row, at, later, from);
}

/** Closes what is open at the edges, as the last thing before a flow is read; its last active segment is never counted. */
export function closeFlow(row: Float64Array, at: number): void {
  if (row[at + AT.segments]! > 1) addActive(row, at, row[at + AT.firstUs]!, row[at + AT.headSegmentEndUs]!);
  if (row[at + AT.runs]! > 0) closeRun(row, at, row, at + AT.headRun);
  if (row[at + AT.runs]! > 1) closeRun(row, at, row, at + AT.tailRun);
  row[at + AT.runs] = 0;
  row[at + AT.segments] = 1;
}

/** Welford's step; the mean is kept as a sum, which is exact. */
function addValue(row: Float64Array, at: number, value: number): void {
  const count = row[at]!;
  const sum = row[at + SERIES.sum]! + value;
  if (count > 0) {
    const before = value - row[at + SERIES.sum]! / count;
    row[at + SERIES.squares]! += before * (value - sum / (count + 1));
  }
  row[at] = count + 1;
  row[at + SERIES.sum] = sum;
  if (value < row[at + SERIES.min]!) row[at + SERIES.min] = value;
  if (value > row[at + SERIES.max]!) row[at + SERIES.max] = value;
}

/** Chan, Golub and LeVeque (1979): squared deviations of two samples from theirs and the difference of the means. */
function mergeSeries(row: Float64Array, at: number, later: Float64Array, from: number): void {
  const count = row[at]!;
  const more = later[from]!;
  if (more === 0) return;
  if (count > 0) {
    const difference = later[from + SERIES.sum]! / more - row[at + SERIES.sum]! / count;
    row[at + SERIES.squares]! += difference * difference * ((count * more) / (count + more));
  }
  row[at] = count + more;
  row[at + SERIES.sum]! += later[from + SERIES.sum]!;
  row[at + SERIES.squares]! += later[from + SERIES.squares]!;
  row[at + SERIES.min] = Math.min(row[at + SERIES.min]!, later[from + SERIES.min]!);
  row[at + SERIES.max] = Math.max(row[at + SERIES.max]!, later[from + SERIES.max]!);
}

/** The gap before a packet, or before a later half, that begins at `timeUs`. */
function stepOver(row: Float64Array, at: number, gapUs: number, timeUs: number): void {
  addValue(row, at + AT.gapAll, gapUs);
  if (gapUs > SUBFLOW_GAP_US) row[at + AT.longGaps]! += 1;
  if (gapUs <= ACTIVE_GAP_US) return;
  const lastUs = row[at + AT.lastUs]!;
  addValue(row, at + AT.idle, gapUs);
  if (row[at + AT.segments] === 1) row[at + AT.headSegmentEndUs] = lastUs;
  else addActive(row, at, row[at + AT.tailSegmentStartUs]!, lastUs);
  row[at + AT.segments] = 2;
  row[at + AT.tailSegmentStartUs] = timeUs;
}

function addActive(row: Float64Array, at: number, startUs: number, endUs: number): void {
  if (endUs > startUs) addValue(row, at + AT.active, endUs - startUs);
}

/** Joins the tail of the earlier half to the head of the later one, or closes both at a long gap. */
function mergeSegments(row: Float64Array, at: number, later: Float64Array, from: number): void {
  const laterFirstUs = later[from + AT.firstUs]!;
  stepOver(row, at, laterFirstUs - row[at + AT.lastUs]!, laterFirstUs);
  if (later[from + AT.segments]! > 1) {
    const endUs = later[from + AT.headSegmentEndUs]!;
    if (row[at + AT.segments] === 1) row[at + AT.headSegmentEndUs] = endUs;
    else addActive(row, at, row[at + AT.tailSegmentStartUs]!, endUs);
    row[at + AT.segments] = 2;
    row[at + AT.tailSegmentStartUs] = later[from + AT.tailSegmentStartUs]!;
  }
  row[at + AT.lastUs] = later[from + AT.lastUs]!;
}

function mergeDirection(row: Float64Array, at: number, later: Float64Array, from: number, direction: number): void {
  const length = AT.length + direction * SERIES.size;
  if (later[from + length] === 0) return;
  const firstUs = later[from + AT.firstOf + direction]!;
  if (row[at + length] === 0) row[at + AT.firstOf + direction] = firstUs;
  else addValue(row, at + AT.gap + direction * SERIES.size, firstUs - row[at + AT.lastOf + direction]!);
  row[at + AT.lastOf + direction] = later[from + AT.lastOf + direction]!;
}

/** A packet with payload goes on with the open run, or ends it: by its direction or after a pause. */
function addData(row: Float64Array, at: number, timeUs: number, direction: number, payload: number): void {
  if (direction === 0) row[at + AT.dataPackets]! += 1;
  const runs = row[at + AT.runs]!;
  let run = at + (runs > 1 ? AT.tailRun : AT.headRun);
  if (runs > 0 && row[run] === direction && timeUs - row[run + RUN.lastUs]! <= BULK_GAP_US) {
    row[run + RUN.packets]! += 1;
    row[run + RUN.bytes]! += payload;
    row[run + RUN.lastUs] = timeUs;
    return;
  }
  if (runs > 1) closeRun(row, at, row, run);
  if (runs > 0) run = at + AT.tailRun;
  row[at + AT.runs] = Math.min(runs + 1, 2);
  row[run] = direction;
  row[run + RUN.packets] = 1;
  row[run + RUN.bytes] = payload;
  row[run + RUN.firstUs] = timeUs;
  row[run + RUN.lastUs] = timeUs;
}

/** A run that is over is a bulk when it is long enough. */
function closeRun(row: Float64Array, at: number, from: Float64Array, run: number): void {
  if (from[run + RUN.packets]! < BULK_PACKETS) return;
  const bulk = at + AT.bulks + from[run]! * BULK.size;
  row[bulk + BULK.count]! += 1;
  row[bulk + BULK.packets]! += from[run + RUN.packets]!;
  row[bulk + BULK.bytes]! += from[run + RUN.bytes]!;
  row[bulk + BULK.durationUs]! += from[run + RUN.lastUs]! - from[run + RUN.firstUs]!;
}

function mergeRuns(row: Float64Array, at: number, later: Float64Array, from: number): void {
  const runs = row[at + AT.runs]!;
  const laterRuns = later[from + AT.runs]!;
  if (laterRuns === 0) return;
  const head = from + AT.headRun;
  const open = at + (runs > 1 ? AT.tailRun : AT.headRun);
  const joins =
    runs > 0 && row[open] === later[head] && later[head + RUN.firstUs]! - row[open + RUN.lastUs]! <= BULK_GAP_US;
  if (joins) {
    row[open + RUN.packets]! += later[head + RUN.packets]!;
    row[open + RUN.bytes]! += later[head + RUN.bytes]!;
    row[open + RUN.lastUs] = later[head + RUN.lastUs]!;
    if (laterRuns === 1) return;
    // The joined run has ended; it stays open towards the past only when it is the head.
    if (runs > 1) closeRun(row, at, row, open);
    copyRun(row, at + AT.tailRun, later, from + AT.tailRun);
  } else if (runs === 0) {
    copyRun(row, at + AT.headRun, later, head);
    copyRun(row, at + AT.tailRun, later, from + AT.tailRun);
    row[at + AT.runs] = laterRuns;
    return;
  } else {
    if (runs > 1) closeRun(row, at, row, open);
    if (laterRuns > 1) closeRun(row, at, later, head);
    copyRun(row, at + AT.tailRun, later, laterRuns > 1 ? from + AT.tailRun : head);
  }
  row[at + AT.runs] = 2;
}

function copyRun(row: Float64Array, at: number, from: Float64Array, run: number): void {
  for (let slot = 0; slot < RUN.size; slot += 1) row[at + slot] = from[run + slot]!;
}
