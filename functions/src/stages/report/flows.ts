/** `/flows`: the flows of a range, each the sum of its slices, largest first. */
import type { PacketFilter } from '@tapline/core/detect/alert';
import type { FlowSlice } from '@tapline/core/kpi/kpi-row';
import type { FlowLine, FlowPage } from '@tapline/core/report/snapshot';
import type { ReportPorts } from '../report.ts';
import { packetFilter, pageLimit } from './query.ts';
import { chooseRange } from './sensors.ts';

/** Slices read for one answer at most. */
const SLICES_MOST = 20_000;

type Sum = { -readonly [Name in keyof FlowLine]: FlowLine[Name] };

const matches = (filter: PacketFilter, slice: FlowSlice): boolean => {
  const { source, destination, sourcePort, destinationPort } = slice;
  const { host, peer, port, protocol } = filter;
  if (protocol !== undefined && slice.protocol.toLowerCase() !== protocol.toLowerCase()) return false;
  if (port !== undefined && sourcePort !== port && destinationPort !== port) return false;
  if (host !== undefined && source !== host && destination !== host) return false;
  return peer === undefined || source === peer || destination === peer;
};

const lineOf = (slice: FlowSlice): Sum => {
  const { session, flow, source, destination, sourcePort, destinationPort, protocol, firstUs, lastUs } = slice;
  const counts = { packetsForward: 0, packetsReverse: 0, bytesForward: 0, bytesReverse: 0 };
  return { session, flow, source, destination, sourcePort, destinationPort, protocol, firstUs, lastUs, ...counts };
};

/** Sums of slices by session and flow. */
export function sumFlows(slices: readonly FlowSlice[]): FlowLine[] {
  const sums = new Map<string, Sum>();
  for (const slice of slices) {
    const key = `${slice.session}/${slice.flow}`;
    const sum = sums.get(key) ?? lineOf(slice);
    sums.set(key, sum);
    sum.firstUs = Math.min(sum.firstUs, slice.firstUs);
    sum.lastUs = Math.max(sum.lastUs, slice.lastUs);
    sum.packetsForward += slice.packetsForward;
    sum.packetsReverse += slice.packetsReverse;
    sum.bytesForward += slice.bytesForward;
    sum.bytesReverse += slice.bytesReverse;
  }
  const size = (flow: FlowLine): number => flow.bytesForward + flow.bytesReverse;
  return [...sums.values()].sort((a, b) => size(b) - size(a) || a.flow - b.flow);
}

/** Parameters: `sensor`, `from`, `to`, `host`, `peer`, `port`, `protocol`, `limit`. */
export async function flowPage(ports: ReportPorts, query: URLSearchParams): Promise<FlowPage> {
  const { sensor, within } = await chooseRange(ports, query);
  const filter = packetFilter(query, within);
  const slices = await ports.results.flows(sensor, within, SLICES_MOST);
  const flows = sumFlows(slices.filter((slice) => matches(filter, slice)));
  const limit = pageLimit(query);
  return { version: 1, flows: flows.slice(0, limit), truncated: slices.length === SLICES_MOST || flows.length > limit };
}
