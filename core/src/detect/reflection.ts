/**
 * Reflection: a host is buried under answers it never asked for, because someone asked with its address as the source.
 * Keyed by the victim; the reflectors are abused hosts and appear as contributors. Counts UDP from the ports of services
 * that amplify, UDP fragments (which have no ports), and TCP SYN-ACK and RST, on flows the victim sent nothing on.
 * One source answering many of our hosts is backscatter of an attack elsewhere: no host gets much of it, so none is named.
 */
import { ThetaSet } from '../sketch/theta-set.ts';
import { PANE_CONTACTS } from '../window/flow-bucket.ts';
import { IP_PROTOCOL } from '../window/flow-traits.ts';
import type { PaneView } from '../window/pane-view.ts';
import { isReflectorPort, REFLECTOR_PORTS } from '../window/reflector-ports.ts';
import type { Evidence } from './alert.ts';
import type { DetectorConfig } from './config.ts';
import { topContributors } from './contributors.ts';
import { oncePerView } from './once-per-view.ts';
import { ALONE, figure, mostByHost, reason, spanText, type Detector, type Finding, type Verdict } from './detector.ts';
import { largestFindings } from './largest-findings.ts';

/** What one host got by one protocol without asking. */
interface Unasked {
  packets: number;
  bytes: number;
  fragmentBytes: number;
  /** By the reflectors' port; 0 = fragments. */
  readonly bytesByPort: Map<number, number>;
  /** Host numbers, and hashes of those of folded flows. */
  readonly reflectors: Map<number, number>;
  readonly spread: ThetaSet;
  firstUs: number;
  lastUs: number;
}

type Protocol = 'tcp' | 'udp';

/** Share of a bucket's packets that decides for all of them. */
const FOLDED_SHARE = 0.9;

export const reflection: Detector = {
  name: 'reflection',
  version: 1,
  gravity: 0.5,
  lookbackWindows: () => 0,
  detect(view, config) {
    const found = (['udp', 'tcp'] as const).flatMap((protocol) =>
      [...floodedByAnswers(view, protocol, config)].map(([host, of]) => evidence(view, protocol, host, of)),
    );
    // One finding about a host: by the protocol that brought most packets.
    const byEntity = new Map<string, Finding>();
    for (const one of found) {
      const known = byEntity.get(one.entity);
      if (known === undefined || one.features['packets']! > known.features['packets']!) byEntity.set(one.entity, one);
    }
    return largestFindings([...byEntity.values()], 'bytes', config);
  },
  judge: (evidence, config) => judge(evidence.at(-1)!, config),
  statistics: [
    {
      feature: 'packets nobody asked for',
      unit: 'packets',
      floor: ({ reflection: { packets } }) => packets,
      summedWindows: ALONE,
      measure: (view, config) => mostUnasked(view, config, ({ packets }) => packets),
    },
    {
      feature: 'bytes nobody asked for',
      unit: 'bytes',
      floor: ({ reflection: { bytes } }) => bytes,
      summedWindows: ALONE,
      measure: (view, config) => mostUnasked(view, config, ({ bytes }) => bytes),
    },
  ],
};

/** By victim, by the protocol that brought it most. */
function mostUnasked(view: PaneView, config: DetectorConfig, of: (one: Unasked) => number): Map<number, number> {
  const udp = view.isOneSided ? [] : unaskedDatagrams(view, config).byHost;
  return mostByHost([...udp, ...unaskedTcp(view, config).byHost].map(([host, one]) => [host, of(one)]));
}

/** UDP packets that reflection accounts for, by victim's host number: the flood detector leaves them out. */
export function reflectedPackets(view: PaneView, config: DetectorConfig): Map<number, number> {
  return new Map([...floodedByAnswers(view, 'udp', config)].map(([host, { packets }]) => [host, packets]));
}

/**
 * Hosts above the floor. Where a capture shows one direction only, the questions may be what it does not show; TCP needs no
 * such care, since a connection that was asked for goes on after the SYN-ACK.
 */
function floodedByAnswers(view: PaneView, protocol: Protocol, config: DetectorConfig): Map<number, Unasked> {
  if (protocol === 'udp' && view.isOneSided) return new Map();
  const { byHost, asked } = protocol === 'udp' ? unaskedDatagrams(view, config) : unaskedTcp(view, config);
  const found = new Map<number, Unasked>();
  for (const [host, of] of byHost) {
    if (!view.hosts.isUnicast(host) || of.packets < config.reflection.unaskedRatio * (asked.get(host) ?? 0)) continue;
    for (const reflector of of.reflectors.keys()) of.spread.add(view.hosts.hash(reflector));
    if (isFlood(of, config)) found.set(host, of);
  }
  return found;
}

