/**
 * The 76 statistics of a flow, in the order of CICFlowMeter: one table from which both headers, the values and the
 * table in docs/flows.md come.
 */
import { AT, BULK, ROW_NUMBERS, SERIES } from './layout.ts';

/** How a statistic of two halves of a flow follows from theirs. */
export type MergeClass = 'additive' | 'extremal' | 'moments' | 'boundary' | 'first wins' | 'derived';

export interface FlowColumn {
  /** Name in NDJSON and CSV. */
  readonly name: string;
  /** Name in the file of CICFlowMeter. */
  readonly toolName: string;
  readonly merge: MergeClass;
  readonly doc: string;
  /**
   * Value of the row that begins at `at` of FlowStatistics.numbers, after close(); NaN where there is none, such as the
   * mean of nothing.
   */
  readonly value: (numbers: Float64Array, at: number) => number;
}

type Value = FlowColumn['value'];

const US_PER_SECOND = 1e6;
const column = (name: string, toolName: string, merge: MergeClass, doc: string, value: Value): FlowColumn => ({
  name,
  toolName,
  merge,
  doc,
  value,
});

const slot =
  (offset: number): Value =>
  (numbers, at) =>
    numbers[at + offset]!;
const ratio =
  (above: Value, below: Value): Value =>
  (numbers, at) => {
    const divisor = below(numbers, at);
    return divisor > 0 ? above(numbers, at) / divisor : NaN;
  };

const durationUs: Value = (numbers, at) => numbers[at + AT.lastUs]! - numbers[at + AT.firstUs]!;
const durationSeconds: Value = (numbers, at) => durationUs(numbers, at) / US_PER_SECOND;
const packets = (direction: number): Value => slot(AT.length + direction * SERIES.size);
const bytes = (direction: number): Value => slot(AT.length + direction * SERIES.size + SERIES.sum);
const allPackets = slot(AT.lengthAll);
const allBytes = slot(AT.lengthAll + SERIES.sum);

const mean = (series: number): Value => ratio(slot(series + SERIES.sum), slot(series));
/** Of a sample (n - 1); 0 of one value. */
const variance =
  (series: number): Value =>
  (numbers, at) => {
    const count = numbers[at + series]!;
    if (count < 2) return count === 1 ? 0 : NaN;
    return Math.max(0, numbers[at + series + SERIES.squares]!) / (count - 1);
  };
const deviation =
  (series: number): Value =>
  (numbers, at) =>
    Math.sqrt(variance(series)(numbers, at));
const extreme =
  (series: number, which: number): Value =>
  (numbers, at) =>
    numbers[at + series] === 0 ? NaN : numbers[at + series + which]!;
const total =
  (series: number): Value =>
  (numbers, at) =>
    numbers[at + series] === 0 ? NaN : numbers[at + series + SERIES.sum]!;

const SIDES = [
  { name: 'forward', tool: 'Fwd', direction: 0 },
  { name: 'backward', tool: 'Bwd', direction: 1 },
] as const;

function lengthColumns({ name, tool, direction }: (typeof SIDES)[number]): FlowColumn[] {
  const series = AT.length + direction * SERIES.size;
  return [
    column(
      `${name}LengthMax`,
      `${tool} Packet Length Max`,
      'extremal',
      `largest payload, ${name}`,
      extreme(series, SERIES.max),
    ),
    column(
      `${name}LengthMin`,
      `${tool} Packet Length Min`,
      'extremal',
      `smallest payload, ${name}`,
      extreme(series, SERIES.min),
    ),
    column(`${name}LengthMean`, `${tool} Packet Length Mean`, 'moments', `mean payload, ${name}`, mean(series)),
    column(`${name}LengthStd`, `${tool} Packet Length Std`, 'moments', `standard deviation of it`, deviation(series)),
  ];
}

