/**
 * Replay speed: an absolute schedule from the first packet, so that delays never add up. Event time that runs backwards
 * is due at once, and an idle stretch longer than IDLE_LIMIT_US is shortened to it: nobody waits for years.
 */
import { LogHistogram } from '@tapline/core/sketch/log-histogram';
import type { BatchHeader } from '@tapline/core/wire/batch-header';

/** `top` = as fast as it goes; a number = event seconds per wall second, 1 = as recorded; or a rate, whatever was recorded. */
export type ReplaySpeed = 'top' | number | { readonly packetsPerSecond: number } | { readonly bitsPerSecond: number };

/** How far behind its schedule a replay was, over its batches. */
export interface ReplayLag {
  /** Within 2 %. */
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly mostMs: number;
}

type Paced = Pick<BatchHeader, 'maxTimeUs' | 'count' | 'wireBytes'>;

const IDLE_LIMIT_US = 60_000_000;

export class Pacer {
  /** Added to the event time of batches: how far the schedule is ahead of packets that keep the times of an earlier pass. */
  aheadUs = 0;
  readonly #speed: ReplaySpeed;
  readonly #lagsUs = new LogHistogram();
  #mostLagMs = 0;
  #startWallMs = NaN;
  #dueMs = NaN;
  /** Event time played so far, idle stretches shortened. */
  #playedUs = 0;
  #newestUs = NaN;
  #packets = 0;
  #bits = 0;

  constructor(speed: ReplaySpeed) {
    this.#speed = speed;
  }

  /**
   * Milliseconds to wait before a batch is due: at a speed, when its newest packet is; at a rate, when all before it have
   * had their time.
   * @param nowMs a monotonic clock
   */
  waitMs(batch: Paced, nowMs: number): number {
    if (this.#speed === 'top') return 0;
    if (Number.isNaN(this.#startWallMs)) this.#startWallMs = nowMs;
    this.#dueMs = this.#startWallMs + this.#scheduledMs(batch);
    return Math.max(0, this.#dueMs - nowMs);
  }

  /** Takes down how late the batch that was asked about last is, now that it goes. */
  go(nowMs: number): void {
    if (this.#speed === 'top') return;
    const lagMs = Math.max(0, nowMs - this.#dueMs);
    this.#lagsUs.add(Math.round(lagMs * 1000));
    this.#mostLagMs = Math.max(this.#mostLagMs, lagMs);
  }

  /** Undefined when there was no schedule, or nothing was played. */
  get lag(): ReplayLag | undefined {
    if (this.#lagsUs.total === 0) return undefined;
    const ms = (q: number): number => Math.min(this.#mostLagMs, this.#lagsUs.quantile(q) / 1000);
    return { medianMs: ms(0.5), p99Ms: ms(0.99), mostMs: this.#mostLagMs };
  }

  #scheduledMs({ maxTimeUs, count, wireBytes }: Paced): number {
    const speed = this.#speed as Exclude<ReplaySpeed, 'top'>;
    if (typeof speed === 'number') return this.#played(maxTimeUs + this.aheadUs) / 1000 / speed;
    const [packets, bits] = [this.#packets, this.#bits];
    this.#packets += count;
    this.#bits += wireBytes * 8;
    return 'packetsPerSecond' in speed ? (packets / speed.packetsPerSecond) * 1e3 : (bits / speed.bitsPerSecond) * 1e3;
  }

  #played(eventUs: number): number {
    if (Number.isNaN(this.#newestUs)) this.#newestUs = eventUs;
    const advanceUs = eventUs - this.#newestUs;
    if (advanceUs > 0) {
      this.#playedUs += Math.min(advanceUs, IDLE_LIMIT_US);
      this.#newestUs = eventUs;
    }
    return this.#playedUs;
  }
}

/**
 * Parses a --speed value: `recorded`, `top`, a positive number with or without a leading x, or a rate such as `50000pps`
 * or `100mbps`. Undefined = not one.
 */
export function parseSpeed(text: string): ReplaySpeed | undefined {
  if (text === 'top') return 'top';
  if (text === 'recorded') return 1;
  const { factor, value, unit } =
    /^(?<factor>x?)(?<value>[\d.]+(?:e[+-]?\d+)?)(?<unit>pps|mbps|)$/.exec(text)?.groups ?? {};
  const number = Number(value);
  if (!(Number.isFinite(number) && number > 0) || (factor !== '' && unit !== '')) return undefined;
  if (unit === 'pps') return { packetsPerSecond: number };
  return unit === 'mbps' ? { bitsPerSecond: number * 1e6 } : number;
}

/** The --speed value that `parseSpeed` reads as this speed. */
export function speedText(speed: ReplaySpeed): string {
  if (typeof speed !== 'object') return String(speed);
  return 'packetsPerSecond' in speed ? `${speed.packetsPerSecond}pps` : `${speed.bitsPerSecond / 1e6}mbps`;
}
