/**
 * What packets say about one window: a commutative monoid (empty, merge), so that batches may arrive in any cut and order.
 * Every field merges exactly while no bound is hit. Bounds fold flow records into buckets and count it (rowsShed, keysDropped).
 */
import { HashedBins } from '../sketch/hashed-bins.ts';
import { HyperLogLog } from '../sketch/hyperloglog.ts';
import { LogHistogram } from '../sketch/log-histogram.ts';
import { ArpClaims, BATCH_ARP_ENTRIES, PANE_ARP_ENTRIES } from './arp-claims.ts';
import { CLASS_COUNT, COUNTER, COUNTERS } from './counters.ts';
import { FlowBuckets } from './flow-buckets.ts';
import { recordBytes } from './flow-codec.ts';
import { FlowRecords } from './flow-records.ts';
import { KeyedCounts } from './keyed-counts.ts';
import { SECOND_US } from './time-window.ts';

/** Distinct-counting sketches of a window, in byte-form order. */
export const DISTINCTS = ['sources', 'destinations', 'sourcePorts', 'destinationPorts', 'pairs'] as const;
export type DistinctName = (typeof DISTINCTS)[number];

/** Entropy distributions of a window, weighted by packets, in byte-form order. */
export const DISTRIBUTIONS = ['source', 'destination', 'sourcePort', 'destinationPort'] as const;
export type DistributionName = (typeof DISTRIBUTIONS)[number];

/** Flow records a merged window keeps; flows beyond it go into buckets. */
export const PANE_FLOWS = 65_536;
/** Distinct protocols and ICMP types a window keeps apart. */
export const KEYED_LIMIT = 64;
/** Bytes of flow records a batch's partial may take in the worst case of their coding. */
const BATCH_FLOW_BYTES = 30_000;
/** So few records fit whatever is in them: no record of one batch is longer than 136 bytes. */
const SURELY_FITTING_FLOWS = 220;

export class WindowPartial {
  readonly windowStartUs: number;
  readonly windowUs: number;
  /** Sessions the flow numbers belong to; FlowRecords.session holds places in it. */
  readonly sessions: string[] = [];
  /** See COUNTERS. */
  readonly counters = new Float64Array(COUNTERS.length);
  /** Packets, then bytes, of second s and traffic class c: at s * CLASS_COUNT + c. */
  readonly secondPackets: Float64Array;
  readonly secondBytes: Float64Array;
  firstUs = Infinity;
  lastUs = -Infinity;
  minLength = Infinity;
  maxLength = 0;
  readonly sizes = new LogHistogram();
  /** By FlowRecords protocol code. */
  readonly protocols = new KeyedCounts(KEYED_LIMIT);
  /** By IP protocol << 16 | type << 8 | code. */
  readonly icmpTypes = new KeyedCounts(KEYED_LIMIT);
  readonly distinct: Readonly<Record<DistinctName, HyperLogLog>>;
  readonly bins: Readonly<Record<DistributionName, HashedBins>>;
  flows = new FlowRecords();
  readonly buckets = new FlowBuckets();
  /** Claims to IPv4 addresses; its bound keeps the same entries in any order of merging. */
  readonly arp = new ArpClaims();

  constructor(windowStartUs: number, windowUs: number) {
    this.windowStartUs = windowStartUs;
    this.windowUs = windowUs;
    this.secondPackets = new Float64Array((windowUs / SECOND_US) * CLASS_COUNT);
    this.secondBytes = new Float64Array((windowUs / SECOND_US) * CLASS_COUNT);
    this.distinct = {
      sources: new HyperLogLog(),
      destinations: new HyperLogLog(),
      sourcePorts: new HyperLogLog(),
      destinationPorts: new HyperLogLog(),
      pairs: new HyperLogLog(),
    };
    this.bins = {
      source: new HashedBins(),
      destination: new HashedBins(),
      sourcePort: new HashedBins(),
      destinationPort: new HashedBins(),
    };
  }

  get packets(): number {
    return this.counters[COUNTER.packets]!;
  }

  get bytes(): number {
    return this.counters[COUNTER.bytes]!;
  }

