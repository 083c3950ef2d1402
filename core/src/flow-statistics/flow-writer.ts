/**
 * Finished flows as lines of text: as the corrected CICFlowMeter writes them (84 columns), or under Tapline's own names as
 * CSV or NDJSON, where what there is not is empty or null, and the agent's flow number leads to the packets.
 */
import { formatAddress } from '../packet/address.ts';
import { formatTime } from '../packet/time.ts';
import { FLOW_COLUMNS, readFlow, toolAbsent } from './flow-columns.ts';
import type { FlowStatistics } from './flow-statistics.ts';
import { AT, ROW_NUMBERS, WHO } from './layout.ts';

/** What the tool writes where nobody has labelled. */
export const NO_LABEL = 'NeedManualLabel';

export interface FlowWriter {
  readonly head: string;
  /** A line of a closed row. */
  flow(statistics: FlowStatistics, row: number, label: string): string;
}

/** The seven columns that say which flow a row is. */
export interface FlowIdentity {
  readonly flow: number;
  readonly source: string;
  readonly sourcePort: number;
  readonly destination: string;
  readonly destinationPort: number;
  readonly protocol: number;
  readonly startUs: number;
}

export function flowIdentity(statistics: FlowStatistics, row: number): FlowIdentity {
  const { who, numbers } = statistics;
  const at = row * WHO.size;
  const type = who[at + WHO.addressType]!;
  const ports = who[at + WHO.ports]!;
  return {
    flow: who[at + WHO.flow]!,
    source: formatAddress(who.subarray(at + WHO.source, at + WHO.source + 4), 0, type),
    sourcePort: ports >>> 16,
    destination: formatAddress(who.subarray(at + WHO.destination, at + WHO.destination + 4), 0, type),
    destinationPort: ports & 0xffff,
    protocol: who[at + WHO.protocol]!,
    startUs: numbers[row * ROW_NUMBERS + AT.firstUs]!,
  };
}

const TOOL_IDENTITY = ['Flow ID', 'Src IP', 'Src Port', 'Dst IP', 'Dst Port', 'Protocol', 'Timestamp'];
const IDENTITY = ['flow', 'source', 'sourcePort', 'destination', 'destinationPort', 'protocol', 'time'];

export function cicflowmeterFlows(): FlowWriter {
  const values = new Float64Array(FLOW_COLUMNS.length);
  const absent = FLOW_COLUMNS.map(({ toolName }) => toolAbsent(toolName));
  return {
    head: `${[...TOOL_IDENTITY, ...FLOW_COLUMNS.map(({ toolName }) => toolName), 'Label'].join(',')}\n`,
    flow(statistics, row, label) {
      const { source, sourcePort, destination, destinationPort, protocol, startUs } = flowIdentity(statistics, row);
      readFlow(statistics.numbers, row, values);
      let line = `${source}-${destination}-${sourcePort}-${destinationPort}-${protocol}`;
      line += `,${source},${sourcePort},${destination},${destinationPort},${protocol},${toolTime(startUs)}`;
      for (let index = 0; index < values.length; index += 1) {
        line += `,${Number.isNaN(values[index]) ? absent[index]! : values[index]!}`;
      }
      return `${line},${csvText(label)}\n`;
    },
  };
}

export function csvFlows(): FlowWriter {
  const values = new Float64Array(FLOW_COLUMNS.length);
  return {
    head: `${[...IDENTITY, ...FLOW_COLUMNS.map(({ name }) => name), 'label'].join(',')}\r\n`,
    flow(statistics, row, label) {
      readFlow(statistics.numbers, row, values);
      let line = identityValues(statistics, row).join(',');
      for (const value of values) line += Number.isNaN(value) ? ',' : `,${value}`;
      return `${line},${label === NO_LABEL ? '' : csvText(label)}\r\n`;
    },
  };
}

export function ndjsonFlows(): FlowWriter {
  const values = new Float64Array(FLOW_COLUMNS.length);
  return {
    head: '',
    flow(statistics, row, label) {
      readFlow(statistics.numbers, row, values);
      const identity = identityValues(statistics, row);
      let line = '{';
      for (let index = 0; index < IDENTITY.length; index += 1) {
        line += `"${IDENTITY[index]!}":${JSON.stringify(identity[index])},`;
      }
      for (let index = 0; index < values.length; index += 1) {
        line += `"${FLOW_COLUMNS[index]!.name}":${Number.isNaN(values[index]) ? 'null' : values[index]!},`;
      }
      return `${line}"label":${label === NO_LABEL ? 'null' : JSON.stringify(label)}}\n`;
    },
  };
}

function identityValues(statistics: FlowStatistics, row: number): (string | number)[] {
  const { flow, source, sourcePort, destination, destinationPort, protocol, startUs } = flowIdentity(statistics, row);
  return [flow, source, sourcePort, destination, destinationPort, protocol, `${formatTime(startUs, 0).slice(0, -4)}Z`];
}

/** `2017-07-06 13:40:07.123456`, in UTC. */
function toolTime(startUs: number): string {
  return formatTime(startUs, 0).slice(0, -4).replace('T', ' ');
}

function csvText(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
