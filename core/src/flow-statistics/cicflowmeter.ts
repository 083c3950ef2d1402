/**
 * The 84 columns of the corrected CICFlowMeter (Engelen et al., "Troubleshooting an intrusion detection dataset: the
 * CICIDS2017 case study", 2021): seven that say which flow, 76 statistics, the label. Differences: docs/flows.md.
 */
import { formatAddress } from '../packet/address.ts';
import { ADDRESS_TYPE } from '../packet/columns.ts';
import { formatTime } from '../packet/time.ts';
import { F, finish, FLAGS, M, ROW_WORDS, type FlowStatistics } from './flow-statistics.ts';
import { mergeMoments, MOMENT_WORDS, readMoments, type Moments } from './moments.ts';

export const DEFAULT_LABEL = 'NeedManualLabel';

/** Which flow a row is about; the source is where its forward packets come from. */
export interface FlowIdentity {
  readonly addressType: number;
  /** Four words each, as in an address column. */
  readonly source: Uint32Array;
  readonly destination: Uint32Array;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly ipProtocol: number;
}

const statisticNames = (kind: string, order: readonly string[]): string[] => order.map((name) => `${kind} ${name}`);
const MAX_MIN = ['Max', 'Min', 'Mean', 'Std'];
const MEAN_FIRST = ['Mean', 'Std', 'Max', 'Min'];

export const STATISTIC_COLUMNS: readonly string[] = [
  'Flow Duration',
  'Total Fwd Packet',
  'Total Bwd packets',
  'Total Length of Fwd Packet',
  'Total Length of Bwd Packet',
  ...statisticNames('Fwd Packet Length', MAX_MIN),
  ...statisticNames('Bwd Packet Length', MAX_MIN),
  'Flow Bytes/s',
  'Flow Packets/s',
  ...statisticNames('Flow IAT', MEAN_FIRST),
  ...statisticNames('Fwd IAT', ['Total', ...MEAN_FIRST]),
  ...statisticNames('Bwd IAT', ['Total', ...MEAN_FIRST]),
  'Fwd PSH Flags',
  'Bwd PSH Flags',
  'Fwd URG Flags',
  'Bwd URG Flags',
  'Fwd Header Length',
  'Bwd Header Length',
  'Fwd Packets/s',
  'Bwd Packets/s',
  ...statisticNames('Packet Length', ['Min', 'Max', 'Mean', 'Std', 'Variance']),
  ...['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG', 'CWR', 'ECE'].map((flag) => `${flag} Flag Count`),
  'Down/Up Ratio',
  'Average Packet Size',
  'Fwd Segment Size Avg',
  'Bwd Segment Size Avg',
  'Fwd Bytes/Bulk Avg',
  'Fwd Packet/Bulk Avg',
  'Fwd Bulk Rate Avg',
  'Bwd Bytes/Bulk Avg',
  'Bwd Packet/Bulk Avg',
  'Bwd Bulk Rate Avg',
  'Subflow Fwd Packets',
  'Subflow Fwd Bytes',
  'Subflow Bwd Packets',
  'Subflow Bwd Bytes',
  'FWD Init Win Bytes',
  'Bwd Init Win Bytes',
  'Fwd Act Data Pkts',
  'Fwd Seg Size Min',
  ...statisticNames('Active', MEAN_FIRST),
  ...statisticNames('Idle', MEAN_FIRST),
];

export const IDENTITY_COLUMNS: readonly string[] = [
  'Flow ID',
  'Src IP',
  'Src Port',
  'Dst IP',
  'Dst Port',
  'Protocol',
  'Timestamp',
];

const FLAG_ORDER = (['fin', 'syn', 'rst', 'psh', 'ack', 'urg', 'cwr', 'ece'] as const).map((name) =>
  FLAGS.indexOf(name),
);
const ratio = (value: number, by: number): number => (by === 0 ? 0 : value / by);
/** The mean from the exact sum, so that its last digits do not depend on where batches were cut. */
const withSum = (moments: Moments, sum: number): Moments => ({ ...moments, mean: ratio(sum, moments.count) });
const meanFirst = ({ mean, deviation, max, min }: Moments): number[] => [mean, deviation, max, min];
const maxFirst = ({ mean, deviation, max, min }: Moments): number[] => [max, min, mean, deviation];

