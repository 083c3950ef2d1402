/** The KPI row and the flow slices that a pane comes down to. */
import { formatAddress } from '../packet/address.ts';
import type { WindowCount } from '../ledger/heartbeat.ts';
import { CLASS_COUNT } from '../window/counters.ts';
import { flowOrder } from '../window/flow-codec.ts';
import { SECOND_US } from '../window/time-window.ts';
import type { Pane } from '../window/pane.ts';
import type { WindowPartial } from '../window/window-partial.ts';
import { flowFacts } from './flow-facts.ts';
import type { FlowSlice, KpiRow, SecondCount } from './kpi-row.ts';
import { KPIS, type SensorFacts } from './kpis.ts';
import { icmpText, protocolText } from './protocol-text.ts';
import { topEntries, topTalkers } from './top-talkers.ts';

/** What a row says about its window besides what the packets say. */
export interface WindowMeta extends SensorFacts {
  readonly sensor: string;
  readonly revision: number;
  readonly complete: boolean;
  readonly announced: WindowCount;
  readonly arrived: WindowCount;
}

export function kpiRow(pane: Pane, meta: WindowMeta): KpiRow {
  const facts = flowFacts(pane.view);
  return {
    sensor: meta.sensor,
    windowStartUs: pane.windowStartUs,
    windowEndUs: pane.windowStartUs + pane.windowUs,
    revision: meta.revision,
    complete: meta.complete,
    announced: meta.announced,
    arrived: meta.arrived,
    values: Object.fromEntries(KPIS.map((kpi) => [kpi.name, kpi.value(pane, facts, meta)])),
    protocols: topEntries(
      pane.protocols.entries().map(([key, packets, bytes]) => ({ key: protocolText(key), packets, bytes })),
    ),
    icmpTypes: topEntries(
      pane.icmpTypes.entries().map(([key, packets, bytes]) => ({ key: icmpText(key), packets, bytes })),
    ),
    seconds: secondCounts(pane),
    ...topTalkers(pane.view),
  };
}

/** Seconds with traffic only, ascending. */
export function secondCounts(
  pane: Pick<WindowPartial, 'windowStartUs' | 'secondPackets' | 'secondBytes'>,
): SecondCount[] {
  const seconds: SecondCount[] = [];
  for (let at = 0; at < pane.secondPackets.length; at += CLASS_COUNT) {
    const packets = [...pane.secondPackets.subarray(at, at + CLASS_COUNT)];
    if (packets.every((count) => count === 0)) continue;
    const bytes = [...pane.secondBytes.subarray(at, at + CLASS_COUNT)];
    seconds.push({ startUs: pane.windowStartUs + (at / CLASS_COUNT) * SECOND_US, packets, bytes });
  }
  return seconds;
}

/** One slice per flow record, ordered by session name, then flow number. Folded flows have none (KPI rowsShed). */
export function flowSlices(pane: Pane, sensor: string): FlowSlice[] {
  const table = pane.flows;
  const slices = Array.from(flowOrder(table), (row): FlowSlice => {
    const type = table.addressType[row]!;
    return {
      sensor,
      session: pane.sessions[table.session[row]!]!,
      flow: table.flow[row]!,
      windowStartUs: pane.windowStartUs,
      source: formatAddress(table.source, row, type),
      destination: formatAddress(table.destination, row, type),
      sourcePort: table.sourcePort[row]!,
      destinationPort: table.destinationPort[row]!,
      protocol: protocolText(table.protocol[row]!),
      firstUs: table.firstUs[row]!,
      lastUs: table.lastUs[row]!,
      packetsForward: table.packets[2 * row]!,
      packetsReverse: table.packets[2 * row + 1]!,
      bytesForward: table.bytes[2 * row]!,
      bytesReverse: table.bytes[2 * row + 1]!,
      flagsForward: table.flags[2 * row]!,
      flagsReverse: table.flags[2 * row + 1]!,
    };
  });
  // Sessions are numbered as they were merged; by name the order does not depend on it.
  return slices.sort((a, b) => (a.session === b.session ? a.flow - b.flow : a.session < b.session ? -1 : 1));
}
