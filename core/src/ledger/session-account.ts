/** The account of one sensor session: gathers what each hop says of each batch, then strikes the balance. */
import type { Hop, HopEntry } from '../ports.ts';
import { HOPS } from '../ports.ts';
import type { Discrepancy, MinuteBooks, SessionBooks } from './books.ts';
import type { Heartbeat, MinuteCount } from './heartbeat.ts';

/** Discrepancies and minutes listed per session; more are counted only. */
export const LISTED_AT_MOST = 1000;

/** One batch as the hops know it. */
export interface BatchTrace {
  readonly sequence: number;
  readonly entry: HopEntry;
  readonly missing: readonly Hop[];
}

type HopCounts = Record<Hop, number>;
const noHops = (): HopCounts => ({ bridged: 0, parsed: 0, windowed: 0, stored: 0 });

/** One session's account: `add` every trace in ascending sequence, then `close`. */
export class SessionAccount {
  readonly #sensor: string;
  readonly #session: string;
  readonly #accepted = noHops();
  readonly #minutes = new Map<number, HopCounts>();
  readonly #found: Discrepancy[] = [];
  #unlisted = 0;
  /** Discrepancies since the last batch that went through every hop. */
  #tail: Discrepancy[] = [];
  #next = 0;
  /** Packets of batches that were parsed, or got beyond parsing, and lack a hop: before the last whole batch, and after. */
  #lostPackets = 0;
  #tailPackets = 0;

  constructor(sensor: string, session: string) {
    this.#sensor = sensor;
    this.#session = session;
  }

  add({ sequence, entry, missing }: BatchTrace): void {
    if (sequence > this.#next) this.#miss('parsed', this.#next, sequence - 1, null, null);
    this.#next = sequence + 1;
    for (const hop of HOPS) if (!missing.includes(hop)) this.#accept(hop, entry);
    if (missing.length === 0) {
      this.#settleTail();
      return;
    }
    if (!missing.includes('parsed')) this.#tailPackets += entry.packets;
    for (const hop of missing)
      this.#miss(hop, sequence, sequence, entry.packets, entry.minutes[0]?.minuteStartUs ?? null);
  }

  #accept(hop: Hop, entry: HopEntry): void {
    this.#accepted[hop] += entry.packets;
    for (const { minuteStartUs, packets } of entry.minutes) {
      let minute = this.#minutes.get(minuteStartUs);
      if (minute === undefined) this.#minutes.set(minuteStartUs, (minute = noHops()));
      minute[hop] += packets;
    }
  }

  #miss(hop: Hop, from: number, to: number, packets: number | null, minuteStartUs: number | null): void {
    const { length } = this.#tail;
    const at = this.#tail.findLastIndex(
      (found, i) => i >= length - 2 && found.hop === hop && found.toSequence === from - 1,
    );
    const before = this.#tail[at];
    if (before !== undefined) {
      const sum = before.packets === null || packets === null ? null : before.packets + packets;
      this.#tail[at] = { ...before, toSequence: to, packets: sum };
    } else if (length < LISTED_AT_MOST) {
      const place = { sensor: this.#sensor, session: this.#session, fromSequence: from, toSequence: to };
      this.#tail.push({ ...place, hop, packets, minuteStartUs });
    } else this.#unlisted += 1;
  }

  /** What was missing before a batch that went through is lost and not under way. */
  #settleTail(): void {
    const room = LISTED_AT_MOST - this.#found.length;
    this.#found.push(...this.#tail.slice(0, room));
    this.#unlisted += Math.max(0, this.#tail.length - room);
    this.#tail = [];
    this.#lostPackets += this.#tailPackets;
    this.#tailPackets = 0;
  }

  close(heartbeat: Heartbeat | undefined, minutes: readonly MinuteCount[]): SessionBooks {
    const final = heartbeat?.final ?? false;
    if (final) {
      if (heartbeat!.lastBatch >= this.#next) this.#miss('parsed', this.#next, heartbeat!.lastBatch, null, null);
      this.#settleTail();
    }
    const counters = heartbeat?.counters;
    const sent = counters?.sent ?? 0;
    const atSensor = counters === undefined ? 0 : Math.abs(counters.offered - explainedBySensor(counters));
    const gaps = this.#found.some((found) => found.hop === 'parsed');
    const notParsed = sent - this.#accepted.parsed;
    // While a session runs, heartbeat and batches overtake each other; only a hole among the batches is a loss then.
    const lostUnseen = final ? Math.abs(notParsed) : gaps ? Math.max(0, notParsed) : 0;
    const unbalanced = this.#unbalanced(minutes);
    return {
      sensor: this.#sensor,
      session: this.#session,
      final,
      totals: {
        offered: counters?.offered ?? 0,
        kernelDropped: counters?.kernelDropped ?? 0,
        self: counters?.self ?? 0,
        filtered: counters?.filtered ?? 0,
        duplicate: counters?.duplicate ?? 0,
        sent,
        malformed: counters?.malformed ?? 0,
        ...this.#accepted,
        unexplained: atSensor + lostUnseen + this.#lostPackets,
      },
      underWay: final ? 0 : Math.max(0, notParsed - lostUnseen) + this.#tailPackets,
      closedToUs: closedTo(heartbeat?.watermarkUs ?? null, unbalanced),
      discrepancies: nameThePackets(this.#found, notParsed),
      unlistedDiscrepancies: this.#unlisted,
      unbalancedMinutes: unbalanced.slice(0, LISTED_AT_MOST),
    };
  }

  /** Minutes in which sensor and hops differ, ascending. */
  #unbalanced(minutes: readonly MinuteCount[]): MinuteBooks[] {
    const announced = new Map(minutes.map((minute) => [minute.minuteStartUs, minute]));
    const starts = [...new Set([...announced.keys(), ...this.#minutes.keys()])].sort((a, b) => a - b);
    const found: MinuteBooks[] = [];
    for (const minuteStartUs of starts) {
      const minute = announced.get(minuteStartUs);
      const hops = this.#minutes.get(minuteStartUs) ?? noHops();
      const sent = minute?.sent ?? 0;
      const explained = minute === undefined || minute.offered === explainedBySensor(minute);
      if (explained && HOPS.every((hop) => hops[hop] === sent)) continue;
      found.push({ minuteStartUs, sent, ...hops });
    }
    return found;
  }
}

type SensorCounts = Pick<MinuteCount, 'kernelDropped' | 'self' | 'filtered' | 'duplicate' | 'sent'>;

function explainedBySensor(counts: SensorCounts): number {
  return counts.kernelDropped + counts.self + counts.filtered + counts.duplicate + counts.sent;
}

function closedTo(watermarkUs: number | null, unbalanced: readonly MinuteBooks[]): number | null {
  if (watermarkUs === null) return null;
  return Math.min(watermarkUs, unbalanced[0]?.minuteStartUs ?? Infinity);
}

/** When only one stretch of batches was never parsed, what the sensor sent beyond the parsed packets was in it. */
function nameThePackets(found: readonly Discrepancy[], notParsed: number): Discrepancy[] {
  const unseen = found.filter((item) => item.hop === 'parsed' && item.packets === null);
  if (unseen.length !== 1 || notParsed < 0) return [...found];
  return found.map((item) => (item === unseen[0] ? { ...item, packets: notParsed } : item));
}
