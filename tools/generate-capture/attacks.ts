/** The attack phases: which packets they consist of, when they start, and the label row that says so afterwards. */
import { BOTS, ipv4Text, OUTSIDE, SERVER } from './hosts.ts';
import { TCP } from './frame-builder.ts';
import { HEADS, offsetIn } from './payload.ts';
import { OWNER, type ProfileName, type Traffic } from './traffic.ts';

export type AttackClass = 'port_scan' | 'syn_flood' | 'udp_flood' | 'host_sweep';

interface Plan {
  readonly attackClass: AttackClass;
  /** Starts when this share of the capture's packets has been sent. */
  readonly startsAt: number;
  /** Share of the capture's packets that the attackers send. */
  readonly share: number;
  /** Attack packets are at least this many where a tenth of the capture allows it, so that the attack is worth its name. */
  readonly least: number;
  readonly packetsPerSecond: number;
}

const PLANS: Record<ProfileName, readonly Plan[]> = {
  mix: [
    { attackClass: 'port_scan', startsAt: 0.1, share: 0.002, least: 1000, packetsPerSecond: 200 },
    { attackClass: 'syn_flood', startsAt: 0.3, share: 0.008, least: 5000, packetsPerSecond: 1500 },
    { attackClass: 'udp_flood', startsAt: 0.55, share: 0.03, least: 7000, packetsPerSecond: 2000 },
    { attackClass: 'host_sweep', startsAt: 0.8, share: 0.002, least: 1000, packetsPerSecond: 100 },
  ],
  small64: [
    { attackClass: 'port_scan', startsAt: 0.05, share: 0.06, least: 1000, packetsPerSecond: 5000 },
    { attackClass: 'syn_flood', startsAt: 0.2, share: 0.25, least: 5000, packetsPerSecond: 20_000 },
    { attackClass: 'udp_flood', startsAt: 0.55, share: 0.08, least: 7000, packetsPerSecond: 10_000 },
    { attackClass: 'host_sweep', startsAt: 0.75, share: 0.06, least: 1000, packetsPerSecond: 5000 },
  ],
};

/** Outside hosts that scan, and the inside targets of each attack. */
const SCANNER = OUTSIDE + 40_001;
const SWEEPER = OUTSIDE + 40_002;
const FLOODERS = { first: OUTSIDE + 40_010, count: 8 } as const;
const BOT_COUNT = 6000;
const SWEPT_HOSTS = 5000;
const SWEEP_PORT = 445;
const FLOODED_PORT = 3074;
const OPEN_PORTS = new Set([22, 80, 443]);

/** What one attack turned out to be; `attackPackets` counts what the filter selects. */
export interface AttackLabel {
  readonly attackClass: AttackClass;
  readonly filter: string;
  readonly attacker: string;
  readonly victim: string;
  attackPackets: number;
  firstUs: number;
  lastUs: number;
  windows10s: number;
  windows1s: number;
}

/** One running attack, and the probe its victim still has to answer. */
interface Phase {
  readonly plan: Plan;
  readonly label: AttackLabel;
  left: number;
  answerDue: boolean;
  source: number;
  destination: number;
  sourcePort: number;
  destinationPort: number;
  sequence: number;
}

export class Attacks {
  private readonly traffic: Traffic;
  private readonly limit: number;
  private readonly phases: Phase[] = [];

  /** @param packets how many packets the whole capture will have */
  constructor(traffic: Traffic, packets: number) {
    this.traffic = traffic;
    this.limit = packets;
  }

  /** What the phases that have started have been so far. */
  labels(): AttackLabel[] {
    return this.phases.map(({ label }) => label);
  }

  /** Starts the phase whose turn has come, if one has. */
  startDue(): void {
    const plan = PLANS[this.traffic.profile][this.phases.length];
    if (plan === undefined || this.traffic.packets < plan.startsAt * this.limit) return;
    const left = Math.max(Math.min(plan.least, Math.floor(this.limit / 10)), Math.round(plan.share * this.limit));
    const label = emptyLabel(plan.attackClass);
    const probe = { source: 0, destination: 0, sourcePort: 0, destinationPort: 0, sequence: 0 };
    this.phases.push({ plan, label, left, answerDue: false, ...probe });
    this.traffic.schedule(OWNER.attack, this.phases.length - 1, 0);
  }

  /** Sends the next packet of a phase: an attacker's, or the victim's answer to the one before. */
  advance(index: number): void {
    const phase = this.phases[index]!;
    const { traffic } = this;
    if (phase.answerDue) {
      phase.answerDue = false;
      this.answer(phase);
      traffic.send();
    } else {
      this.attack(phase.label);
      traffic.send();
      count(phase.label, traffic.lastUs);
      phase.left--;
      phase.answerDue = this.isAnswered(phase.label);
    }
    if (phase.answerDue) {
      this.remember(phase);
      traffic.schedule(OWNER.attack, index, 20 + traffic.random.exponential(60));
    } else if (phase.left > 0) {
      traffic.schedule(OWNER.attack, index, traffic.random.exponential(1e6 / phase.plan.packetsPerSecond));
    }
  }

