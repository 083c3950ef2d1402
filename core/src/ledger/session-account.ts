/** The account of one sensor session: gathers what each hop says of each batch, then strikes the balance. */
import type { Hop, HopEntry } from '../ports.ts';
import { HOPS } from '../ports.ts';
import type { Discrepancy, LossHop, MinuteBooks, SessionBooks } from './books.ts';
import type { Heartbeat, MinuteCount } from './heartbeat.ts';

/** Discrepancies and minutes listed per session; more are counted only. */
export const LISTED_AT_MOST = 1000;

/** One batch as the hops know it. */
export interface BatchTrace {
  readonly sequence: number;
  readonly entry: HopEntry;
  readonly missing: readonly Hop[];
  /** Event time of its newest packet; absent while nobody keeps it. */
  readonly lastTimeUs?: number;
}

/** The hops of the stages, which every line has; broker and bridge are not on every way. */
const STAGE_HOPS = HOPS.filter((hop) => hop !== 'bridged');

type Reached = Partial<Record<LossHop, number>>;
type HopCounts = Record<LossHop, number>;
const noHops = (): HopCounts => ({ published: 0, bridged: 0, parsed: 0, windowed: 0, stored: 0 });

/**
 * One session's account: `add` every trace in ascending sequence, then `close`. What a later hop accepted went through
 * the earlier ones, whether or not their receipts came.
 */
export class SessionAccount {
  readonly #sensor: string;
  readonly #session: string;
  readonly #heartbeat: Heartbeat | undefined;
  /** Whether a broker and a bridge are on the way. */
  #viaBroker: boolean;
  readonly #accepted = noHops();
  readonly #minutes = new Map<number, HopCounts>();
  readonly #reached: Reached = {};
  readonly #found: Discrepancy[] = [];
  #unlisted = 0;
  /** Discrepancies since the last batch that went through every hop. */
  #tail: Discrepancy[] = [];
  #next = 0;
  /** Packets of batches that were parsed, or got beyond parsing, and lack a hop: before the last whole batch, and after. */
  #lostPackets = 0;
  #tailPackets = 0;

  /** @param heartbeat the newest one of the session; absent when nobody ever said what was sent */
  constructor(sensor: string, session: string, heartbeat: Heartbeat | undefined) {
    this.#sensor = sensor;
    this.#session = session;
    this.#heartbeat = heartbeat;
    this.#viaBroker = heartbeat?.lastPublished !== undefined;
  }

  add({ sequence, entry, missing, lastTimeUs }: BatchTrace): void {
    // Sequences of a session that nobody numbered on purpose, such as lines of text, may have holes.
    if (this.#heartbeat !== undefined) this.#missUnseen(this.#next, sequence - 1);
    this.#next = sequence + 1;
    if (!missing.includes('bridged')) this.#viaBroker = true;
    const passed: LossHop[] = ['published', 'bridged', ...STAGE_HOPS.filter((hop) => !missing.includes(hop))];
    for (const hop of passed) {
      this.#accept(hop, entry);
      if (lastTimeUs !== undefined) this.#reached[hop] = Math.max(this.#reached[hop] ?? -Infinity, lastTimeUs);
    }
    const lacks = STAGE_HOPS.filter((hop) => missing.includes(hop));
    if (lacks.length === 0) {
      this.#settleTail();
      return;
    }
    const minuteStartUs = entry.minutes[0]?.minuteStartUs ?? null;
    // A batch that only the bridge saw went missing once, before the stages.
    const named = lacks.length === STAGE_HOPS.length ? STAGE_HOPS.slice(0, 1) : lacks;
    if (!lacks.includes('parsed')) this.#tailPackets += entry.packets;
    for (const hop of named) this.#miss(hop, sequence, sequence, entry.packets, minuteStartUs);
  }

  /** Batches that nobody after the sensor saw: lost behind the broker if that had acknowledged them, before it if not. */
  #missUnseen(from: number, to: number): void {
    if (from > to) return;
    const lastPublished = this.#heartbeat?.lastPublished;
    if (lastPublished === undefined) {
      this.#miss(this.#viaBroker ? 'bridged' : 'parsed', from, to, null, null);
      return;
    }
    if (from <= lastPublished) this.#miss('bridged', from, Math.min(to, lastPublished), null, null);
    if (to > lastPublished) this.#miss('published', Math.max(from, lastPublished + 1), to, null, null);
  }

