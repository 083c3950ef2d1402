/**
 * What UDP and ICMP floods share: a host gets far more packets of a protocol than it can be asking for. Keyed by the victim.
 * Packets are counted by direction, not by who began: a reflected flood looks like answers.
 */
import { ADDRESS_TYPE } from '../packet/columns.ts';
import { ThetaSet } from '../sketch/theta-set.ts';
import { PANE_CONTACTS } from '../window/flow-bucket.ts';
import type { Evidence } from './alert.ts';
import { topContributors } from './contributors.ts';
import type { DetectorConfig } from './config.ts';
import { dhcpFlood, isDhcp, judgeDhcp } from './dhcp-flood.ts';
import {
  ALONE,
  endpoint,
  figure,
  reason,
  rounded,
  spanText,
  type Detector,
  type Finding,
  type Verdict,
} from './detector.ts';
import { largestFindings } from './largest-findings.ts';
import type { PaneView } from '../window/pane-view.ts';
import { oncePerView } from './once-per-view.ts';
import { reflectedPackets } from './reflection.ts';

interface FloodKind {
  readonly name: 'udp-flood' | 'icmp-flood';
  /** Lower-case keyword for texts and filters. */
  readonly protocol: 'udp' | 'icmp';
  readonly protocols: readonly number[];
  /**
   * Whether answers speak against a flood. A host answers a UDP flood with nothing or ICMP, but every echo request of
   * an ICMP flood with a reply: there, only the side that did not begin counts as flooded.
   */
  readonly answersClear: boolean;
}

interface Received {
  packets: number;
  bytes: number;
  sent: number;
}

/** A detector of floods of one protocol. */
export function packetFlood(kind: FloodKind): Detector {
  const receivedBy = oncePerView((view) => receivedByHost(view, kind));
  return {
    name: kind.name,
    version: 1,
    gravity: 0.5,
    // A burst of DHCP requests is short and may lie across the edge of two windows; the others are judged by the last alone.
    lookbackWindows: () => (kind.protocol === 'udp' ? 1 : 0),
    detect(view, config) {
      const { packets, inOutRatio } = config.packetFlood;
      const found: Finding[] = kind.protocol === 'udp' ? dhcpFlood(view, config) : [];
      const reflected = kind.protocol === 'udp' ? reflectedPackets(view, config) : new Map<number, number>();
      receivedBy(view, config).forEach((received, host) => {
        if (received.packets < packets) return;
        // What reflection accounts for is that detector's: one cause, one alert.
        if (received.packets - (reflected.get(host) ?? 0) < packets) return;
        if (kind.answersClear && received.packets < inOutRatio * received.sent) return;
        if (view.hosts.isUnicast(host)) found.push(evidence(view, kind, host, received, config));
      });
      return largestFindings(found, 'packets', config);
    },
    judge(evidence, config) {
      const last = evidence.at(-1)!;
      return isDhcp(last) ? judgeDhcp(evidence, config) : judge(last, kind, config);
    },
    statistics: [
      {
        feature: 'packets received',
        unit: 'packets',
        floor: (config) => config.packetFlood.packets,
        summedWindows: ALONE,
        measure: (view, config) => Array.from(receivedBy(view, config), ([host, { packets }]) => [host, packets]),
      },
    ],
  };
}

function receivedByHost(view: PaneView, { protocols, answersClear }: FloodKind): Map<number, Received> {
  const byHost = new Map<number, Received>();
  const add = (host: number, packets: number, bytes: number, sent: number): void => {
    const known = byHost.get(host);
    if (known === undefined) byHost.set(host, { packets, bytes, sent });
    else {
      known.packets += packets;
      known.bytes += bytes;
      known.sent += sent;
    }
  };
  const { flows } = view;
  for (let row = 0; row < flows.rows; row++) {
    if (!protocols.includes(flows.protocol[row]!)) continue;
    const asked = 2 * row + view.initiatorSide[row]!;
    const answered = asked ^ 1;
    add(view.responder[row]!, flows.packets[asked]!, flows.bytes[asked]!, flows.packets[answered]!);
    if (answersClear)
      add(view.initiator[row]!, flows.packets[answered]!, flows.bytes[answered]!, flows.packets[asked]!);
  }
  for (const { bucket, host } of view.folded) {
    if (!protocols.includes(bucket.protocol)) continue;
    const [asked, answered] = bucket.packets;
    if (bucket.kind === 'victim') add(host, asked, bucket.bytes[0], answered);
    if (bucket.kind === 'source' && answersClear) add(host, answered, bucket.bytes[1], asked);
  }
  return byHost;
}