/** Mean, deviation, greatest and least of a series of times. */
function spread(
  name: string,
  toolName: string,
  series: number,
  doc: string,
  edge: MergeClass = 'moments',
): FlowColumn[] {
  const extremal = edge === 'moments' ? 'extremal' : edge;
  return [
    column(`${name}MeanUs`, `${toolName} Mean`, edge, `mean of ${doc}, µs`, mean(series)),
    column(`${name}StdUs`, `${toolName} Std`, edge, 'standard deviation of it, µs', deviation(series)),
    column(`${name}MaxUs`, `${toolName} Max`, extremal, `longest of ${doc}, µs`, extreme(series, SERIES.max)),
    column(`${name}MinUs`, `${toolName} Min`, extremal, `shortest of ${doc}, µs`, extreme(series, SERIES.min)),
  ];
}

function gapColumns({ name, tool, direction }: (typeof SIDES)[number]): FlowColumn[] {
  const series = AT.gap + direction * SERIES.size;
  const doc = `the times between ${name} packets`;
  return [
    column(`${name}GapTotalUs`, `${tool} IAT Total`, 'additive', `sum of ${doc}, µs`, total(series)),
    ...spread(`${name}Gap`, `${tool} IAT`, series, doc),
  ];
}

const FLAGS = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG', 'ECE', 'CWR'] as const;
const flagColumn = (flag: (typeof FLAGS)[number]): FlowColumn =>
  column(
    `${flag.toLowerCase()}Packets`,
    `${flag} Flag Count`,
    'additive',
    `packets with ${flag}`,
    slot(AT.flags + FLAGS.indexOf(flag)),
  );

function bulkColumns({ name, tool, direction }: (typeof SIDES)[number]): FlowColumn[] {
  const at = AT.bulks + direction * BULK.size;
  const count = slot(at + BULK.count);
  const rate = ratio(slot(at + BULK.bytes), (numbers, row) => numbers[row + at + BULK.durationUs]! / US_PER_SECOND);
  return [
    column(
      `${name}BulkBytes`,
      `${tool} Bytes/Bulk Avg`,
      'boundary',
      `payload bytes per ${name} bulk`,
      ratio(slot(at + BULK.bytes), count),
    ),
    column(
      `${name}BulkPackets`,
      `${tool} Packet/Bulk Avg`,
      'boundary',
      `packets per ${name} bulk`,
      ratio(slot(at + BULK.packets), count),
    ),
    column(`${name}BulkRate`, `${tool} Bulk Rate Avg`, 'boundary', `payload bytes per second of ${name} bulks`, rate),
  ];
}

function subflowColumns({ name, tool, direction }: (typeof SIDES)[number]): FlowColumn[] {
  const gaps = slot(AT.longGaps);
  return [
    column(
      `${name}SubflowPackets`,
      `Subflow ${tool} Packets`,
      'boundary',
      `${name} packets per gap of more than 1 s`,
      ratio(packets(direction), gaps),
    ),
    column(
      `${name}SubflowBytes`,
      `Subflow ${tool} Bytes`,
      'boundary',
      `${name} payload bytes per such gap`,
      ratio(bytes(direction), gaps),
    ),
  ];
}

const [forward, backward] = SIDES;