function isFlood(of: Unasked, { reflection: config }: DetectorConfig): boolean {
  const reflectors = Math.round(of.spread.estimate());
  if (of.packets >= config.packets && reflectors >= config.manyReflectors) return true;
  const isLarge = of.bytes >= config.meanBytes * of.packets || of.fragmentBytes >= config.fragmentShare * of.bytes;
  const few = of.bytesByPort.has(config.loudestPort) ? 1 : config.reflectors;
  return of.bytes >= config.bytes && isLarge && reflectors >= few;
}

interface Unanswered {
  readonly byHost: Map<number, Unasked>;
  /** Packets each host sent as questions of its own. */
  readonly asked: Map<number, number>;
}

const unaskedDatagrams = oncePerView((view): Unanswered => {
  const { flows } = view;
  const byHost = new Map<number, Unasked>();
  const asked = new Map<number, number>();
  const askedPairs = new Set<number>();
  for (let row = 0; row < flows.rows; row++) {
    if (flows.protocol[row] !== IP_PROTOCOL.udp || !isReflectorPort(view.port[row]!)) continue;
    const questions = flows.packets[2 * row + view.initiatorSide[row]!]!;
    if (questions === 0) continue;
    add(asked, view.initiator[row]!, questions);
    askedPairs.add(view.initiator[row]! * view.hosts.count + view.responder[row]!);
  }
  for (let row = 0; row < flows.rows; row++) {
    if (flows.protocol[row] !== IP_PROTOCOL.udp) continue;
    const isFragment = flows.sourcePort[row] === 0 && flows.destinationPort[row] === 0;
    if (!isFragment && !isReflectorPort(view.port[row]!)) continue;
    for (const side of isFragment ? ([0, 1] as const) : ([1 - view.initiatorSide[row]!] as (0 | 1)[])) {
      const fromResponder = side !== view.initiatorSide[row];
      const victim = fromResponder ? view.initiator[row]! : view.responder[row]!;
      const reflector = fromResponder ? view.responder[row]! : view.initiator[row]!;
      if (flows.packets[2 * row + side] === 0 || askedPairs.has(victim * view.hosts.count + reflector)) continue;
      if (!isFragment && flows.packets[2 * row + 1 - side]! > 0) continue;
      count(byHost, victim, reflector, isFragment ? 0 : view.port[row]!, view, row, side);
    }
  }
  for (const { bucket, host } of view.folded) {
    if (bucket.protocol !== IP_PROTOCOL.udp) continue;
    if (bucket.kind === 'sweep' && isReflectorPort(bucket.port) && bucket.packets[0] === 0) {
      const of = unaskedOf(byHost, host);
      of.packets += bucket.packets[1];
      of.bytes += bucket.bytes[1];
      add(of.bytesByPort, bucket.port, bucket.bytes[1]);
      extend(of, bucket.firstUs, bucket.lastUs);
    }
    if (bucket.kind === 'service' && bucket.port === 0 && bucket.packets[1] === 0) {
      const of = unaskedOf(byHost, host);
      of.packets += bucket.packets[0];
      of.bytes += bucket.bytes[0];
      of.fragmentBytes += bucket.bytes[0];
      add(of.bytesByPort, 0, bucket.bytes[0]);
      of.spread.merge(bucket.contacts);
      extend(of, bucket.firstUs, bucket.lastUs);
    }
  }
  mergeFoldedPeers(view, IP_PROTOCOL.udp, byHost);
  return { byHost, asked };
});

/** SYN-ACK and RST on flows where the victim sent nothing, or only the RST with which a stack answers such things. */
const unaskedTcp = oncePerView((view): Unanswered => {
  const { flows } = view;
  const byHost = new Map<number, Unasked>();
  const asked = new Map<number, number>();
  for (let row = 0; row < flows.rows; row++) {
    if (flows.protocol[row] !== IP_PROTOCOL.tcp) continue;
    for (const side of [0, 1] as const) {
      const own = 2 * row + 1 - side;
      const victim = side === view.initiatorSide[row] ? view.responder[row]! : view.initiator[row]!;
      const reflector = side === view.initiatorSide[row] ? view.initiator[row]! : view.responder[row]!;
      if (flows.opens[own]! > 0) add(asked, victim, flows.opens[own]!);
      const answers = flows.accepts[2 * row + side]! + flows.refusals[2 * row + side]!;
      if (answers === 0 || answers !== flows.packets[2 * row + side] || flows.opens[2 * row + side]! > 0) continue;
      if (flows.packets[own] !== flows.refusals[own]) continue;
      // Where both sent nothing but RST, neither is an answer to the other.
      if (flows.packets[own]! > 0 && flows.accepts[2 * row + side] === 0) continue;
      count(byHost, victim, reflector, portOf(view, row, side), view, row, side);
    }
  }
  for (const { bucket, host } of view.folded) {
    if (bucket.protocol !== IP_PROTOCOL.tcp || bucket.kind !== 'source') continue;
    if (bucket.opens > 0) add(asked, host, bucket.opens);
    const answers = bucket.accepts + bucket.refusals;
    // Folded flows are many in one: where nearly all of them are answers without a request, all count.
    if (answers < FOLDED_SHARE * bucket.packets[1] || bucket.packets[0] > (1 - FOLDED_SHARE) * answers) continue;
    const of = unaskedOf(byHost, host);
    of.packets += answers;
    of.bytes += bucket.bytes[1];
    extend(of, bucket.firstUs, bucket.lastUs);
  }
  mergeFoldedPeers(view, IP_PROTOCOL.tcp, byHost);
  return { byHost, asked };
});