function evidence(view: PaneView, kind: FloodKind, host: number, received: Received, config: DetectorConfig): Finding {
  const { flows } = view;
  const senders = new Map<number, number>();
  const ports = new Map<number, number>();
  const add = (counts: Map<number, number>, key: number, packets: number): void => {
    counts.set(key, (counts.get(key) ?? 0) + packets);
  };
  let firstUs = Infinity;
  let lastUs = -Infinity;
  const spread = new ThetaSet(PANE_CONTACTS);
  for (let row = 0; row < flows.rows; row++) {
    if (!kind.protocols.includes(flows.protocol[row]!)) continue;
    const asked = 2 * row + view.initiatorSide[row]!;
    const isResponder = view.responder[row] === host;
    const packets = flows.packets[isResponder ? asked : asked ^ 1]!;
    const isInitiator = kind.answersClear && view.initiator[row] === host;
    if (packets === 0 || !(isResponder || isInitiator)) continue;
    add(senders, isResponder ? view.initiator[row]! : view.responder[row]!, packets);
    if (isResponder) add(ports, view.port[row]!, packets);
    firstUs = Math.min(firstUs, flows.firstUs[row]!);
    lastUs = Math.max(lastUs, flows.lastUs[row]!);
  }
  for (const { bucket, host: bucketHost, peer } of view.folded) {
    if (!kind.protocols.includes(bucket.protocol)) continue;
    if (bucket.kind === 'probe' && peer === host) add(senders, bucketHost, bucket.packets[0]);
    if (bucketHost !== host) continue;
    if (bucket.kind === 'service') add(ports, bucket.port, bucket.packets[0]);
    if (bucket.kind !== 'victim' && bucket.kind !== 'source') continue;
    spread.merge(bucket.contacts);
    firstUs = Math.min(firstUs, bucket.firstUs);
    lastUs = Math.max(lastUs, bucket.lastUs);
  }
  const [port, portPackets] = [...ports].sort((a, b) => b[1] - a[1] || a[0] - b[0])[0] ?? [0, 0];
  const isOnePort = kind.protocol === 'udp' && portPackets >= config.packetFlood.portShare * received.packets;
  for (const sender of senders.keys()) spread.add(view.hosts.hash(sender));
  const target = view.hosts.text(host);
  return {
    entity: isOnePort ? endpoint(target, port) : target,
    features: {
      packets: received.packets,
      bytes: received.bytes,
      sent: received.sent,
      sources: Math.round(spread.estimate()),
    },
    contacts: [],
    contributors: topContributors(
      [...senders].map(([sender, value]) => ({ key: view.hosts.text(sender), value, unit: 'packets' })),
    ),
    firstPacketUs: firstUs,
    lastPacketUs: lastUs,
    filter: {
      fromUs: firstUs,
      toUs: lastUs + 1,
      host: target,
      ...(isOnePort ? { port } : {}),
      protocol: protocolKeyword(kind, view, host),
    },
  };
}

/** ICMP of an IPv6 host has its own keyword. */
function protocolKeyword(kind: FloodKind, view: PaneView, host: number): string {
  if (kind.protocol === 'udp') return 'udp';
  return view.hosts.type(host) === ADDRESS_TYPE.ipv6 ? 'ipv6-icmp' : 'icmp';
}

function judge(last: Evidence, kind: FloodKind, { packetFlood: config }: DetectorConfig): Verdict | null {
  const { packets, bytes, sent, sources } = last.features as Record<string, number>;
  if (packets! < config.packets) return null;
  const perPacket = packets! / Math.max(1, sent!);
  return {
    ratio: packets! / config.packets,
    reasons: [
      reason('packets received', packets!, 'packets', config.packets),
      ...(kind.answersClear ? [reason('received per packet sent', perPacket, 'ratio', config.inOutRatio)] : []),
    ],
    summary:
      `${last.entity} got ${figure(packets!)} ${kind.protocol.toUpperCase()} packets (${figure(bytes!)} bytes) in ` +
      `${spanText(last.windowEndUs - last.windowStartUs)} from ${figure(sources!)} source${sources === 1 ? '' : 's'}, ` +
      `${rounded(perPacket)} for each it sent`,
    attack: ['T1498.001'],
  };
}
