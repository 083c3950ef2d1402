/**
 * The seeded traffic generator: a working day's mix of sizes, protocols and flows with labelled attack phases. The same
 * options give the same frames, byte for byte; memory does not grow with their number. Made for benches and property tests.
 */
import type { FrameSink } from '@tapline/core/pcap/frame-sink';
import { Attacks, type AttackLabel } from './attacks.ts';
import { Datagrams } from './datagrams.ts';
import { dayArrivalsPerSecond, Routine } from './routine.ts';
import { TcpConversations } from './tcp-conversations.ts';
import { OWNER, SLOTS, Traffic, type ProfileName } from './traffic.ts';

export interface GeneratorOptions {
  /** Exactly how many frames to make; at most, where `hours` are given. */
  readonly packets: number;
  /** Make an ordinary day of so many hours, busy and quiet by the hour, with routine work; without attacks. */
  readonly hours?: number;
  readonly seed: number;
  /** Default `mix`. */
  readonly profile?: ProfileName;
  /** Event time of the first conversation in microseconds; default 2026-01-05T08:00:00Z. */
  readonly startUs?: number;
  /** Leave the attack phases out: benign traffic only. */
  readonly benignOnly?: boolean;
}

export interface GeneratorResult {
  readonly packets: number;
  readonly bytes: number;
  readonly firstUs: number;
  readonly lastUs: number;
  readonly attacks: readonly AttackLabel[];
  /** Conversations that were not opened because too many were open. */
  readonly conversationsDropped: number;
}

const HOUR_US = 3_600e6;
const DEFAULT_START_US = Date.UTC(2026, 0, 5, 8) * 1000;
/** New conversations per second, tuned so that the mix runs at about 2,400 packets/s with 3.2 flows per 100 packets. */
const ARRIVALS_PER_SECOND = { mix: 50, small64: 90 } as const;
const TCP_SHARE = { mix: 0.42, small64: 0.7 } as const;

/**
 * Makes `options.packets` frames (Ethernet, whole, non-decreasing event times) and hands each to `sink`; the bytes are
 * valid only during the call. Any FrameSink will do: a pcap writer, or the decoder under test.
 */
export function generateFrames(options: GeneratorOptions, sink: FrameSink): GeneratorResult {
  const { packets, seed, profile = 'mix', startUs = DEFAULT_START_US, benignOnly = false, hours } = options;
  if (hours !== undefined && (!benignOnly || profile !== 'mix'))
    throw new RangeError('hours are for benign traffic of the profile mix');
  const traffic = new Traffic(seed, profile, startUs, sink);
  const tcp = new TcpConversations(traffic);
  const datagrams = new Datagrams(traffic);
  const attacks = new Attacks(traffic, packets);
  const routine = new Routine(traffic, tcp);
  let firstUs = startUs;
  traffic.schedule(OWNER.arrival, 0, 0);
  if (hours !== undefined) routine.begin();
  const arrivalsPerSecond = (): number =>
    hours === undefined ? ARRIVALS_PER_SECOND[profile] : dayArrivalsPerSecond(startUs + traffic.queue.timeUs);
  const endUs = hours === undefined ? Infinity : hours * HOUR_US;
  while (traffic.packets < packets) {
    const item = traffic.queue.pop();
    if (traffic.queue.timeUs > endUs) break;
    const slot = item % SLOTS;
    switch ((item - slot) / SLOTS) {
      case OWNER.tcp:
        tcp.advance(slot);
        break;
      case OWNER.datagrams:
        datagrams.advance(slot);
        break;
      case OWNER.attack:
        attacks.advance(slot);
        break;
      case OWNER.routine:
        routine.advance(slot);
        continue;
      default:
        if (traffic.random.chance(TCP_SHARE[profile])) tcp.open();
        else datagrams.open();
        traffic.schedule(OWNER.arrival, 0, traffic.random.exponential(1e6 / arrivalsPerSecond()));
        continue;
    }
    if (traffic.packets === 1) firstUs = traffic.lastUs;
    if (!benignOnly) attacks.startDue();
  }
  return {
    packets: traffic.packets,
    bytes: traffic.bytes,
    firstUs,
    lastUs: traffic.lastUs,
    attacks: attacks.labels(),
    conversationsDropped: tcp.dropped + datagrams.dropped,
  };
}
