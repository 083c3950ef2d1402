/**
 * What the packets of flows say, one row per flow, as a monoid: the statistics of a stretch of packets merged with those
 * of the stretch that follows are the statistics of both. All 76 statistics of CICFlowMeter derive from a row
 * (cicflowmeter.ts). Stretches of one flow must be merged in order; how they are grouped does not matter.
 */
import { addValue, mergeMoments, MOMENT_WORDS } from './moments.ts';

/** A longer silence begins a subflow and ends a bulk. */
export const SUBFLOW_GAP_US = 1_000_000;
/** A longer silence ends an active period. */
export const IDLE_GAP_US = 5_000_000;
/** Data packets of one direction in a row that make a bulk. */
export const BULK_PACKETS = 4;

/** Of a run of data packets in one direction: direction, packets, bytes, first and last time. */
const RUN_WORDS = 5;
const RUN_PACKETS = 1;
const RUN_BYTES = 2;
const RUN_FIRST = 3;
const RUN_LAST = 4;

/** Per direction, forward first: at F.name + direction. */
const PAIRS = [
  'headerBytes',
  'payloadBytes',
  'psh',
  'urg',
  'data',
  'minHeader',
  'firstUs',
  'lastUs',
  'bulks',
  'bulkPackets',
  'bulkBytes',
  'bulkUs',
  'window',
] as const;
const SINGLES = ['beginUs', 'endUs', 'subflowGaps', 'headEndUs', 'tailStartUs', 'runs'] as const;
/** In the order of the bits of a TCP header's flags. */
export const FLAGS = ['fin', 'syn', 'rst', 'psh', 'ack', 'urg', 'ece', 'cwr'] as const;

/** Places in a row. */
export const F = {
  ...(Object.fromEntries(PAIRS.map((name, i) => [name, 2 * i])) as Record<(typeof PAIRS)[number], number>),
  ...(Object.fromEntries(SINGLES.map((name, i) => [name, 2 * PAIRS.length + i])) as Record<
    (typeof SINGLES)[number],
    number
  >),
  flags: 2 * PAIRS.length + SINGLES.length,
};
const RUNS_AT = F.flags + FLAGS.length;
const HEAD_RUN = RUNS_AT;
const TAIL_RUN = RUNS_AT + RUN_WORDS;
const MOMENTS_AT = RUNS_AT + 2 * RUN_WORDS;
/** Places of moments: lengths and gaps by direction, gaps of both directions, active and idle periods. */
export const M = {
  length: MOMENTS_AT,
  directionGap: MOMENTS_AT + 2 * MOMENT_WORDS,
  gap: MOMENTS_AT + 4 * MOMENT_WORDS,
  active: MOMENTS_AT + 5 * MOMENT_WORDS,
  idle: MOMENTS_AT + 6 * MOMENT_WORDS,
};
export const ROW_WORDS = MOMENTS_AT + 7 * MOMENT_WORDS;

/** What one packet adds. */
export interface FlowPacket {
  timeUs: number;
  /** 0 forward, 1 backward. */
  direction: number;
  payloadBytes: number;
  headerBytes: number;
  tcpFlags: number;
  tcpWindow: number;
}

const INITIAL_ROWS = 256;

export class FlowStatistics {
  data = new Float64Array(INITIAL_ROWS * ROW_WORDS);
  #rows = 0;
  readonly #free: number[] = [];

  /** An empty row. */
  take(): number {
    const row = this.#free.pop() ?? this.#rows++;
    if ((row + 1) * ROW_WORDS > this.data.length) {
      const larger = new Float64Array(2 * this.data.length);
      larger.set(this.data);
      this.data = larger;
    }
    this.data.fill(0, row * ROW_WORDS, (row + 1) * ROW_WORDS);
    return row;
  }

  release(row: number): void {
    this.#free.push(row);
  }

  /** Gives all rows back at once. */
  clear(): void {
    this.#rows = 0;
    this.#free.length = 0;
  }

  packets(row: number): number {
    const at = row * ROW_WORDS + M.length;
    return this.data[at]! + this.data[at + MOMENT_WORDS]!;
  }

