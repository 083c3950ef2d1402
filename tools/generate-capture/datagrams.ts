/** Benign exchanges that are not TCP: DNS, NTP, QUIC-like streams, pings, ARP. One event is one packet. */
import { CLIENTS, OUTSIDE, OUTSIDE_SERVERS, ROUTER, SERVER } from './hosts.ts';
import { writeDnsQuery, writeDnsResponse } from './dns-message.ts';
import { HEADS, offsetIn, type Heads } from './payload.ts';
import { OWNER, SlotPool, SLOTS, type Traffic } from './traffic.ts';

const KIND = { dns: 0, ntp: 1, quic: 2, ping: 3, arp: 4, ticks: 5 } as const;
/** Shares of the kinds, in the order of KIND, per profile. */
const WEIGHTS = { mix: [78, 4, 7, 3, 8, 0], small64: [0, 0, 0, 10, 5, 85] } as const;
const QUIC_DATAGRAM = 1250;
/** Every how many datagrams of a stream the client answers. */
const QUIC_ANSWER_EVERY = 4;
const LARGEST_STREAM = 1500;

export class Datagrams {
  dropped = 0;
  private readonly traffic: Traffic;
  private readonly slots = new SlotPool();
  private readonly kind = new Uint8Array(SLOTS);
  private readonly ipv6 = new Uint8Array(SLOTS);
  private readonly client = new Uint32Array(SLOTS);
  private readonly server = new Uint32Array(SLOTS);
  private readonly port = new Uint16Array(SLOTS);
  /** Packets sent so far, and how many the exchange has in all. */
  private readonly sent = new Uint16Array(SLOTS);
  private readonly total = new Uint16Array(SLOTS);
  private readonly key = new Uint32Array(SLOTS);
  private readonly roundTripUs = new Float64Array(SLOTS);
  private readonly message = Buffer.alloc(512);

  constructor(traffic: Traffic) {
    this.traffic = traffic;
  }

  /** Begins an exchange of a drawn kind now; its first packet is its own event. */
  open(): void {
    const slot = this.slots.take();
    if (slot < 0) {
      this.dropped++;
      return;
    }
    const { random, profile } = this.traffic;
    const weights = WEIGHTS[profile];
    let left = random.unit() * 100;
    let kind = 0;
    while (kind < weights.length - 1 && left >= weights[kind]!) left -= weights[kind++]!;
    this.kind[slot] = kind;
    this.ipv6[slot] = profile === 'mix' && kind !== KIND.arp && random.chance(0.055) ? 1 : 0;
    this.client[slot] = CLIENTS.first + random.below(CLIENTS.count);
    this.server[slot] = this.drawServer(kind);
    this.port[slot] = kind === KIND.ntp ? 123 : random.between(32768, 60999);
    this.sent[slot] = 0;
    this.total[slot] = this.drawTotal(kind);
    this.key[slot] = random.u32();
    this.roundTripUs[slot] = 200 + random.exponential(this.server[slot] < OUTSIDE ? 300 : 25_000);
    this.traffic.schedule(OWNER.datagrams, slot, 0);
  }

  /** Sends the packet an exchange is due for and schedules the next. */
  advance(slot: number): void {
    const { frame, random } = this.traffic;
    const kind = this.kind[slot]!;
    const index = this.sent[slot]!;
    const reply = kind === KIND.quic ? index % QUIC_ANSWER_EVERY !== 0 : index % 2 === 1;
    frame.source = reply ? this.server[slot]! : this.client[slot]!;
    frame.destination = reply ? this.client[slot]! : this.server[slot]!;
    frame.ipv6 = this.ipv6[slot] === 1;
    frame.ipId = random.below(65536);
    frame.dontFragment = kind === KIND.quic;
    if (kind === KIND.arp) frame.writeArp(reply);
    else if (kind === KIND.ping) this.writePing(slot, reply);
    else this.writeUdp(slot, reply);
    this.traffic.send();
    if (++this.sent[slot]! >= this.total[slot]!) {
      this.slots.giveBack(slot);
      return;
    }
    this.traffic.schedule(OWNER.datagrams, slot, this.gapUs(slot, reply));
  }

  private drawServer(kind: number): number {
    const { random } = this.traffic;
    if (kind === KIND.arp) return random.chance(0.7) ? ROUTER : CLIENTS.first + random.below(CLIENTS.count);
    if (kind === KIND.dns && random.chance(0.9)) return SERVER.dns;
    return OUTSIDE + Math.floor(OUTSIDE_SERVERS * random.unit() ** 3);
  }

  private drawTotal(kind: number): number {
    const { random } = this.traffic;
    if (kind === KIND.quic) return Math.min(LARGEST_STREAM, Math.ceil(random.logNormal(28, 1.3)));
    if (kind === KIND.ping) return 2 * random.between(1, 8);
    if (kind === KIND.ticks) return 2 * random.between(2, 40);
    return random.chance(0.015) ? 1 : 2;
  }

  private gapUs(slot: number, afterReply: boolean): number {
    const { random } = this.traffic;
    const kind = this.kind[slot]!;
    if (kind === KIND.quic) return afterReply ? 60 + random.exponential(400) : this.roundTripUs[slot]!;
    if (!afterReply) return this.roundTripUs[slot]!;
    return kind === KIND.ping ? 1_000_000 : random.exponential(50_000);
  }

  private writePing(slot: number, reply: boolean): void {
    const { frame, text, profile } = this.traffic;
    frame.setPayload(HEADS.none, text, offsetIn(text, 56, this.key[slot]!), profile === 'mix' ? 56 : 22);
    frame.writeEcho(reply, this.key[slot]! & 0xffff, (this.sent[slot]! >> 1) + 1);
  }

  private writeUdp(slot: number, reply: boolean): void {
    const { frame, secret } = this.traffic;
    const kind = this.kind[slot]!;
    const service = SERVICE_PORT[kind]!;
    frame.sourcePort = reply ? service : this.port[slot]!;
    frame.destinationPort = reply ? this.port[slot]! : service;
    if (kind === KIND.dns) {
      const { message } = this;
      const length = reply ? writeDnsResponse(message, this.key[slot]!) : writeDnsQuery(message, this.key[slot]!);
      frame.setPayloadBytes(message, length);
    } else {
      const length = this.payloadLength(slot, reply);
      const head = UDP_HEADS[kind]![reply ? 1 : 0];
      frame.setPayload(head, secret, offsetIn(secret, length, this.key[slot]! + this.sent[slot]!), length);
    }
    frame.writeUdp();
  }

  private payloadLength(slot: number, reply: boolean): number {
    const kind = this.kind[slot]!;
    if (kind === KIND.ntp) return 48;
    if (kind === KIND.ticks) return 22;
    return reply || this.sent[slot] === 0 ? QUIC_DATAGRAM : 33;
  }
}

/** Service port, and what requests and responses begin with, in the order of KIND. */
const SERVICE_PORT = [53, 123, 443, 0, 0, 27015];
const NO_HEADS: Heads = [HEADS.none, HEADS.none];
const UDP_HEADS: readonly Heads[] = [
  NO_HEADS,
  [HEADS.ntpRequest, HEADS.ntpResponse],
  [HEADS.quic, HEADS.quic],
  NO_HEADS,
  NO_HEADS,
  NO_HEADS,
];