  private attack(label: AttackLabel): void {
    const { frame, random } = this.traffic;
    const index = label.attackPackets;
    frame.ipv6 = false;
    frame.dontFragment = false;
    frame.ipId = random.below(65536);
    frame.timestamps = false;
    frame.windowScale = -1;
    frame.mss = 1460;
    frame.flags = TCP.syn;
    frame.acknowledgment = 0;
    frame.window = 1024;
    frame.clearPayload();
    switch (label.attackClass) {
      case 'port_scan':
        frame.sequence = 0x5eed0001;
        // A permutation of the ports: 24,097 is coprime to 65,535.
        this.probe(SCANNER, SERVER.web, 51234, 1 + ((index * 24_097) % 65_535));
        break;
      case 'host_sweep':
        frame.sequence = 0x5eed0002;
        this.probe(SWEEPER, 1024 + ((index * 1009) % SWEPT_HOSTS), 43210, SWEEP_PORT);
        break;
      case 'syn_flood':
        frame.sequence = random.u32();
        this.probe(BOTS + random.below(BOT_COUNT), SERVER.web, random.between(1024, 65535), 80);
        break;
      case 'udp_flood':
        this.floodDatagram(index);
    }
  }

  private probe(source: number, destination: number, sourcePort: number, destinationPort: number): void {
    const { frame } = this.traffic;
    frame.source = source;
    frame.destination = destination;
    frame.sourcePort = sourcePort;
    frame.destinationPort = destinationPort;
    frame.writeTcp();
  }

  private floodDatagram(index: number): void {
    const { frame, random, secret, profile } = this.traffic;
    const length = profile === 'small64' ? 22 : 512;
    frame.source = FLOODERS.first + (index % FLOODERS.count);
    frame.destination = SERVER.files;
    frame.sourcePort = 40_000 + (index % FLOODERS.count);
    frame.destinationPort = profile === 'small64' ? random.between(20_000, 65_535) : FLOODED_PORT;
    frame.setPayload(HEADS.none, secret, offsetIn(secret, length, index >> 6), length);
    frame.writeUdp();
  }

  /** Whether the victim answers the packet just sent: closed ports do, a full backlog mostly does not, dark addresses never. */
  private isAnswered(label: AttackLabel): boolean {
    if (label.attackClass === 'port_scan') return true;
    return label.attackClass === 'syn_flood' && this.traffic.random.chance(0.05);
  }

  private remember(phase: Phase): void {
    const { source, destination, sourcePort, destinationPort, sequence } = this.traffic.frame;
    Object.assign(phase, { source, destination, sourcePort, destinationPort, sequence });
  }

  /** The victim's answer: SYN-ACK from an open port, reset from a closed one. */
  private answer(probe: Phase): void {
    const { frame, random } = this.traffic;
    const open = OPEN_PORTS.has(probe.destinationPort);
    frame.source = probe.destination;
    frame.destination = probe.source;
    frame.sourcePort = probe.destinationPort;
    frame.destinationPort = probe.sourcePort;
    frame.acknowledgment = (probe.sequence + 1) >>> 0;
    frame.sequence = open ? random.u32() : 0;
    frame.ipv6 = false;
    frame.timestamps = false;
    frame.windowScale = -1;
    frame.clearPayload();
    frame.flags = TCP.ack | (open ? TCP.syn : TCP.rst);
    frame.window = open ? 64240 : 0;
    frame.mss = open ? 1460 : 0;
    frame.ipId = 0;
    frame.dontFragment = true;
    frame.writeTcp();
  }
}

function count(label: AttackLabel, timeUs: number): void {
  if (label.attackPackets === 0) label.firstUs = timeUs;
  if (label.attackPackets === 0 || Math.floor(timeUs / 1e7) !== Math.floor(label.lastUs / 1e7)) label.windows10s++;
  if (label.attackPackets === 0 || Math.floor(timeUs / 1e6) !== Math.floor(label.lastUs / 1e6)) label.windows1s++;
  label.attackPackets++;
  label.lastUs = timeUs;
}

function emptyLabel(attackClass: AttackClass): AttackLabel {
  const web = ipv4Text(SERVER.web);
  const files = ipv4Text(SERVER.files);
  const text = {
    port_scan: [`ip.src==${ipv4Text(SCANNER)} && ip.dst==${web}`, ipv4Text(SCANNER), web],
    syn_flood: [
      `ip.src==198.19.0.0/16 && ip.dst==${web} && tcp.dstport==80`,
      `${BOT_COUNT} forged sources`,
      `${web}:80`,
    ],
    udp_flood: [
      `udp && ip.dst==${files} && udp.srcport>=40000 && udp.srcport<=40007`,
      `${FLOODERS.count} sources`,
      files,
    ],
    host_sweep: [
      `ip.src==${ipv4Text(SWEEPER)}`,
      ipv4Text(SWEEPER),
      `${SWEPT_HOSTS} addresses of 10.20.0.0/16, port ${SWEEP_PORT}`,
    ],
  }[attackClass] as [string, string, string];
  const [filter, attacker, victim] = text;
  return {
    attackClass,
    filter,
    attacker,
    victim,
    attackPackets: 0,
    firstUs: 0,
    lastUs: 0,
    windows10s: 0,
    windows1s: 0,
  };
}