  /** Adds the packet that follows the ones so far. */
  add(row: number, packet: FlowPacket): void {
    const { data } = this;
    const at = row * ROW_WORDS;
    const { timeUs, direction, payloadBytes, headerBytes, tcpFlags, tcpWindow } = packet;
    const isFirst = this.packets(row) === 0;
    if (isFirst) {
      data[at + F.beginUs] = timeUs;
      if (direction === 0) data[at + F.window] = tcpWindow;
    } else addGap(data, at, timeUs - data[at + F.endUs]!, timeUs);
    data[at + F.endUs] = timeUs;
    const lengths = at + M.length + direction * MOMENT_WORDS;
    const before = data[lengths]!;
    if (before === 0) {
      data[at + F.firstUs + direction] = timeUs;
      data[at + F.minHeader + direction] = headerBytes;
    } else {
      addValue(data, at + M.directionGap + direction * MOMENT_WORDS, timeUs - data[at + F.lastUs + direction]!);
      if (headerBytes < data[at + F.minHeader + direction]!) data[at + F.minHeader + direction] = headerBytes;
    }
    data[at + F.lastUs + direction] = timeUs;
    if (direction === 1 && data[at + F.window + 1] === 0) data[at + F.window + 1] = tcpWindow;
    addValue(data, lengths, payloadBytes);
    data[at + F.headerBytes + direction]! += headerBytes;
    data[at + F.payloadBytes + direction]! += payloadBytes;
    addFlags(data, at, direction, tcpFlags);
    if (payloadBytes > 0) {
      data[at + F.data + direction]!++;
      addData(data, at, direction, payloadBytes, timeUs);
    }
  }

  /** Adds what `other` knows of the packets that follow. */
  merge(row: number, other: FlowStatistics, otherRow: number): void {
    if (other.packets(otherRow) === 0) return;
    const { data } = this;
    const from = other.data;
    const at = row * ROW_WORDS;
    const theirs = otherRow * ROW_WORDS;
    if (this.packets(row) === 0) {
      data.set(from.subarray(theirs, theirs + ROW_WORDS), at);
      return;
    }
    mergeActivity(data, at, from, theirs);
    mergeRuns(data, at, from, theirs);
    for (let direction = 0; direction < 2; direction++) mergeDirection(data, at, from, theirs, direction);
    data[at + F.endUs] = from[theirs + F.endUs]!;
    for (let flag = 0; flag < FLAGS.length; flag++) data[at + F.flags + flag]! += from[theirs + F.flags + flag]!;
  }
}

/** A gap of the whole flow before a packet at `timeUs`: intervals, subflows, active and idle periods. */
function addGap(data: Float64Array, at: number, gapUs: number, timeUs: number): void {
  addValue(data, at + M.gap, gapUs);
  if (gapUs > SUBFLOW_GAP_US) data[at + F.subflowGaps]!++;
  if (gapUs > IDLE_GAP_US) {
    endActivePeriod(data, at);
    addValue(data, at + M.idle, gapUs);
    data[at + F.tailStartUs] = timeUs;
  }
}

/** Closes the open active period: the first one stays open to what came before, the others are counted. */
function endActivePeriod(data: Float64Array, at: number): void {
  const endUs = data[at + F.endUs]!;
  if (data[at + M.idle] === 0) data[at + F.headEndUs] = endUs;
  else addActive(data, at, endUs - data[at + F.tailStartUs]!);
}

function addActive(data: Float64Array, at: number, activeUs: number): void {
  if (activeUs > 0) addValue(data, at + M.active, activeUs);
}

function mergeActivity(data: Float64Array, at: number, from: Float64Array, theirs: number): void {
  const beginUs = from[theirs + F.beginUs]!;
  const hasIdle = from[theirs + M.idle]! > 0;
  addGap(data, at, beginUs - data[at + F.endUs]!, beginUs);
  if (hasIdle) {
    // Their first period continues ours, which addGap has begun anew if the gap was long.
    data[at + F.endUs] = from[theirs + F.headEndUs]!;
    endActivePeriod(data, at);
    data[at + F.tailStartUs] = from[theirs + F.tailStartUs]!;
  }
  mergeMoments(data, at + M.idle, from, theirs + M.idle);
  mergeMoments(data, at + M.active, from, theirs + M.active);
  mergeMoments(data, at + M.gap, from, theirs + M.gap);
  data[at + F.subflowGaps]! += from[theirs + F.subflowGaps]!;
}

function mergeDirection(data: Float64Array, at: number, from: Float64Array, theirs: number, direction: number): void {
  const lengths = M.length + direction * MOMENT_WORDS;
  const gaps = M.directionGap + direction * MOMENT_WORDS;
  if (from[theirs + lengths]! > 0) {
    const header = from[theirs + F.minHeader + direction]!;
    if (data[at + lengths] === 0) {
      data[at + F.firstUs + direction] = from[theirs + F.firstUs + direction]!;
      data[at + F.minHeader + direction] = header;
    } else {
      addValue(data, at + gaps, from[theirs + F.firstUs + direction]! - data[at + F.lastUs + direction]!);
      data[at + F.minHeader + direction] = Math.min(data[at + F.minHeader + direction]!, header);
    }
    data[at + F.lastUs + direction] = from[theirs + F.lastUs + direction]!;
  }
  // The initial window is the first packet's going forward, and the first that is not 0 going back.
  if (direction === 1 && data[at + F.window + 1] === 0) data[at + F.window + 1] = from[theirs + F.window + 1]!;
  mergeMoments(data, at + lengths, from, theirs + lengths);
  mergeMoments(data, at + gaps, from, theirs + gaps);
  for (const sum of [
    F.headerBytes,
    F.payloadBytes,
    F.psh,
    F.urg,
    F.data,
    F.bulks,
    F.bulkPackets,
    F.bulkBytes,
    F.bulkUs,
  ]) {
    data[at + sum + direction]! += from[theirs + sum + direction]!;
  }
}

