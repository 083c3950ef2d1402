/**
 * Ground truth of a capture: which windows hold packets of which labelled attack, counted on the very packets that go
 * through the line. Memory grows with windows and labels, never with packets.
 */
import { formatAddress } from '../packet/address.ts';
import type { PacketColumns } from '../packet/columns.ts';
import { hashAddress } from '../sketch/hash.ts';
import { windowStart } from '../window/time-window.ts';
import type { RowTest } from './display-filter.ts';
import { parseHost, type HostRange } from '../packet/host-range.ts';
import type { Label } from './labels.ts';

/** What is true of one label in one capture. */
export interface LabelTruth {
  readonly label: Label;
  /** packets: counted by the label's filter. interval: the label's own first and last second, where no filter can be asked. */
  readonly basis: 'packets' | 'interval';
  readonly packets: number;
  /** Event time of the attack's first and last packet; Infinity and -Infinity when none was found. */
  readonly firstUs: number;
  readonly lastUs: number;
  /** Packets of the attack by window start. */
  readonly windows: ReadonlyMap<number, number>;
  /** As labelled, or where the label names none, as its packets show. */
  readonly attackers: readonly HostRange[];
  readonly victims: readonly HostRange[];
}

export interface CaptureTruth {
  readonly windowUs: number;
  readonly packets: number;
  readonly firstUs: number;
  readonly lastUs: number;
  /** Starts of the windows with any packet, ascending. */
  readonly traffic: readonly number[];
  readonly labels: readonly LabelTruth[];
}

/** Hosts that are remembered of an attack whose label names none. */
const HOSTS_AT_MOST = 65_536;

export class TruthCounter {
  readonly #windowUs: number;
  readonly #labels: readonly Label[];
  #counters: readonly LabelCounter[] = [];
  readonly #traffic = new Set<number>();
  #packets = 0;
  #firstUs = Infinity;
  #lastUs = -Infinity;

  constructor(labels: readonly Label[], windowUs: number) {
    this.#labels = labels;
    this.#windowUs = windowUs;
  }

  /** Takes the next packets; those of the first call begin the capture. */
  add(columns: PacketColumns): void {
    const { timeUs, count } = columns;
    if (count === 0) return;
    if (this.#packets === 0) {
      const startUs = timeUs[0]!;
      this.#counters = this.#labels.map((label) => new LabelCounter(label, startUs, this.#windowUs));
    }
    this.#packets += count;
    let windowUs = NaN;
    for (let row = 0; row < count; row++) {
      const time = timeUs[row]!;
      if (time < this.#firstUs) this.#firstUs = time;
      if (time > this.#lastUs) this.#lastUs = time;
      if (!(time >= windowUs && time < windowUs + this.#windowUs)) {
        windowUs = windowStart(time, this.#windowUs);
        this.#traffic.add(windowUs);
      }
    }
    for (const counter of this.#counters) counter.add(columns);
  }

  truth(): CaptureTruth {
    const traffic = [...this.#traffic].sort((a, b) => a - b);
    return {
      windowUs: this.#windowUs,
      packets: this.#packets,
      firstUs: this.#firstUs,
      lastUs: this.#lastUs,
      traffic,
      labels: this.#counters.map((counter) => counter.truth(traffic)),
    };
  }
}

/** Counts the packets of one label. */
export class LabelCounter {
  readonly #label: Label;
  readonly #windowUs: number;
  readonly #test: RowTest | undefined;
  readonly #fromUs: number;
  readonly #toUs: number;
  readonly #windows = new Map<number, number>();
  readonly #sources = new SeenHosts();
  readonly #destinations = new SeenHosts();
  #packets = 0;
  #firstUs = Infinity;
  #lastUs = -Infinity;

  /** @param startUs event time of the capture's first packet, which a label's seconds count from */
  constructor(label: Label, startUs: number, windowUs: number) {
    this.#label = label;
    this.#windowUs = windowUs;
    this.#test = label.selects;
    const originUs = label.sinceEpoch ? 0 : startUs;
    // A filter says it exactly; beside it seconds since the capture's start are there for people, and are rounded.
    const bounds = this.#test === undefined || label.sinceEpoch;
    this.#fromUs = bounds && label.fromS !== undefined ? originUs + Math.floor(label.fromS * 1e6) : -Infinity;
    this.#toUs = bounds && label.toS !== undefined ? originUs + Math.ceil(label.toS * 1e6) : Infinity;
  }

  /** Whether a packet belongs to the attack. */
  has(columns: PacketColumns, row: number): boolean {
    const time = columns.timeUs[row]!;
    return time >= this.#fromUs && time <= this.#toUs && (this.#test?.(columns, row) ?? false);
  }

  add(columns: PacketColumns): void {
    if (this.#test === undefined) return;
    for (let row = 0; row < columns.count; row++)
      if (this.has(columns, row)) this.count(columns, row, columns.timeUs[row]!);
  }

  /** Counts a packet of the attack at the time it has, or was shifted to. */
  count(columns: PacketColumns, row: number, timeUs: number): void {
    this.#packets += 1;
    if (timeUs < this.#firstUs) this.#firstUs = timeUs;
    if (timeUs > this.#lastUs) this.#lastUs = timeUs;
    const start = windowStart(timeUs, this.#windowUs);
    this.#windows.set(start, (this.#windows.get(start) ?? 0) + 1);
    if (this.#label.attackers.length === 0) this.#sources.add(columns.source, row, columns.addressType[row]!);
    if (this.#label.victims.length === 0) this.#destinations.add(columns.destination, row, columns.addressType[row]!);
  }

  /** @param traffic starts of the capture's windows, for a label that has an interval only */
  truth(traffic: readonly number[]): LabelTruth {
    const label = this.#label;
    const attackers = label.attackers.length > 0 ? label.attackers : this.#sources.ranges();
    const victims = label.victims.length > 0 ? label.victims : this.#destinations.ranges();
    if (this.#test === undefined) return this.#interval(traffic, attackers, victims);
    return {
      label,
      basis: 'packets',
      packets: this.#packets,
      firstUs: this.#firstUs,
      lastUs: this.#lastUs,
      windows: this.#windows,
      attackers,
      victims,
    };
  }

  #interval(traffic: readonly number[], attackers: readonly HostRange[], victims: readonly HostRange[]): LabelTruth {
    const label = this.#label;
    const inside = traffic.filter((start) => start <= this.#toUs && start + this.#windowUs > this.#fromUs);
    return {
      label,
      basis: 'interval',
      packets: label.attackPackets ?? 0,
      firstUs: inside.length === 0 ? Infinity : this.#fromUs,
      lastUs: inside.length === 0 ? -Infinity : this.#toUs,
      windows: new Map(inside.map((start) => [start, label.windowPackets])),
      attackers,
      victims,
    };
  }
}

/** Distinct addresses; text is made of each once. */
class SeenHosts {
  readonly #hashes = new Set<number>();
  readonly #texts: string[] = [];

  add(column: Uint32Array, row: number, type: number): void {
    const hash = hashAddress(column, 4 * row);
    if (this.#hashes.has(hash) || this.#hashes.size >= HOSTS_AT_MOST) return;
    this.#hashes.add(hash);
    this.#texts.push(formatAddress(column, row, type));
  }

  ranges(): HostRange[] {
    return this.#texts.flatMap((text) => parseHost(text) ?? []);
  }
}
