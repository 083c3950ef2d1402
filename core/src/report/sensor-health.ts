/**
 * What the numbers of a sensor say about its mirror: one direction missing, packets cut, copied, dropped or out of order,
 * each as a sentence that says what to do. How far an alert can be trusted for it is detect/data-quality.ts, from which
 * the sums come; that a sensor is silent is an alert (ledger/blindness.ts), and packets lost on the way are in the books.
 */
import { addQuality, NO_QUALITY, windowQuality, type WindowQuality } from '../detect/data-quality.ts';
import { figure, rounded } from '../detect/detector.ts';
import type { KpiRow } from '../kpi/kpi-row.ts';
import type { Heartbeat } from '../ledger/heartbeat.ts';

export type SensorFindingKind = 'asymmetric-mirror' | 'snap-length' | 'kernel-drops' | 'duplicates' | 'reordering';

/** One thing that is wrong with what a sensor is given. */
export interface SensorFinding {
  readonly kind: SensorFindingKind;
  /** Event time from the first stretch in which it showed to the last; null where only a session's sum is known. */
  readonly fromUs: number | null;
  readonly toUs: number | null;
  /** Packets, or connections of `asymmetric-mirror` (one that spans windows counts in each), and of how many. */
  readonly part: number;
  readonly whole: number;
  /** part / whole. */
  readonly share: number;
  /** What is wrong, and what to do. */
  readonly text: string;
}

/** Windows are judged together within this time from the first of them. */
const STRETCH_US = 600_000_000;
/** Fewer connections of one direction say nothing. */
const ONE_WAY_LEAST = 20;
/** So many times more connections of one direction than of both need no other sign. */
const ONE_WAY_RATIO = 4;
/** Handshakes of which so small a share is answered, or asked, are one half of them. */
const HANDSHAKE_SHARE = 0.2;
const PACKETS_LEAST = 10;
const LEAST_SHARES = { 'snap-length': 0.01, 'kernel-drops': 0.001, duplicates: 0.001, reordering: 0.001 } as const;

interface Stretch {
  fromUs: number;
  toUs: number;
  quality: WindowQuality;
  syn: number;
  synAck: number;
}

interface Found {
  readonly fromUs: number;
  readonly toUs: number;
  readonly part: number;
  readonly whole: number;
  readonly syn: number;
  readonly synAck: number;
}

/** Judges windows as they come, in memory that does not grow with them. */
export class SensorHealth {
  readonly #found = new Map<SensorFindingKind, Found>();
  #stretch: Stretch | undefined;

  /** @param row of one sensor, ascending by time */
  add(row: KpiRow): void {
    const { windowStartUs: fromUs } = row;
    if (this.#stretch !== undefined && fromUs >= this.#stretch.fromUs + STRETCH_US) this.#judge();
    const stretch = (this.#stretch ??= { fromUs, toUs: fromUs, quality: NO_QUALITY, syn: 0, synAck: 0 });
    stretch.toUs = Math.max(stretch.toUs, row.windowEndUs);
    stretch.quality = addQuality(stretch.quality, windowQuality(row));
    stretch.syn += row.values['syn'] ?? 0;
    stretch.synAck += row.values['synAck'] ?? 0;
  }

  /**
   * What the windows so far and the sessions' own counters say, the gravest first; empty = nothing is wrong.
   * @param heartbeats the newest of each session of the sensor
   */
  findings(heartbeats: readonly Heartbeat[]): SensorFinding[] {
    this.#judge();
    const cutToBytes = Math.max(...heartbeats.map((heartbeat) => heartbeat.cutToBytes ?? -1));
    const ofWindows = (['asymmetric-mirror', 'kernel-drops', 'snap-length'] as const).flatMap((kind) => {
      const found = this.#found.get(kind);
      return found === undefined ? [] : [finding(kind, found, windowText(kind, found, cutToBytes))];
    });
    return [...ofWindows, ...ofCounters(heartbeats)];
  }

  #judge(): void {
    const stretch = this.#stretch;
    if (stretch === undefined) return;
    this.#stretch = undefined;
    const { packets, dropped, truncated, oneWay, twoWay } = stretch.quality;
    if (isAsymmetric(stretch)) this.#note('asymmetric-mirror', stretch, oneWay, oneWay + twoWay);
    if (isWorthSaying('kernel-drops', dropped, packets + dropped)) {
      this.#note('kernel-drops', stretch, dropped, packets + dropped);
    }
    if (isWorthSaying('snap-length', truncated, packets)) this.#note('snap-length', stretch, truncated, packets);
  }

  #note(kind: SensorFindingKind, { fromUs, toUs, syn, synAck }: Stretch, part: number, whole: number): void {
    const known = this.#found.get(kind) ?? { fromUs, toUs, part: 0, whole: 0, syn: 0, synAck: 0 };
    this.#found.set(kind, {
      fromUs: Math.min(known.fromUs, fromUs),
      toUs: Math.max(known.toUs, toUs),
      part: known.part + part,
      whole: known.whole + whole,
      syn: known.syn + syn,
      synAck: known.synAck + synAck,
    });
  }
}

