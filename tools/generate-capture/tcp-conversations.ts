/**
 * Benign TCP conversations: handshake, turns of request and response cut into segments, delayed acknowledgments, a
 * congestion window that doubles per round trip, a few retransmissions, and the close. One event is one packet.
 */
import { CLIENTS, OUTSIDE, OUTSIDE_SERVERS, SERVER } from './hosts.ts';
import { TCP } from './frame-builder.ts';
import { HEADS, offsetIn } from './payload.ts';
import { drawService, MIX_SERVICES, SMALL_SERVICES, type Service } from './services.ts';
import { OWNER, SlotPool, SLOTS, type Traffic } from './traffic.ts';

const STEP = {
  syn: 0,
  synAck: 1,
  ack: 2,
  data: 3,
  dataAck: 4,
  fin: 5,
  finAck: 6,
  lastAck: 7,
  refused: 8,
  silent: 9,
} as const;
const LARGEST_MESSAGE = 3_000_000;
const INITIAL_WINDOW_SEGMENTS = 10;
const LARGEST_WINDOW_SEGMENTS = 64;
const RETRANSMIT_PROBABILITY = 0.001;
const RETRANSMIT_TIMEOUT_US = 210_000;
const SYN_TIMEOUT_US = 1_020_000;
/** Shares of connection attempts that nobody answers and that a closed port refuses. */
const SILENT_PROBABILITY = 0.008;
const REFUSED_PROBABILITY = 0.022;
const SMALL_SEGMENT = 10;

/** A conversation that is not drawn: routine work. */
export interface PlannedConversation {
  /** Name of the service, one of the profile's. */
  readonly service: string;
  readonly client: number;
  readonly server: number;
  /** What the first request after the handshake carries. */
  readonly requestBytes: number;
}

export class TcpConversations {
  dropped = 0;
  private readonly traffic: Traffic;
  private readonly services: readonly Service[];
  private readonly slots = new SlotPool();
  private readonly step = new Uint8Array(SLOTS);
  private readonly service = new Uint8Array(SLOTS);
  private readonly ipv6 = new Uint8Array(SLOTS);
  private readonly timestamps = new Uint8Array(SLOTS);
  /** Which side sends the current message: 0 = client, 1 = server. */
  private readonly sender = new Uint8Array(SLOTS);
  private readonly turn = new Uint16Array(SLOTS);
  private readonly turnsLeft = new Uint16Array(SLOTS);
  private readonly messageLeft = new Uint32Array(SLOTS);
  private readonly messageStarted = new Uint8Array(SLOTS);
  private readonly unacknowledged = new Uint8Array(SLOTS);
  private readonly windowSegments = new Uint8Array(SLOTS);
  private readonly flightLeft = new Uint8Array(SLOTS);
  /** What the first request after the handshake carries, when it is not drawn. */
  private readonly requestBytes = new Uint32Array(SLOTS);
  private readonly roundTripUs = new Float64Array(SLOTS);
  private readonly segmentGapUs = new Float64Array(SLOTS);
  // Two entries per slot: the client's side and the server's.
  private readonly host = new Uint32Array(2 * SLOTS);
  private readonly port = new Uint16Array(2 * SLOTS);
  private readonly sequence = new Uint32Array(2 * SLOTS);
  private readonly ipId = new Uint16Array(2 * SLOTS);
  private readonly window = new Uint16Array(2 * SLOTS);
  private readonly clockBase = new Uint32Array(2 * SLOTS);
  private readonly clockSeen = new Uint32Array(2 * SLOTS);

  constructor(traffic: Traffic) {
    this.traffic = traffic;
    this.services = traffic.profile === 'small64' ? SMALL_SERVICES : MIX_SERVICES;
  }

  /** Opens a conversation now, of a drawn service between drawn hosts where nothing is said; its first packet is its own event. */
  open({ service: name, client, server, requestBytes = 0 }: Partial<PlannedConversation> = {}): void {
    const slot = this.slots.take();
    if (slot < 0) {
      this.dropped++;
      return;
    }
    const { traffic } = this;
    const { random } = traffic;
    const index =
      name === undefined
        ? drawService(this.services, random.unit())
        : this.services.findIndex((service) => service.name === name);
    const service = this.services[index]!;
    const inside = server === undefined ? random.chance(service.inside) : server < OUTSIDE;
    const small = traffic.profile === 'small64';
    this.service[slot] = index;
    this.ipv6[slot] = !small && random.chance(0.055) ? 1 : 0;
    this.timestamps[slot] = !small && random.chance(0.85) ? 1 : 0;
    this.turn[slot] = 0;
    this.turnsLeft[slot] = service.intro.length + 1 + Math.floor(random.exponential(service.turns));
    this.unacknowledged[slot] = 0;
    this.windowSegments[slot] = INITIAL_WINDOW_SEGMENTS;
    this.roundTripUs[slot] = inside ? 200 + random.exponential(200) : 4000 + random.exponential(30_000);
    this.segmentGapUs[slot] = inside ? 13 : 15 + random.exponential(120);
    this.host[2 * slot] = client ?? CLIENTS.first + random.below(CLIENTS.count);
    this.host[2 * slot + 1] =
      server ?? (inside ? insideServer(service) : OUTSIDE + Math.floor(OUTSIDE_SERVERS * random.unit() ** 3));
    this.port[2 * slot] = random.between(32768, 60999);
    this.port[2 * slot + 1] = service.port;
    this.requestBytes[slot] = requestBytes;
    for (let side = 2 * slot; side < 2 * slot + 2; side++) {
      this.sequence[side] = random.u32();
      this.ipId[side] = random.u32();
      this.window[side] = 502 - 9 * random.below(3);
      this.clockBase[side] = random.u32();
      this.clockSeen[side] = 0;
    }
    this.step[slot] = STEP.syn;
    traffic.schedule(OWNER.tcp, slot, 0);
  }