/** Port of the sender on side `side` of a row. */
function portOf({ flows }: PaneView, row: number, side: 0 | 1): number {
  return (side === 0 ? flows.sourcePort : flows.destinationPort)[row]!;
}

function mergeFoldedPeers(view: PaneView, protocol: number, byHost: Map<number, Unasked>): void {
  for (const { bucket, host } of view.folded) {
    if (
      bucket.protocol !== protocol ||
      bucket.kind !== 'source' ||
      bucket.packets[0] > (1 - FOLDED_SHARE) * bucket.packets[1]
    )
      continue;
    byHost.get(host)?.spread.merge(bucket.contacts);
  }
}

function count(
  byHost: Map<number, Unasked>,
  victim: number,
  reflector: number,
  port: number,
  { flows }: PaneView,
  row: number,
  side: number,
): void {
  const of = unaskedOf(byHost, victim);
  const bytes = flows.bytes[2 * row + side]!;
  of.packets += flows.packets[2 * row + side]!;
  of.bytes += bytes;
  if (port === 0) of.fragmentBytes += bytes;
  add(of.bytesByPort, port, bytes);
  add(of.reflectors, reflector, bytes);
  extend(of, flows.firstUs[row]!, flows.lastUs[row]!);
}

function unaskedOf(byHost: Map<number, Unasked>, host: number): Unasked {
  let of = byHost.get(host);
  if (of === undefined) {
    of = {
      packets: 0,
      bytes: 0,
      fragmentBytes: 0,
      bytesByPort: new Map(),
      reflectors: new Map(),
      spread: new ThetaSet(PANE_CONTACTS),
      firstUs: Infinity,
      lastUs: -Infinity,
    };
    byHost.set(host, of);
  }
  return of;
}

function add(counts: Map<number, number>, key: number, more: number): void {
  counts.set(key, (counts.get(key) ?? 0) + more);
}

function extend(of: Unasked, firstUs: number, lastUs: number): void {
  of.firstUs = Math.min(of.firstUs, firstUs);
  of.lastUs = Math.max(of.lastUs, lastUs);
}

function evidence(view: PaneView, protocol: Protocol, host: number, of: Unasked): Finding {
  const target = view.hosts.text(host);
  const [port] = [...of.bytesByPort].filter(([one]) => one !== 0).sort((a, b) => b[1] - a[1] || a[0] - b[0])[0] ?? [0];
  return {
    entity: target,
    features: {
      packets: of.packets,
      bytes: of.bytes,
      fragmentBytes: of.fragmentBytes,
      reflectors: Math.round(of.spread.estimate()),
      port,
    },
    contacts: [],
    contributors: topContributors(
      [...of.reflectors].map(([reflector, value]) => ({ key: view.hosts.text(reflector), value, unit: 'bytes' })),
    ),
    firstPacketUs: of.firstUs,
    lastPacketUs: of.lastUs,
    filter: { fromUs: of.firstUs, toUs: of.lastUs + 1, host: target, protocol },
  };
}

function judge(last: Evidence, { reflection: config }: DetectorConfig): Verdict | null {
  const { packets, bytes, reflectors, port, fragmentBytes } = last.features as Record<string, number>;
  const isTcp = last.filter.protocol === 'tcp';
  const what = isTcp ? `SYN-ACK and RST packets` : `UDP packets`;
  const from = isTcp
    ? ''
    : port === 0
      ? ', all of them fragments'
      : `, most from ${REFLECTOR_PORTS[port!]!} (port ${port!})`;
  const fragments =
    fragmentBytes! > 0 ? `, ${figure((100 * fragmentBytes!) / bytes!)} % of the bytes in fragments` : '';
  return {
    ratio: Math.max(1, packets! / config.packets, isTcp ? 0 : bytes! / config.bytes),
    reasons: [
      reason('packets nobody asked for', packets!, 'packets', config.packets),
      ...(isTcp ? [] : [reason('bytes nobody asked for', bytes!, 'bytes', config.bytes)]),
      reason('reflectors', reflectors!, 'hosts', config.reflectors),
    ],
    summary:
      `${last.entity} got ${figure(packets!)} ${what} (${figure(bytes!)} bytes) in ` +
      `${spanText(last.windowEndUs - last.windowStartUs)} that it never asked for, from ${figure(reflectors!)} ` +
      `host${reflectors === 1 ? '' : 's'}${from}${fragments}`,
    attack: ['T1498.002'],
  };
}
