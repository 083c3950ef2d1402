/** The row that scoring writes for each sensor and window. The KPI names and their meaning are in kpis.ts. */
import type { WindowCount } from '../ledger/heartbeat.ts';

/** Classes of the stacked traffic chart, in drawing order. */
export const TRAFFIC_CLASSES = ['tcp', 'udp', 'icmp', 'arp', 'other'] as const;
export type TrafficClass = (typeof TRAFFIC_CLASSES)[number];

/** Packets and bytes by traffic class for one second of event time. */
export interface SecondCount {
  readonly startUs: number;
  /** In the order of TRAFFIC_CLASSES. */
  readonly packets: readonly number[];
  readonly bytes: readonly number[];
}

export interface TopEntry {
  /** Address, `source > destination`, or `protocol/port`. */
  readonly key: string;
  readonly packets: number;
  readonly bytes: number;
}

export interface KpiRow {
  readonly sensor: string;
  readonly windowStartUs: number;
  readonly windowEndUs: number;
  /** Raised by one each time the window is scored from different data. Not part of the digest. */
  readonly revision: number;
  /** All announced batches arrived. */
  readonly complete: boolean;
  readonly announced: WindowCount;
  readonly arrived: WindowCount;
  /** By KPI name, see kpis.ts. */
  readonly values: Readonly<Record<string, number>>;
  readonly protocols: readonly TopEntry[];
  /** Key is `icmp/8/0` or `icmpv6/135/0`: protocol, type, code. */
  readonly icmpTypes: readonly TopEntry[];
  /** Seconds with traffic only, ascending. */
  readonly seconds: readonly SecondCount[];
  readonly topSources: readonly TopEntry[];
  readonly topDestinations: readonly TopEntry[];
  readonly topPairs: readonly TopEntry[];
  readonly topServices: readonly TopEntry[];
}

/** What one flow did within one window; a flow's total is the sum of its slices. */
export interface FlowSlice {
  readonly sensor: string;
  readonly session: string;
  readonly flow: number;
  readonly windowStartUs: number;
  /** As the first packet of the flow had them. */
  readonly source: string;
  readonly destination: string;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly protocol: string;
  readonly firstUs: number;
  readonly lastUs: number;
  readonly packetsForward: number;
  readonly packetsReverse: number;
  readonly bytesForward: number;
  readonly bytesReverse: number;
  /** Union of TCP flags by direction. */
  readonly flagsForward: number;
  readonly flagsReverse: number;
}
