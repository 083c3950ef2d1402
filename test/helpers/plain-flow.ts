/**
 * The 76 statistics of one flow by the book: from the whole list of its packets, without anything carried along. The
 * opinion that the mergeable statistics are compared with.
 */
export interface FlowPacket {
  readonly timeUs: number;
  readonly direction: 0 | 1;
  readonly payload: number;
  readonly header: number;
  readonly flags: number;
  readonly window: number;
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

function variance(values: readonly number[]): number {
  if (values.length < 2) return values.length === 1 ? 0 : NaN;
  const middle = mean(values);
  return values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1);
}

const std = (values: readonly number[]): number => Math.sqrt(variance(values));
const max = (values: readonly number[]): number => (values.length === 0 ? NaN : Math.max(...values));
const min = (values: readonly number[]): number => (values.length === 0 ? NaN : Math.min(...values));
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const per = (above: number, below: number): number => (below > 0 ? above / below : NaN);
const gapsOf = (packets: readonly FlowPacket[]): number[] =>
  packets.slice(1).map((packet, index) => packet.timeUs - packets[index]!.timeUs);

/** Pieces of a list that begin where `isNew` says so of a neighbour pair. */
function split<T>(values: readonly T[], isNew: (before: T, value: T) => boolean): T[][] {
  const pieces: T[][] = [];
  values.forEach((value, index) => {
    if (index === 0 || isNew(values[index - 1]!, value)) pieces.push([]);
    pieces.at(-1)!.push(value);
  });
  return pieces;
}

const duration = (packets: readonly FlowPacket[]): number => packets.at(-1)!.timeUs - packets[0]!.timeUs;

/** In the order of FLOW_COLUMNS; NaN where there is no value. */
export function plainStatistics(packets: readonly FlowPacket[]): number[] {
  const sides = [0, 1].map((direction) => packets.filter((packet) => packet.direction === direction));
  const [forward, backward] = sides as [FlowPacket[], FlowPacket[]];
  const lengths = (side: readonly FlowPacket[]): number[] => side.map(({ payload }) => payload);
  const seconds = duration(packets) / 1e6;
  const gaps = gapsOf(packets);
  const flags = (bit: number, side: readonly FlowPacket[] = packets): number =>
    side.filter((packet) => (packet.flags & bit) !== 0).length;
  const lengthColumns = (side: readonly FlowPacket[]): number[] => {
    const values = lengths(side);
    return [max(values), min(values), mean(values), std(values)];
  };
  const gapColumns = (side: readonly FlowPacket[]): number[] => {
    const values = gapsOf(side);
    return [values.length === 0 ? NaN : sum(values), mean(values), std(values), max(values), min(values)];
  };
  const data = packets.filter(({ payload }) => payload > 0);
  const runs = split(data, (a, b) => a.direction !== b.direction || b.timeUs - a.timeUs > 1e6);
  const bulkColumns = (direction: number): number[] => {
    const bulks = runs.filter((run) => run.length >= 4 && run[0]!.direction === direction);
    const bytes = sum(bulks.flatMap(lengths));
    return [
      per(bytes, bulks.length),
      per(bulks.flat().length, bulks.length),
      per(bytes, sum(bulks.map(duration)) / 1e6),
    ];
  };
  const longGaps = gaps.filter((gap) => gap > 1e6).length;
  const segments = split(packets, (a, b) => b.timeUs - a.timeUs > 5e6);
  const active = segments
    .slice(0, -1)
    .map(duration)
    .filter((length) => length > 0);
  const idle = gaps.filter((gap) => gap > 5e6);
  const all = lengths(packets);
  return [
    duration(packets),
    forward.length,
    backward.length,
    sum(lengths(forward)),
    sum(lengths(backward)),
    ...lengthColumns(forward),
    ...lengthColumns(backward),
    per(sum(all), seconds),
    per(packets.length, seconds),
    ...[mean(gaps), std(gaps), max(gaps), min(gaps)],
    ...gapColumns(forward),
    ...gapColumns(backward),
    ...[flags(8, forward), flags(8, backward), flags(32, forward), flags(32, backward)],
    ...sides.map((side) => sum(side.map(({ header }) => header))),
    per(forward.length, seconds),
    per(backward.length, seconds),
    ...[min(all), max(all), mean(all), std(all), variance(all)],
    ...[1, 2, 4, 8, 16, 32, 128, 64].map((bit) => flags(bit)),
    per(backward.length, forward.length),
    mean(all),
    mean(lengths(forward)),
    mean(lengths(backward)),
    ...bulkColumns(0),
    ...bulkColumns(1),
    ...sides.flatMap((side) => [per(side.length, longGaps), per(sum(lengths(side)), longGaps)]),
    packets[0]!.direction === 0 ? packets[0]!.window : 0,
    backward.find(({ window }) => window !== 0)?.window ?? 0,
    forward.filter(({ payload }) => payload > 0).length,
    min(forward.map(({ header }) => header)),
    ...[mean(active), std(active), max(active), min(active)],
    ...[mean(idle), std(idle), max(idle), min(idle)],
  ];
}