  /** Place of a session in `sessions`, added when new. */
  sessionIndex(session: string): number {
    const known = this.sessions.indexOf(session);
    return known >= 0 ? known : this.sessions.push(session) - 1;
  }

  /** Adds everything `other` (of the same window) counted. */
  merge(other: WindowPartial): void {
    if (other.windowStartUs !== this.windowStartUs || other.windowUs !== this.windowUs) {
      throw new RangeError('partials of different windows do not merge');
    }
    addTo(this.counters, other.counters);
    addTo(this.secondPackets, other.secondPackets);
    addTo(this.secondBytes, other.secondBytes);
    this.firstUs = Math.min(this.firstUs, other.firstUs);
    this.lastUs = Math.max(this.lastUs, other.lastUs);
    this.minLength = Math.min(this.minLength, other.minLength);
    this.maxLength = Math.max(this.maxLength, other.maxLength);
    this.sizes.merge(other.sizes);
    this.protocols.merge(other.protocols);
    this.icmpTypes.merge(other.icmpTypes);
    for (const name of DISTINCTS) this.distinct[name].merge(other.distinct[name]);
    for (const name of DISTRIBUTIONS) this.bins[name].merge(other.bins[name]);
    this.#mergeFlows(other);
    for (const [hash, bucket] of other.buckets.entries()) {
      if (!this.buckets.add(hash, bucket)) this.counters[COUNTER.keysDropped]!++;
    }
    this.arp.merge(other.arp);
    this.counters[COUNTER.keysDropped]! += this.arp.keep(PANE_ARP_ENTRIES);
  }

  /** Bounds what one batch may take: fewer ARP entries, and the smallest flows folded into buckets until they fit. */
  compact(): void {
    this.counters[COUNTER.keysDropped]! += this.arp.keep(BATCH_ARP_ENTRIES);
    this.#compactFlows();
  }

  #compactFlows(): void {
    const table = this.flows;
    if (table.rows <= SURELY_FITTING_FLOWS) return;
    const cost = Uint8Array.from({ length: table.rows }, (_, row) => recordBytes(this, row));
    let total = 0;
    for (let row = 0; row < table.rows; row++) total += cost[row]!;
    if (total <= BATCH_FLOW_BYTES) return;
    const smallestFirst = Array.from({ length: table.rows }, (_, row) => row).sort(
      (a, b) => table.total(a) - table.total(b) || table.firstNumber[b]! - table.firstNumber[a]!,
    );
    let folded = 0;
    while (total > BATCH_FLOW_BYTES) total -= cost[smallestFirst[folded++]!]!;
    const shed = smallestFirst.slice(0, folded).sort((a, b) => a - b);
    this.counters[COUNTER.keysDropped]! += this.buckets.foldHeavy(table, shed);
    this.counters[COUNTER.rowsShed]! += folded;
    this.flows = keepRows(
      table,
      smallestFirst.slice(folded).sort((a, b) => a - b),
    );
  }

  #mergeFlows(other: WindowPartial): void {
    const sessions = other.sessions.map((session) => this.sessionIndex(session));
    const theirs = other.flows;
    for (let from = 0; from < theirs.rows; from++) {
      const session = sessions[theirs.session[from]!]!;
      let row = this.flows.find(session, theirs.flow[from]!);
      if (row < 0) {
        if (this.flows.rows >= PANE_FLOWS) {
          this.counters[COUNTER.rowsShed]!++;
          this.counters[COUNTER.keysDropped]! += this.buckets.fold(theirs, from);
          continue;
        }
        row = this.flows.insert(session, theirs.flow[from]!);
        this.flows.copyKey(row, theirs, from);
      }
      this.flows.accumulate(row, theirs, from);
    }
  }
}

function addTo(to: Float64Array, from: Float64Array): void {
  for (let index = 0; index < to.length; index++) to[index]! += from[index]!;
}

function keepRows(table: FlowRecords, rows: readonly number[]): FlowRecords {
  const kept = new FlowRecords(rows.length);
  for (const from of rows) {
    const row = kept.insert(table.session[from]!, table.flow[from]!);
    kept.copyKey(row, table, from);
    kept.accumulate(row, table, from);
  }
  return kept;
}