  /** Sends the packet a conversation is due for and schedules the next. */
  advance(slot: number): void {
    switch (this.step[slot]!) {
      case STEP.syn:
        this.sendSyn(slot);
        break;
      case STEP.synAck:
        this.sendSynAck(slot);
        break;
      case STEP.ack:
        this.sendSegment(slot, 0, TCP.ack, 0);
        this.startMessage(slot, 0, this.traffic.random.exponential(300));
        break;
      case STEP.data:
        this.sendData(slot);
        break;
      case STEP.dataAck:
        this.sendDataAck(slot);
        break;
      case STEP.fin:
        this.sendFin(slot, 0, STEP.finAck, this.roundTripUs[slot]!);
        break;
      case STEP.finAck:
        this.sendFin(slot, 1, STEP.lastAck, this.traffic.random.exponential(60));
        break;
      case STEP.lastAck:
        this.sendLast(slot, 0, TCP.ack);
        break;
      case STEP.refused:
        this.sendLast(slot, 1, TCP.rst | TCP.ack);
        break;
      default:
        this.sendLast(slot, 0, TCP.syn);
    }
  }

  private next(slot: number, step: number, afterUs: number): void {
    this.step[slot] = step;
    this.traffic.schedule(OWNER.tcp, slot, afterUs);
  }

  private sendSyn(slot: number): void {
    const { random } = this.traffic;
    this.sendSegment(slot, 0, TCP.syn, 0);
    const fate = random.unit();
    if (fate < SILENT_PROBABILITY) {
      this.next(slot, STEP.silent, SYN_TIMEOUT_US);
      return;
    }
    this.sequence[2 * slot]!++;
    const answer = fate < SILENT_PROBABILITY + REFUSED_PROBABILITY ? STEP.refused : STEP.synAck;
    this.next(slot, answer, this.roundTripUs[slot]! * (1 + 0.1 * random.unit()));
  }

  private sendFin(slot: number, direction: number, nextStep: number, afterUs: number): void {
    this.sendSegment(slot, direction, TCP.fin | TCP.ack, 0);
    this.sequence[2 * slot + direction]!++;
    this.next(slot, nextStep, afterUs);
  }

  private sendLast(slot: number, direction: number, flags: number): void {
    this.sendSegment(slot, direction, flags, 0);
    this.slots.giveBack(slot);
  }

  private sendSynAck(slot: number): void {
    this.sendSegment(slot, 1, TCP.syn | TCP.ack, 0);
    this.sequence[2 * slot + 1]!++;
    this.next(slot, STEP.ack, 20 + this.traffic.random.exponential(50));
  }

  private startMessage(slot: number, sender: number, afterUs: number): void {
    const service = this.services[this.service[slot]!]!;
    const fixed = service.intro[this.turn[slot]!];
    const [median, sigma] = sender === 0 ? service.request : service.response;
    const drawn = Math.min(LARGEST_MESSAGE, Math.ceil(this.traffic.random.logNormal(median, sigma)));
    this.messageLeft[slot] = fixed === undefined ? drawn : fixed[sender]!;
    const planned = this.requestBytes[slot]!;
    if (planned > 0 && sender === 0 && this.turn[slot] === service.intro.length) this.messageLeft[slot] = planned;
    this.messageStarted[slot] = 0;
    this.sender[slot] = sender;
    this.flightLeft[slot] = this.windowSegments[slot]!;
    this.next(slot, STEP.data, afterUs);
  }

  private sendData(slot: number): void {
    const { random } = this.traffic;
    const sender = this.sender[slot]!;
    const left = this.messageLeft[slot]!;
    const length = Math.min(left, this.segmentLimit(slot));
    this.sendSegment(slot, sender, length === left ? TCP.psh | TCP.ack : TCP.ack, length);
    if (random.chance(RETRANSMIT_PROBABILITY)) {
      this.next(slot, STEP.data, RETRANSMIT_TIMEOUT_US);
      return;
    }
    this.messageStarted[slot] = 1;
    this.sequence[2 * slot + sender]! += length;
    this.messageLeft[slot] = left - length;
    this.flightLeft[slot]!--;
    this.unacknowledged[slot]!++;
    const done = length === left;
    // A server often acknowledges a request with the response itself.
    if (done && sender === 0 && random.chance(0.4)) this.endMessage(slot, random.exponential(400));
    else if (done || this.unacknowledged[slot]! >= 2) this.next(slot, STEP.dataAck, 15 + random.exponential(40));
    else this.next(slot, STEP.data, this.segmentGapUs[slot]!);
  }