  #accept(hop: LossHop, entry: HopEntry): void {
    this.#accepted[hop] += entry.packets;
    for (const { minuteStartUs, packets } of entry.minutes) {
      let minute = this.#minutes.get(minuteStartUs);
      if (minute === undefined) this.#minutes.set(minuteStartUs, (minute = noHops()));
      minute[hop] += packets;
    }
  }

  #miss(hop: LossHop, from: number, to: number, packets: number | null, minuteStartUs: number | null): void {
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

  /** @param minutes what the sensor announced by minute, ascending */
  close(minutes: readonly MinuteCount[]): SessionBooks {
    const heartbeat = this.#heartbeat;
    const final = heartbeat?.final ?? false;
    if (final) {
      this.#missUnseen(this.#next, heartbeat!.lastBatch);
      this.#settleTail();
    }
    const counters = heartbeat?.counters;
    const sent = counters?.sent ?? 0;
    const atSensor = counters === undefined ? 0 : Math.abs(counters.offered - explainedBySensor(counters));
    const gaps = this.#found.some((found) => NOT_PARSED.includes(found.hop));
    const notParsed = sent - this.#accepted.parsed;
    // While a session runs, heartbeat and batches overtake each other; only a hole among the batches is a loss then.
    const lostUnseen = final ? Math.abs(notParsed) : gaps ? Math.max(0, notParsed) : 0;
    // The broker has everything, also what nobody saw afterwards; otherwise only what was seen is sure.
    const allPublished = heartbeat !== undefined && (heartbeat.lastPublished ?? -1) >= heartbeat.lastBatch;
    const unbalanced = this.#unbalanced(minutes, allPublished);
    const { parsed, windowed, stored } = this.#accepted;
    const published = allPublished ? sent : this.#accepted.published;
    return {
      sensor: this.#sensor,
      session: this.#session,
      announced: heartbeat !== undefined,
      final,
      totals: {
        offered: counters?.offered ?? 0,
        kernelDropped: counters?.kernelDropped ?? 0,
        self: counters?.self ?? 0,
        filtered: counters?.filtered ?? 0,
        duplicate: counters?.duplicate ?? 0,
        sent,
        malformed: counters?.malformed ?? 0,
        ...(this.#viaBroker ? { published, bridged: this.#accepted.bridged } : {}),
        parsed,
        windowed,
        stored,
        unexplained: atSensor + lostUnseen + this.#lostPackets,
      },
      ...(heartbeat?.mirror && { mirror: heartbeat.mirror }),
      underWay: final ? 0 : Math.max(0, notParsed - lostUnseen) + this.#tailPackets,
      reachedUs: this.#viaBroker ? this.#reached : stagesOf(this.#reached),
      closedToUs: closedTo(heartbeat?.watermarkUs ?? null, unbalanced),
      discrepancies: nameThePackets(this.#found, notParsed),
      unlistedDiscrepancies: this.#unlisted,
      unbalancedMinutes: unbalanced.slice(0, LISTED_AT_MOST),
    };
  }

  /** Minutes in which sensor and hops differ, ascending. */
  #unbalanced(minutes: readonly MinuteCount[], allPublished: boolean): MinuteBooks[] {
    if (this.#heartbeat === undefined) return [];
    const announced = new Map(minutes.map((minute) => [minute.minuteStartUs, minute]));
    const starts = [...new Set([...announced.keys(), ...this.#minutes.keys()])].sort((a, b) => a - b);
    const found: MinuteBooks[] = [];
    for (const minuteStartUs of starts) {
      const minute = announced.get(minuteStartUs);
      const hops = this.#minutes.get(minuteStartUs) ?? noHops();
      const sent = minute?.sent ?? 0;
      const explained = minute === undefined || minute.offered === explainedBySensor(minute);
      if (explained && STAGE_HOPS.every((hop) => hops[hop] === sent)) continue;
      const { published, bridged, ...stages } = hops;
      const before = this.#viaBroker ? { published: allPublished ? sent : published, bridged } : {};
      found.push({ minuteStartUs, sent, ...before, ...stages });
    }
    return found;
  }
}

/** Without the hops that are not on the way where there is no broker. */
function stagesOf({ parsed, windowed, stored }: Reached): Reached {
  return parsed === undefined
    ? {}
    : { parsed, ...(windowed !== undefined && { windowed }), ...(stored !== undefined && { stored }) };
}

type SensorCounts = Pick<MinuteCount, 'kernelDropped' | 'self' | 'filtered' | 'duplicate' | 'sent'>;

function explainedBySensor(counts: SensorCounts): number {
  return counts.kernelDropped + counts.self + counts.filtered + counts.duplicate + counts.sent;
}

function closedTo(watermarkUs: number | null, unbalanced: readonly MinuteBooks[]): number | null {
  if (watermarkUs === null) return null;
  return Math.min(watermarkUs, unbalanced[0]?.minuteStartUs ?? Infinity);
}

/** Hops that a batch which was never parsed may be named for. */
const NOT_PARSED: readonly LossHop[] = ['published', 'bridged', 'parsed'];

/** When only one stretch of batches was never parsed, what the sensor sent beyond the parsed packets was in it. */
function nameThePackets(found: readonly Discrepancy[], notParsed: number): Discrepancy[] {
  const unparsed = found.filter((item) => NOT_PARSED.includes(item.hop));
  const unseen = unparsed.filter((item) => item.packets === null);
  const seen = unparsed.reduce((sum, item) => sum + (item.packets ?? 0), 0);
  if (unseen.length !== 1 || notParsed < seen) return [...found];
  return found.map((item) => (item === unseen[0] ? { ...item, packets: notParsed - seen } : item));
}