/** The 76 statistics of a row, in the order of STATISTIC_COLUMNS. Rates of a flow without duration are Infinity or NaN. */
export function statisticsOf(table: FlowStatistics, row: number): number[] {
  const data = table.data.slice(row * ROW_WORDS, (row + 1) * ROW_WORDS);
  finish(data, 0);
  const [forward, backward] = [lengthsOf(data, 0), lengthsOf(data, 1)] as const;
  const both = data.slice(M.length, M.length + MOMENT_WORDS);
  mergeMoments(both, 0, data, M.length + MOMENT_WORDS);
  const all = withSum(readMoments(both, 0), data[F.payloadBytes]! + data[F.payloadBytes + 1]!);
  const durationUs = data[F.endUs]! - data[F.beginUs]!;
  const seconds = durationUs / 1e6;
  const [payloadF, payloadB] = [data[F.payloadBytes]!, data[F.payloadBytes + 1]!];
  const subflows = data[F.subflowGaps]!;
  const gapsOf = (direction: number): number[] => {
    const totalUs = data[F.lastUs + direction]! - data[F.firstUs + direction]!;
    return [totalUs, ...meanFirst(withSum(readMoments(data, M.directionGap + direction * MOMENT_WORDS), totalUs))];
  };
  const bulksOf = (direction: number): number[] => [
    ratio(data[F.bulkBytes + direction]!, data[F.bulks + direction]!),
    ratio(data[F.bulkPackets + direction]!, data[F.bulks + direction]!),
    ratio(data[F.bulkBytes + direction]!, data[F.bulkUs + direction]! / 1e6),
  ];
  return [
    durationUs,
    forward.count,
    backward.count,
    payloadF,
    payloadB,
    ...maxFirst(forward),
    ...maxFirst(backward),
    (payloadF + payloadB) / seconds,
    all.count / seconds,
    ...meanFirst(withSum(readMoments(data, M.gap), durationUs)),
    ...gapsOf(0),
    ...gapsOf(1),
    data[F.psh]!,
    data[F.psh + 1]!,
    data[F.urg]!,
    data[F.urg + 1]!,
    data[F.headerBytes]!,
    data[F.headerBytes + 1]!,
    durationUs > 0 ? forward.count / seconds : 0,
    durationUs > 0 ? backward.count / seconds : 0,
    all.min,
    all.max,
    all.mean,
    all.deviation,
    all.variance,
    ...FLAG_ORDER.map((flag) => data[F.flags + flag]!),
    ratio(backward.count, forward.count),
    ratio(payloadF + payloadB, all.count),
    ratio(payloadF, forward.count),
    ratio(payloadB, backward.count),
    ...bulksOf(0),
    ...bulksOf(1),
    ratio(forward.count, subflows),
    ratio(payloadF, subflows),
    ratio(backward.count, subflows),
    ratio(payloadB, subflows),
    data[F.window]!,
    data[F.window + 1]!,
    data[F.data]!,
    data[F.minHeader]!,
    ...meanFirst(readMoments(data, M.active)),
    ...meanFirst(readMoments(data, M.idle)),
  ];
}

function lengthsOf(data: Float64Array, direction: number): Moments {
  return withSum(readMoments(data, M.length + direction * MOMENT_WORDS), data[F.payloadBytes + direction]!);
}

/** The seven columns before the statistics, as the tool writes them. */
export function identityOf(flow: FlowIdentity, beginUs: number): (string | number)[] {
  const source = formatAddress(flow.source, 0, flow.addressType);
  const destination = formatAddress(flow.destination, 0, flow.addressType);
  const { sourcePort, destinationPort, ipProtocol } = flow;
  const id = isLower(flow)
    ? [source, destination, sourcePort, destinationPort, ipProtocol]
    : [destination, source, destinationPort, sourcePort, ipProtocol];
  const time = formatTime(beginUs, 0).replace('T', ' ').slice(0, -4);
  return [id.join('-'), source, sourcePort, destination, destinationPort, ipProtocol, time];
}

/** The tool orders the addresses of its flow ids by their first different byte, taken as signed. */
function isLower({ addressType, source, destination }: FlowIdentity): boolean {
  for (let word = addressType === ADDRESS_TYPE.ipv4 ? 3 : 0; word < 4; word++) {
    for (let shift = 24; shift >= 0; shift -= 8) {
      const difference = ((source[word]! << (24 - shift)) >> 24) - ((destination[word]! << (24 - shift)) >> 24);
      if (difference !== 0) return difference < 0;
    }
  }
  return true;
}