  private sendDataAck(slot: number): void {
    const receiver = 2 * slot + 1 - this.sender[slot]!;
    this.sendSegment(slot, 1 - this.sender[slot]!, TCP.ack, 0);
    // The receive window grows with what arrives, as an auto-tuning receiver's does, up to its limit.
    if (this.window[receiver]! < 2500) this.window[receiver]! += 12 * this.unacknowledged[slot]!;
    this.unacknowledged[slot] = 0;
    if (this.messageLeft[slot] === 0) this.endMessage(slot, 0);
    else if (this.flightLeft[slot]! > 1) this.next(slot, STEP.data, this.segmentGapUs[slot]!);
    else {
      this.windowSegments[slot] = Math.min(LARGEST_WINDOW_SEGMENTS, 2 * this.windowSegments[slot]!);
      this.flightLeft[slot] = this.windowSegments[slot]!;
      this.next(slot, STEP.data, this.roundTripUs[slot]!);
    }
  }

  /** The other side's turn, or the next request after a pause, or the close. */
  private endMessage(slot: number, delayUs: number): void {
    const { random } = this.traffic;
    const service = this.services[this.service[slot]!]!;
    this.unacknowledged[slot] = 0;
    if (this.sender[slot] === 0) {
      this.startMessage(slot, 1, delayUs + this.roundTripUs[slot]! + random.exponential(5000));
      return;
    }
    this.turn[slot]!++;
    this.turnsLeft[slot]!--;
    if (this.turnsLeft[slot] === 0) {
      this.next(slot, STEP.fin, random.exponential(50_000));
      return;
    }
    const hurry = this.turn[slot]! <= service.intro.length;
    this.startMessage(slot, 0, delayUs + random.exponential(hurry ? 1500 : service.thinkUs));
  }

  private segmentLimit(slot: number): number {
    if (this.traffic.profile === 'small64') return SMALL_SEGMENT;
    return (this.ipv6[slot] === 1 ? 1440 : 1460) - (this.timestamps[slot] === 1 ? 12 : 0);
  }

  private sendSegment(slot: number, direction: number, flags: number, payloadLength: number): void {
    const { traffic } = this;
    const { frame } = traffic;
    const own = 2 * slot + direction;
    const other = 2 * slot + 1 - direction;
    const syn = (flags & TCP.syn) !== 0;
    frame.source = this.host[own]!;
    frame.destination = this.host[other]!;
    frame.sourcePort = this.port[own]!;
    frame.destinationPort = this.port[other]!;
    frame.ipv6 = this.ipv6[slot] === 1;
    frame.dontFragment = true;
    frame.ipId = syn && direction === 1 ? 0 : this.ipId[own]!++;
    frame.sequence = this.sequence[own]!;
    frame.acknowledgment = (flags & TCP.ack) !== 0 ? this.sequence[other]! : 0;
    frame.flags = flags;
    frame.window = (flags & TCP.rst) !== 0 ? 0 : syn ? 64240 : this.window[own]!;
    frame.mss = syn ? (frame.ipv6 ? 1440 : 1460) : 0;
    frame.windowScale = syn && traffic.profile !== 'small64' ? 7 : -1;
    this.setTimestamps(slot, own, other, flags);
    if (payloadLength === 0) frame.clearPayload();
    else this.setPayload(slot, direction, payloadLength);
    frame.writeTcp();
    traffic.send();
  }

  private setTimestamps(slot: number, own: number, other: number, flags: number): void {
    const { frame, queue } = this.traffic;
    frame.timestamps = this.timestamps[slot] === 1 && (flags & TCP.rst) === 0;
    if (!frame.timestamps) return;
    const value = (this.clockBase[own]! + Math.floor(queue.timeUs / 1000)) >>> 0;
    frame.timestampValue = value;
    frame.timestampEcho = (flags & TCP.ack) !== 0 ? this.clockSeen[other]! : 0;
    this.clockSeen[own] = value;
  }

  private setPayload(slot: number, direction: number, length: number): void {
    const { frame, secret, text } = this.traffic;
    const service = this.services[this.service[slot]!]!;
    const pool = service.encrypted ? secret : text;
    const heads = this.turn[slot] === 0 ? service.heads : service.laterHeads;
    const head = this.messageStarted[slot] === 0 ? heads[direction as 0 | 1] : HEADS.none;
    frame.setPayload(head, pool, offsetIn(pool, length, frame.sequence), length);
  }
}

function insideServer(service: Service): number {
  if (service.port === 22) return SERVER.ssh;
  return service.port === 445 ? SERVER.files : SERVER.web;
}
