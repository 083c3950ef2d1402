/**
 * List prices of what the line uses, in one table: US dollars, us-central1, without commitments or free tiers. They
 * change: the date says when they were noted, and `known` how: `listed` was read on a price page of the vendor, `recalled`
 * was not read again on that date and is to be checked before anybody relies on it.
 */

export const PRICES_OF = '2026-11-24';

export interface Price {
  readonly usd: number;
  /** How many units the price is for. */
  readonly per: number;
  readonly unit: string;
  readonly known: 'listed' | 'recalled';
}

const TIB = 2 ** 40;
const MILLION = 1e6;
const HOUR_S = 3600;

export const PRICES = {
  /** Volume published, attributes included, at least 1000 bytes a request. */
  pubsubPublished: { usd: 40, per: TIB, unit: 'bytes', known: 'listed' },
  /** Volume delivered by push, at least 1000 bytes a message. */
  pubsubDelivered: { usd: 40, per: TIB, unit: 'bytes', known: 'listed' },
  functionRequests: { usd: 0.4, per: MILLION, unit: 'requests', known: 'listed' },
  functionCpu: { usd: 0.000024, per: 1, unit: 'vCPU seconds', known: 'listed' },
  functionMemory: { usd: 0.0000025, per: 1, unit: 'GiB seconds', known: 'listed' },
  bigtableNode: { usd: 0.65, per: HOUR_S, unit: 'node seconds', known: 'recalled' },
  /** Astra write request units: a kilobyte written, or part of one. */
  astraWrite: { usd: 0.62, per: MILLION, unit: 'write units', known: 'recalled' },
  /** Astra read request units: four kilobytes read, or part of them. */
  astraRead: { usd: 0.37, per: MILLION, unit: 'read units', known: 'recalled' },
  /** A small VM for the broker, e2-standard-2. */
  brokerVm: { usd: 0.067, per: HOUR_S, unit: 'VM seconds', known: 'recalled' },
} as const satisfies Record<string, Price>;

export type PriceName = keyof typeof PRICES;

/** What one SSD node of Bigtable does in a second, at a kilobyte each (performance page of the vendor). */
export const BIGTABLE_NODE = { readsPerSecond: 17_000, writesPerSecond: 14_000 } as const;