/**
 * Connections are under way in one direction and hardly any in both. Where they are not so many more, one half of the
 * handshakes has to be missing too: a flood of SYN lacks it as well, but nobody sends data in a flooded connection.
 */
function isAsymmetric({ quality: { oneWay, twoWay }, syn, synAck }: Stretch): boolean {
  if (oneWay < ONE_WAY_LEAST || oneWay <= twoWay) return false;
  return oneWay >= ONE_WAY_RATIO * twoWay || Math.min(syn, synAck) < HANDSHAKE_SHARE * Math.max(syn, synAck);
}

function isWorthSaying(kind: keyof typeof LEAST_SHARES, part: number, whole: number): boolean {
  return part >= PACKETS_LEAST && part >= LEAST_SHARES[kind] * whole;
}

function ofCounters(heartbeats: readonly Heartbeat[]): SensorFinding[] {
  const sum = (of: (heartbeat: Heartbeat) => number): number => heartbeats.reduce((all, next) => all + of(next), 0);
  const offered = sum(({ counters }) => counters.offered);
  const duplicate = sum(({ counters }) => counters.duplicate);
  const late = sum(({ counters }) => counters.late);
  const reordered = sum(({ mirror }) => mirror?.reordered ?? 0);
  const beyondHorizon = sum(({ mirror }) => mirror?.beyondHorizon ?? 0);
  const displacedMostUs = Math.max(0, ...heartbeats.map(({ mirror }) => mirror?.displacedMostUs ?? 0));
  const displaced = Math.max(reordered + beyondHorizon, late);
  const findings: SensorFinding[] = [];
  const always = { fromUs: null, toUs: null, whole: offered };
  if (isWorthSaying('duplicates', duplicate, offered)) {
    const text =
      `${figure(duplicate)} of ${figure(offered)} packets (${percent(duplicate, offered)}) were second copies and were left out: ` +
      'mirror each path once, in one direction of each port or at one VLAN';
    findings.push(finding('duplicates', { ...always, part: duplicate }, text));
  }
  if (isWorthSaying('reordering', displaced, offered)) {
    const unsorted = Math.max(beyondHorizon, late);
    const order =
      reordered === 0
        ? ''
        : `: ${figure(reordered)} were put in order, displaced by ${figure(displacedMostUs / 1000)} ms at most`;
    const advice =
      unsorted === 0
        ? 'nothing is lost by it; a switch that merges ports does this'
        : `${figure(unsorted)} came too late to be put in order or for their window: give --reorder more time, or let one clock stamp all packets`;
    const text = `${figure(displaced)} of ${figure(offered)} packets (${percent(displaced, offered)}) came out of order${order}; ${advice}`;
    findings.push(finding('reordering', { ...always, part: displaced }, text));
  }
  return findings;
}

function windowText(
  kind: 'asymmetric-mirror' | 'kernel-drops' | 'snap-length',
  found: Found,
  cutToBytes: number,
): string {
  const { part, whole, syn, synAck } = found;
  const of = `${figure(part)} of ${figure(whole)}`;
  const cut = cutToBytes < 0 ? '' : ` (to ${figure(cutToBytes)} bytes at most)`;
  switch (kind) {
    case 'asymmetric-mirror':
      return (
        `only one direction of ${of} TCP connections (${percent(part, whole)}) arrives, with ${figure(syn)} SYN and ${figure(synAck)} SYN-ACK: ` +
        'mirror both directions of the port (rx and tx), and every link of a bundle or of asymmetric routes'
      );
    case 'kernel-drops':
      return (
        `the kernel dropped about ${of} packets (${percent(part, whole)}) before the sensor could read them: ` +
        'give it more --buffer, a narrower filter or a shorter --snapshot-length'
      );
    case 'snap-length':
      return (
        `${of} packets (${percent(part, whole)}) were cut by the snap length${cut}: lengths and flows are right, but what stands in payloads ` +
        '(DNS names, HTTP requests) is not seen; capture with a longer one (-s) if that matters'
      );
  }
}

function finding(
  kind: SensorFindingKind,
  { fromUs, toUs, part, whole }: Pick<SensorFinding, 'fromUs' | 'toUs' | 'part' | 'whole'>,
  text: string,
): SensorFinding {
  return { kind, fromUs, toUs, part, whole, share: rounded(whole === 0 ? 0 : part / whole), text };
}

function percent(part: number, whole: number): string {
  return `${figure((100 * part) / whole)} %`;
}
