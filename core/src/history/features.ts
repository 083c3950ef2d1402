/** The KPIs that a sensor's history is made of, and how each is measured so that ordinary days look alike. */
import type { KpiRow } from '../kpi/kpi-row.ts';

export interface Feature {
  readonly name: string;
  readonly unit: string;
  /** Whether little is as odd as much. */
  readonly isTwoSided: boolean;
  /** Whether it is a count, compared by its logarithm. */
  readonly isCount: boolean;
  /** Undefined when the window says nothing of it. */
  readonly value: (row: KpiRow, seen: SeenFacts) => number | undefined;
}

/** What a window's observations say besides its row. */
export interface SeenFacts {
  readonly outboundBytes: number;
  /** Mean of -log2 of how often the kind of each flow is seen, in bits (TokenModel). */
  readonly tokenSurprise: number | undefined;
}

const kpi = (name: string, unit: string, kind: Partial<Pick<Feature, 'isCount' | 'isTwoSided'>>): Feature => ({
  name,
  unit,
  isCount: false,
  isTwoSided: false,
  ...kind,
  value: ({ values }) => values[name] ?? 0,
});
const count = (name: string, unit: string): Feature => kpi(name, unit, { isCount: true });
const shape = (name: string, unit: string): Feature => kpi(name, unit, { isTwoSided: true });

/** Their places stand in stored histories: append only. */
export const FEATURES: readonly Feature[] = [
  count('packets', 'packets'),
  count('bytes', 'bytes'),
  count('flows', 'flows'),
  count('newFlows', 'flows'),
  count('syn', 'packets'),
  count('rst', 'packets'),
  count('failedContacts', 'flows'),
  count('distinctDestinations', 'addresses'),
  count('distinctPairs', 'pairs'),
  kpi('halfOpenRatio', 'share', {}),
  shape('sizeMean', 'bytes'),
  shape('entropySource', 'bits'),
  shape('entropyDestination', 'bits'),
  shape('entropySourcePort', 'bits'),
  shape('entropyDestinationPort', 'bits'),
  {
    name: 'icmpUnreachable',
    unit: 'packets',
    isCount: true,
    isTwoSided: false,
    value: ({ icmpTypes }) =>
      icmpTypes.reduce((sum, { key, packets }) => sum + (/^(icmp\/3|icmpv6\/1)\//u.test(key) ? packets : 0), 0),
  },
  {
    name: 'udpShare',
    unit: 'share',
    isCount: false,
    isTwoSided: false,
    value: ({ values }) => (values['packets'] ? (values['udpPackets'] ?? 0) / values['packets'] : 0),
  },
  {
    name: 'outboundBytes',
    unit: 'bytes',
    isCount: true,
    isTwoSided: false,
    value: (_, { outboundBytes }) => outboundBytes,
  },
  {
    name: 'tokenSurprise',
    unit: 'bits',
    isCount: false,
    // Of the commonest kinds of flows only: that is a quiet hour.
    isTwoSided: false,
    value: (_, { tokenSurprise }) => tokenSurprise,
  },
];

/** The measured form of a feature's value. */
export function transform({ isCount }: Feature, value: number): number {
  return isCount ? Math.log1p(Math.max(0, value)) : value;
}

/** What transform made, back in the KPI's own unit. */
export function restore({ isCount }: Feature, measured: number): number {
  return isCount ? Math.max(0, Math.expm1(measured)) : measured;
}
