/** What every part of the generator shares: the clock of events, randomness, the frame being built, and where frames go. */
import type { FrameSink } from '@tapline/core/pcap/frame-sink';
import { EventQueue } from './event-queue.ts';
import { FrameBuilder } from './frame-builder.ts';
import { randomPool, textPool, type Pool } from './payload.ts';
import { Prng } from '@tapline/core/eval/prng';

/** Which part of the generator an event belongs to; the item in the queue is owner * SLOTS + slot. */
export const OWNER = { arrival: 0, tcp: 1, datagrams: 2, attack: 3, routine: 4 } as const;
/** Slots per owner, and so the bound on conversations open at once per kind. */
export const SLOTS = 1 << 16;

/** Shape of the traffic: `mix` imitates a working day, `small64` is 64-byte frames, half of them attack. */
export type ProfileName = 'mix' | 'small64';

export class Traffic {
  readonly random: Prng;
  readonly queue = new EventQueue(3 * SLOTS);
  readonly frame = new FrameBuilder();
  readonly secret: Pool;
  readonly text: Pool;
  readonly profile: ProfileName;
  readonly startUs: number;
  packets = 0;
  bytes = 0;
  lastUs: number;
  private readonly sink: FrameSink;

  constructor(seed: number, profile: ProfileName, startUs: number, sink: FrameSink) {
    this.random = new Prng(seed);
    this.secret = randomPool(this.random);
    this.text = textPool(this.random);
    this.profile = profile;
    this.startUs = startUs;
    this.lastUs = startUs;
    this.sink = sink;
    if (profile === 'small64') this.frame.minimumLength = 64;
  }

  schedule(owner: number, slot: number, afterUs: number): void {
    this.queue.push(this.queue.timeUs + afterUs, owner * SLOTS + slot);
  }

  /** Sends the frame that was just built, at the time of the current event. */
  send(): void {
    const { frame } = this;
    const timeUs = this.startUs + Math.floor(this.queue.timeUs);
    this.sink.frame(frame.bytes, 0, frame.length, frame.length, timeUs, 0, 1);
    this.packets++;
    this.bytes += frame.length;
    this.lastUs = timeUs;
  }
}

/** Numbers of free slots, handed out lowest first and taken back in any order. */
export class SlotPool {
  private readonly free = new Uint32Array(SLOTS);
  private count = SLOTS;

  constructor() {
    for (let i = 0; i < SLOTS; i++) this.free[i] = SLOTS - 1 - i;
  }

  /** A free slot, or -1 when all are taken. */
  take(): number {
    return this.count === 0 ? -1 : this.free[--this.count]!;
  }

  giveBack(slot: number): void {
    this.free[this.count++] = slot;
  }
}