export const FLOW_COLUMNS: readonly FlowColumn[] = [
  column('durationUs', 'Flow Duration', 'derived', 'last event time less first, µs', durationUs),
  column('forwardPackets', 'Total Fwd Packet', 'additive', 'packets as the first', packets(0)),
  column('backwardPackets', 'Total Bwd packets', 'additive', 'packets against it', packets(1)),
  column('forwardBytes', 'Total Length of Fwd Packet', 'additive', 'payload bytes, forward', bytes(0)),
  column('backwardBytes', 'Total Length of Bwd Packet', 'additive', 'payload bytes, backward', bytes(1)),
  ...lengthColumns(forward),
  ...lengthColumns(backward),
  column('bytesPerSecond', 'Flow Bytes/s', 'derived', 'payload bytes by duration', ratio(allBytes, durationSeconds)),
  column('packetsPerSecond', 'Flow Packets/s', 'derived', 'packets by duration', ratio(allPackets, durationSeconds)),
  ...spread('gap', 'Flow IAT', AT.gapAll, 'the times between packets'),
  ...gapColumns(forward),
  ...gapColumns(backward),
  column('forwardPshPackets', 'Fwd PSH Flags', 'additive', 'forward packets with PSH', slot(AT.pushPackets)),
  column('backwardPshPackets', 'Bwd PSH Flags', 'additive', 'backward packets with PSH', slot(AT.pushPackets + 1)),
  column('forwardUrgPackets', 'Fwd URG Flags', 'additive', 'forward packets with URG', slot(AT.urgentPackets)),
  column('backwardUrgPackets', 'Bwd URG Flags', 'additive', 'backward packets with URG', slot(AT.urgentPackets + 1)),
  column(
    'forwardHeaderBytes',
    'Fwd Header Length',
    'additive',
    'bytes of transport headers, forward',
    slot(AT.headerBytes),
  ),
  column('backwardHeaderBytes', 'Bwd Header Length', 'additive', 'the same, backward', slot(AT.headerBytes + 1)),
  column(
    'forwardPacketsPerSecond',
    'Fwd Packets/s',
    'derived',
    'forward packets by duration',
    ratio(packets(0), durationSeconds),
  ),
  column(
    'backwardPacketsPerSecond',
    'Bwd Packets/s',
    'derived',
    'backward packets by duration',
    ratio(packets(1), durationSeconds),
  ),
  column('lengthMin', 'Packet Length Min', 'extremal', 'smallest payload', extreme(AT.lengthAll, SERIES.min)),
  column('lengthMax', 'Packet Length Max', 'extremal', 'largest payload', extreme(AT.lengthAll, SERIES.max)),
  column('lengthMean', 'Packet Length Mean', 'moments', 'mean payload', mean(AT.lengthAll)),
  column('lengthStd', 'Packet Length Std', 'moments', 'standard deviation of it', deviation(AT.lengthAll)),
  column('lengthVariance', 'Packet Length Variance', 'moments', 'variance of it', variance(AT.lengthAll)),
  ...(['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG', 'CWR', 'ECE'] as const).map(flagColumn),
  column(
    'downUpRatio',
    'Down/Up Ratio',
    'derived',
    'backward packets per forward packet',
    ratio(packets(1), packets(0)),
  ),
  column(
    'averagePacketSize',
    'Average Packet Size',
    'derived',
    'payload bytes per packet',
    ratio(allBytes, allPackets),
  ),
  column('forwardSegmentSize', 'Fwd Segment Size Avg', 'derived', 'the same, forward', ratio(bytes(0), packets(0))),
  column('backwardSegmentSize', 'Bwd Segment Size Avg', 'derived', 'the same, backward', ratio(bytes(1), packets(1))),
  ...bulkColumns(forward),
  ...bulkColumns(backward),
  ...subflowColumns(forward),
  ...subflowColumns(backward),
  column(
    'forwardWindow',
    'FWD Init Win Bytes',
    'first wins',
    'window of the first packet, if that is forward',
    slot(AT.windowForward),
  ),
  column(
    'backwardWindow',
    'Bwd Init Win Bytes',
    'first wins',
    'first window of a backward packet that is not 0',
    slot(AT.windowBackward),
  ),
  column('forwardDataPackets', 'Fwd Act Data Pkts', 'additive', 'forward packets with payload', slot(AT.dataPackets)),
  column('forwardHeaderMin', 'Fwd Seg Size Min', 'extremal', 'shortest transport header, forward', (numbers, at) =>
    Number.isFinite(numbers[at + AT.headerMin]) ? numbers[at + AT.headerMin]! : NaN,
  ),
  ...spread(
    'active',
    'Active',
    AT.active,
    'the times without a gap of more than 5 s, the last not counted',
    'boundary',
  ),
  ...spread('idle', 'Idle', AT.idle, 'the gaps of more than 5 s', 'boundary'),
];

/** The columns that CICFlowMeter gives -1 where a flow has no duration; it gives 0 for every other value there is not. */
const MINUS_ONE = new Set(['Flow Bytes/s', 'Flow Packets/s']);

/** What CICFlowMeter writes where there is no value. */
export function toolAbsent(toolName: string): number {
  return MINUS_ONE.has(toolName) ? -1 : 0;
}

/** All 76 values of row `row`, NaN where there is none, into `values`. */
export function readFlow(numbers: Float64Array, row: number, values: Float64Array): void {
  const at = row * ROW_NUMBERS;
  for (let index = 0; index < FLOW_COLUMNS.length; index += 1) values[index] = FLOW_COLUMNS[index]!.value(numbers, at);
}