function addFlags(data: Float64Array, at: number, direction: number, tcpFlags: number): void {
  for (let bit = 0; bit < FLAGS.length; bit++) if ((tcpFlags & (1 << bit)) !== 0) data[at + F.flags + bit]!++;
  if ((tcpFlags & 8) !== 0) data[at + F.psh + direction]!++;
  if ((tcpFlags & 32) !== 0) data[at + F.urg + direction]!++;
}

/** A data packet continues the last run of its direction, or begins one. */
function addData(data: Float64Array, at: number, direction: number, bytes: number, timeUs: number): void {
  const last = at + (data[at + F.runs]! > 1 ? TAIL_RUN : HEAD_RUN);
  const continues =
    data[at + F.runs]! > 0 && data[last] === direction && timeUs - data[last + RUN_LAST]! <= SUBFLOW_GAP_US;
  if (continues) {
    data[last + RUN_PACKETS]!++;
    data[last + RUN_BYTES]! += bytes;
    data[last + RUN_LAST] = timeUs;
    return;
  }
  const run = beginRun(data, at);
  data[run] = direction;
  data[run + RUN_PACKETS] = 1;
  data[run + RUN_BYTES] = bytes;
  data[run + RUN_FIRST] = timeUs;
  data[run + RUN_LAST] = timeUs;
}

/** Place of a new last run. The one before is counted, unless it is the first, which may continue what came before. */
function beginRun(data: Float64Array, at: number): number {
  if (data[at + F.runs]! > 1) countRun(data, at, data, at + TAIL_RUN);
  data[at + F.runs]!++;
  return at + (data[at + F.runs] === 1 ? HEAD_RUN : TAIL_RUN);
}

/** Adds a finished run to the bulks of its direction, if it is long enough. */
export function countRun(into: Float64Array, at: number, from: Float64Array, run: number): void {
  if (from[run + RUN_PACKETS]! < BULK_PACKETS) return;
  const direction = from[run]!;
  into[at + F.bulks + direction]!++;
  into[at + F.bulkPackets + direction]! += from[run + RUN_PACKETS]!;
  into[at + F.bulkBytes + direction]! += from[run + RUN_BYTES]!;
  into[at + F.bulkUs + direction]! += from[run + RUN_LAST]! - from[run + RUN_FIRST]!;
}

function mergeRuns(data: Float64Array, at: number, from: Float64Array, theirs: number): void {
  const runs = from[theirs + F.runs]!;
  if (runs === 0) return;
  const last = at + (data[at + F.runs]! > 1 ? TAIL_RUN : HEAD_RUN);
  const head = theirs + HEAD_RUN;
  const continues =
    data[at + F.runs]! > 0 &&
    data[last] === from[head] &&
    from[head + RUN_FIRST]! - data[last + RUN_LAST]! <= SUBFLOW_GAP_US;
  if (continues) {
    data[last + RUN_PACKETS]! += from[head + RUN_PACKETS]!;
    data[last + RUN_BYTES]! += from[head + RUN_BYTES]!;
    data[last + RUN_LAST] = from[head + RUN_LAST]!;
  } else copyRun(data, beginRun(data, at), from, head);
  if (runs === 1) return;
  copyRun(data, beginRun(data, at), from, theirs + TAIL_RUN);
  data[at + F.runs]! += runs - 2;
}

function copyRun(data: Float64Array, run: number, from: Float64Array, theirs: number): void {
  for (let word = 0; word < RUN_WORDS; word++) data[run + word] = from[theirs + word]!;
}

/** Closes what a row has open at both ends; afterwards it can be read, and not be added to. */
export function finish(data: Float64Array, row: number): void {
  const at = row * ROW_WORDS;
  if (data[at + F.runs]! > 0) countRun(data, at, data, at + HEAD_RUN);
  if (data[at + F.runs]! > 1) countRun(data, at, data, at + TAIL_RUN);
  // The last active period is not counted, as in the tool.
  if (data[at + M.idle]! > 0) addActive(data, at, data[at + F.headEndUs]! - data[at + F.beginUs]!);
}
