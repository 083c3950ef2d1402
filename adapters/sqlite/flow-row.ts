/** A flow slice as the columns of table `flow`; the order here is the order of every statement that touches it. */
import type { FlowSlice } from '@tapline/core/kpi/kpi-row';

/** Columns of table `flow`; the key first. */
export const FLOW_COLUMNS = [
  'sensor_id',
  'window_start_us',
  'session_id',
  'flow',
  'source',
  'destination',
  'source_port',
  'destination_port',
  'protocol',
  'first_us',
  'last_us',
  'packets_forward',
  'packets_reverse',
  'bytes_forward',
  'bytes_reverse',
  'flags_forward',
  'flags_reverse',
] as const;

/** Appends the values of one slice in the order of FLOW_COLUMNS. */
export function flowValues(sensorId: number, sessionId: number, slice: FlowSlice, into: (number | string)[]): void {
  into.push(
    sensorId,
    slice.windowStartUs,
    sessionId,
    slice.flow,
    slice.source,
    slice.destination,
    slice.sourcePort,
    slice.destinationPort,
    slice.protocol,
    slice.firstUs,
    slice.lastUs,
    slice.packetsForward,
    slice.packetsReverse,
    slice.bytesForward,
    slice.bytesReverse,
    slice.flagsForward,
    slice.flagsReverse,
  );
}

/** The slice behind a row that was read as an array in the order of FLOW_COLUMNS. */
export function toFlowSlice(sensor: string, session: string, row: readonly (number | string)[]): FlowSlice {
  return {
    sensor,
    session,
    windowStartUs: row[1] as number,
    flow: row[3] as number,
    source: row[4] as string,
    destination: row[5] as string,
    sourcePort: row[6] as number,
    destinationPort: row[7] as number,
    protocol: row[8] as string,
    firstUs: row[9] as number,
    lastUs: row[10] as number,
    packetsForward: row[11] as number,
    packetsReverse: row[12] as number,
    bytesForward: row[13] as number,
    bytesReverse: row[14] as number,
    flagsForward: row[15] as number,
    flagsReverse: row[16] as number,
  };
}
