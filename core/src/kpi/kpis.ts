/** The KPIs of a window: one table of name, unit, meaning and how it comes out of a pane. To add one, add a row. */
import { COUNTER, type CounterName } from '../window/counters.ts';
import type { DistinctName, DistributionName, WindowPartial } from '../window/window-partial.ts';
import type { FlowFacts } from './flow-facts.ts';

/**
 * How the values of consecutive windows become one of all of them (rollup.ts): exact for sums, least and largest; a mean
 * weighted by another KPI where the windows alone cannot say more.
 */
export type KpiFold = 'sum' | 'min' | 'max' | { readonly meanBy: string };

/** What the sensor's books say about a window. */
export interface SensorFacts {
  /** Packets that the kernel dropped, as a share of what was offered in the window's minutes. */
  readonly dropShare: number;
}

export interface Kpi {
  readonly name: string;
  readonly unit: 'packets' | 'bytes' | 'flows' | 'addresses' | 'ports' | 'pairs' | 'bits' | 'share' | 'rows' | 'keys';
  readonly doc: string;
  readonly fold: KpiFold;
  readonly value: (pane: WindowPartial, facts: FlowFacts, sensor: SensorFacts) => number;
}

const BY_PACKETS: KpiFold = { meanBy: 'packets' };

const counter = (name: CounterName, unit: Kpi['unit'], doc: string): Kpi => ({
  name,
  unit,
  doc,
  fold: 'sum',
  value: (pane) => pane.counters[COUNTER[name]]!,
});

const distinct = (name: string, of: DistinctName, unit: Kpi['unit'], doc: string): Kpi => ({
  name,
  unit,
  doc: `${doc} (HyperLogLog: exact up to 256, then standard error 2.3 %)`,
  // How many of them two windows have in common is not known: at least as many as in the one that has most.
  fold: 'max',
  value: (pane) => Math.round(pane.distinct[of].estimate()),
});

const entropy = (name: string, of: DistributionName, what: string): Kpi => ({
  name,
  unit: 'bits',
  doc: `Shannon entropy of packets over ${what}, in 1,024 hashed bins: 0 = all the same, 10 = spread evenly`,
  fold: BY_PACKETS,
  value: (pane) => round(pane.bins[of].entropy()),
});

const quantile = (name: string, q: number): Kpi => ({
  name,
  unit: 'bytes',
  doc: `Packet length that ${q * 100} % of packets do not exceed (within 2 %)`,
  fold: BY_PACKETS,
  value: (pane) => Math.round(pane.sizes.quantile(q)),
});

/** Six decimals: far below any error bound, and the same text on every machine. */
const round = (value: number): number => Math.round(value * 1e6) / 1e6;

const share = (part: number, whole: number): number => (whole === 0 ? 0 : round(part / whole));

