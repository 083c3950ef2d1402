/**
 * What a run would have cost at list prices, from what it was counted to use. Two kinds of money are kept apart: what
 * grows with the packets, and what runs by the hour whether or not there are any.
 */
import type { Counts } from './meter.ts';
import { BIGTABLE_NODE, PRICES, PRICES_OF, type PriceName } from './prices.ts';

export interface CostLine {
  readonly hop: string;
  /** What is counted, for people. */
  readonly what: string;
  readonly quantity: number;
  readonly unit: string;
  readonly usd: number;
}

export interface FixedCost {
  readonly what: string;
  readonly usdPerDay: number;
}

export interface CostReport {
  /** The day the prices are of. */
  readonly pricesOf: string;
  readonly lines: readonly CostLine[];
  readonly usd: number;
  readonly usdPerMillionPackets: number | null;
  /** Charged by the hour, and no part of `usd`. */
  readonly fixed: readonly FixedCost[];
}

/** Memory of one function instance in GiB, and its vCPUs, as the deployment sizes them. */
const INSTANCE = { memoryGib: 0.5, cpus: 1 } as const;
/** A push carries its payload in base64. */
const PAYLOAD_SHARE = 3 / 4;
const PUBSUB_BYTES_LEAST = 1000;
const DAY_S = 86_400;

/**
 * @param counts summed over every process of the run: counters of the adapters and functions by name
 * @param packets packets that the run carried
 */
export function costOf(counts: Counts, packets: number): CostReport {
  const of = (name: string): number => counts[name] ?? 0;
  const line = (hop: string, what: string, quantity: number, price: PriceName): CostLine => {
    const { usd, per, unit } = PRICES[price];
    return { hop, what, quantity, unit, usd: (quantity * usd) / per };
  };
  const activeS = of('function.activeMs') / 1000;
  const nodeS =
    of('bigtable.mutations') / BIGTABLE_NODE.writesPerSecond + of('bigtable.reads') / BIGTABLE_NODE.readsPerSecond;
  const published = Math.max(of('pubsub.publishedBytes'), PUBSUB_BYTES_LEAST * of('pubsub.messages'));
  const delivered = Math.max(
    of('function.requestBytes') * PAYLOAD_SHARE,
    PUBSUB_BYTES_LEAST * of('function.invocations'),
  );
  const lines = [
    line('Pub/Sub', 'published', published, 'pubsubPublished'),
    line('Pub/Sub', 'delivered', delivered, 'pubsubDelivered'),
    line('functions', 'invocations', of('function.invocations'), 'functionRequests'),
    line('functions', 'CPU while busy', activeS * INSTANCE.cpus, 'functionCpu'),
    line('functions', 'memory while busy', activeS * INSTANCE.memoryGib, 'functionMemory'),
    line('Bigtable', 'share of a node', nodeS, 'bigtableNode'),
    line('Cassandra', 'written (Astra)', of('cassandra.writeUnits'), 'astraWrite'),
    line('Cassandra', 'read (Astra)', of('cassandra.readUnits'), 'astraRead'),
  ];
  const usd = lines.reduce((sum, { usd: part }) => sum + part, 0);
  return {
    pricesOf: PRICES_OF,
    lines,
    usd,
    usdPerMillionPackets: packets > 0 ? (usd * 1e6) / packets : null,
    fixed: [
      { what: 'one Bigtable node', usdPerDay: perDay('bigtableNode') },
      { what: 'a VM for the broker and the bridge', usdPerDay: perDay('brokerVm') },
    ],
  };
}

function perDay(price: PriceName): number {
  return (PRICES[price].usd / PRICES[price].per) * DAY_S;
}