export const KPIS: readonly Kpi[] = [
  counter('packets', 'packets', 'Packets'),
  counter('bytes', 'bytes', 'Bytes on the wire'),
  counter('payloadBytes', 'bytes', 'Transport payload bytes, by the IP header'),
  counter('tcpPackets', 'packets', 'TCP packets'),
  counter('udpPackets', 'packets', 'UDP packets'),
  counter('icmpPackets', 'packets', 'ICMP and ICMPv6 packets'),
  counter('arpPackets', 'packets', 'ARP packets'),
  counter('otherPackets', 'packets', 'Packets of all other protocols'),
  counter('ipv4Packets', 'packets', 'Packets whose innermost network header is, or is inside, IPv4'),
  counter('ipv6Packets', 'packets', 'Packets with IPv6 and no IPv4 header'),
  {
    name: 'flows',
    unit: 'flows',
    doc: 'Bidirectional flows with a packet in the window',
    fold: 'max',
    value: (_, facts) => facts.flows,
  },
  {
    name: 'newFlows',
    unit: 'flows',
    doc: 'Flows whose first packet is in the window',
    fold: 'sum',
    value: (_, facts) => facts.newFlows,
  },
  {
    name: 'failedContacts',
    unit: 'flows',
    doc: 'Refused or unanswered contacts',
    fold: 'sum',
    value: (_, facts) => facts.failed,
  },
  {
    name: 'twoWayShare',
    unit: 'share',
    doc: 'Share of flows that were answered; near 0 when only one direction is captured',
    fold: BY_PACKETS,
    value: (_, facts) => round(facts.twoWayShare),
  },
  {
    name: 'oneWayTcp',
    unit: 'flows',
    doc: 'TCP connections under way of which one direction was captured: a mirror that misses the other',
    fold: 'sum',
    value: (_, facts) => facts.oneWayTcp,
  },
  {
    name: 'twoWayTcp',
    unit: 'flows',
    doc: 'TCP connections of which both directions were captured',
    fold: 'sum',
    value: (_, facts) => facts.twoWayTcp,
  },
  distinct('distinctSources', 'sources', 'addresses', 'Distinct source addresses'),
  distinct('distinctDestinations', 'destinations', 'addresses', 'Distinct destination addresses'),
  distinct('distinctSourcePorts', 'sourcePorts', 'ports', 'Distinct source ports'),
  distinct('distinctDestinationPorts', 'destinationPorts', 'ports', 'Distinct destination ports'),
  distinct('distinctPairs', 'pairs', 'pairs', 'Distinct pairs of addresses, either way'),
  counter('syn', 'packets', 'TCP SYN without ACK, whatever the ECN bits'),
  counter('synAck', 'packets', 'TCP SYN with ACK'),
  counter('rst', 'packets', 'TCP RST'),
  counter('fin', 'packets', 'TCP FIN'),
  counter('psh', 'packets', 'TCP PSH'),
  counter('ack', 'packets', 'TCP ACK'),
  counter('urg', 'packets', 'TCP URG'),
  counter('ece', 'packets', 'TCP ECE'),
  counter('cwr', 'packets', 'TCP CWR'),
  counter('nullFlags', 'packets', 'TCP without any of the nine flags'),
  {
    name: 'halfOpen',
    unit: 'flows',
    doc: 'TCP connections requested and not completed by the initiator within the window',
    fold: 'sum',
    value: (_, facts) => facts.halfOpen,
  },
  {
    name: 'halfOpenRatio',
    unit: 'share',
    doc: 'halfOpen as a share of the connections requested in the window',
    fold: { meanBy: 'syn' },
    value: (_, facts) => share(facts.halfOpen, facts.requested),
  },
  counter('fragments', 'packets', 'IP fragments'),
  counter('tunnelled', 'packets', 'Packets inside a tunnel'),
  counter('arpRequests', 'packets', 'ARP requests'),
  counter('arpReplies', 'packets', 'ARP replies'),
  entropy('entropySource', 'source', 'source addresses'),
  entropy('entropyDestination', 'destination', 'destination addresses'),
  entropy('entropySourcePort', 'sourcePort', 'source ports'),
  entropy('entropyDestinationPort', 'destinationPort', 'destination ports'),
  {
    name: 'sizeMean',
    unit: 'bytes',
    doc: 'Mean packet length',
    fold: BY_PACKETS,
    value: (pane) => (pane.packets === 0 ? 0 : round(pane.bytes / pane.packets)),
  },
  {
    name: 'sizeMin',
    unit: 'bytes',
    doc: 'Shortest packet',
    fold: 'min',
    value: (pane) => (pane.packets === 0 ? 0 : pane.minLength),
  },
  quantile('sizeP50', 0.5),
  quantile('sizeP95', 0.95),
  quantile('sizeP99', 0.99),
  { name: 'sizeMax', unit: 'bytes', doc: 'Longest packet', fold: 'max', value: (pane) => pane.maxLength },
  counter('malformed', 'packets', 'Packets that contradict themselves'),
  counter('truncated', 'packets', 'Packets cut by the snap length'),
  counter('oversize', 'packets', 'Packets longer than a 1,500-byte IP packet'),
  counter('duplicates', 'packets', 'Second copies of a frame'),
  {
    name: 'dropShare',
    unit: 'share',
    doc: 'Packets that the kernel dropped before the sensor saw them, as a share of all in the minutes of the window',
    fold: BY_PACKETS,
    value: (_pane, _facts, { dropShare }) => round(dropShare),
  },
  counter('lengthLies', 'packets', 'Packets whose header claims more bytes than there were'),
  counter('rowsShed', 'rows', 'Flow records folded into sums because a bound was hit'),
  counter('keysDropped', 'keys', 'Hosts, services and pairs of folded flows that no sum was kept for'),
];
