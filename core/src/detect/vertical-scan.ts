/**
 * Vertical scan: one source tries many ports of one host. Counts distinct ports, over five minutes, that refused or kept
 * silent, and TCP probes no stack would send (NULL, FIN, Xmas, lone ACK). Mute in one-sided captures, and about a host
 * that is being flooded on all its ports.
 */
import { ThetaSet } from '../sketch/theta-set.ts';
import { PANE_CONTACTS, portHash } from '../window/flow-bucket.ts';
import { IP_PROTOCOL, isAnswered, isFailedContact, isIllegalProbe } from '../window/flow-traits.ts';
import type { Evidence } from './alert.ts';
import type { DetectorConfig } from './config.ts';
import { topContributors } from './contributors.ts';
import { ALONE, figure, mostByHost, reason, spanText, type Detector, type Finding, type Verdict } from './detector.ts';
import { largestFindings } from './largest-findings.ts';
import type { PaneView } from '../window/pane-view.ts';
import { oncePerView } from './once-per-view.ts';
import { hostsFloodedOnAnyPort } from './syn-flood.ts';
import { uniteContacts } from './unite.ts';

/** What one source tried on one host with one protocol. */
interface Probing {
  readonly source: number;
  readonly target: number;
  readonly protocol: number;
  readonly failedPorts: ThetaSet;
  readonly answeredPorts: Set<number>;
  illegal: number;
  firstUs: number;
  lastUs: number;
}

export const verticalScan: Detector = {
  name: 'vertical-scan',
  version: 1,
  gravity: 0,
  lookbackWindows: (config) => config.verticalScan.lookbackWindows,
  detect(view, config) {
    if (view.isOneSided) return [];
    const bySource = new Map<number, Probing[]>();
    const flooded = hostsFloodedOnAnyPort(view, config);
    for (const probing of findProbings(view, config)) {
      if (flooded.has(probing.target)) continue;
      const known = bySource.get(probing.source);
      if (known === undefined) bySource.set(probing.source, [probing]);
      else known.push(probing);
    }
    const found = Array.from(bySource.values(), (probings) => evidence(view, probings));
    return largestFindings(found, 'failedPorts', config);
  },
  judge,
  statistics: [
    {
      feature: 'ports without an answer',
      unit: 'ports',
      floor: ({ verticalScan: { ports, netFailures } }) => Math.min(ports, netFailures),
      // As for hosts: what is distinct does not add up.
      summedWindows: ALONE,
      measure: (view, config) => mostOfProbings(view, config, ({ failedPorts }) => Math.round(failedPorts.estimate())),
    },
    {
      feature: 'probes with impossible flags',
      unit: 'probes',
      floor: ({ verticalScan: { illegalProbes } }) => illegalProbes,
      summedWindows: ({ verticalScan }) => verticalScan.lookbackWindows,
      measure: (view, config) => mostOfProbings(view, config, ({ illegal }) => illegal),
    },
  ],
};

/** By source, the most of one of its targets. */
function mostOfProbings(view: PaneView, config: DetectorConfig, of: (probing: Probing) => number): Map<number, number> {
  if (view.isOneSided) return new Map();
  return mostByHost(findProbings(view, config).map((probing) => [probing.source, of(probing)]));
}

/** Every (source, target, protocol) with a failed port. */
const findProbings = oncePerView((view, config): readonly Probing[] => {
  const probings = new Map<number, Probing>();
  addFailures(view, config, probings);
  const { flows } = view;
  for (let row = 0; row < flows.rows; row++) {
    const probing = probings.get(probingKey(view, view.initiator[row]!, view.responder[row]!, flows.protocol[row]!));
    if (probing === undefined || view.port[row] === 0) continue;
    if (isAnswered(flows, row, view.initiatorSide[row] as 0 | 1)) probing.answeredPorts.add(view.port[row]!);
  }
  return [...probings.values()];
});

function addFailures(view: PaneView, config: DetectorConfig, probings: Map<number, Probing>): void {
  const { flows, hosts } = view;
  const refused = refusedPairs(view);
  const trustSilence = view.twoWayShare >= config.minTwoWayShare;
  for (let row = 0; row < flows.rows; row++) {
    const protocol = flows.protocol[row]!;
    const [source, target, port] = [view.initiator[row]!, view.responder[row]!, view.port[row]!];
    if (port === 0 || (protocol !== IP_PROTOCOL.tcp && protocol !== IP_PROTOCOL.udp)) continue;
    const illegal = isIllegalProbe(flows, row);
    if (!illegal && !isFailedContact(flows, row, view.initiatorSide[row] as 0 | 1)) continue;
    const silenceCounts = trustSilence || refused.has(pairKey(view, source, target));
    if (protocol === IP_PROTOCOL.udp && !udpMayProve(config, port, silenceCounts)) continue;
    if (!hosts.isUnicast(target)) continue;
    const probing = probingFor(probings, view, source, target, protocol);
    probing.failedPorts.add(portHash(port));
    if (illegal) probing.illegal++;
    extend(probing, flows.firstUs[row]!, flows.lastUs[row]!);
  }
  for (const { bucket, host, peer } of view.folded) {
    if (bucket.kind !== 'probe' || 2 * bucket.failed < bucket.flows || !hosts.isUnicast(peer)) continue;
    if (bucket.protocol !== IP_PROTOCOL.tcp && bucket.protocol !== IP_PROTOCOL.udp) continue;
    if (bucket.protocol === IP_PROTOCOL.udp && !trustSilence && !refused.has(pairKey(view, host, peer))) continue;
    const probing = probingFor(probings, view, host, peer, bucket.protocol);
    probing.failedPorts.merge(bucket.contacts);
    probing.illegal += bucket.illegal;
    extend(probing, bucket.firstUs, bucket.lastUs);
  }
}

/** Silence on UDP is a failure only where answers are seen at all, or the target refuses this source by ICMP. */
function udpMayProve({ verticalScan }: DetectorConfig, port: number, silenceCounts: boolean): boolean {
  const [first, last] = verticalScan.traceroutePorts;
  return silenceCounts && !(port >= first && port <= last);
}

function pairKey(view: PaneView, source: number, target: number): number {
  return source * view.hosts.count + target;
}

function probingKey(view: PaneView, source: number, target: number, protocol: number): number {
  return pairKey(view, source, target) * 256 + (protocol & 0xff);
}

/** Pairs (source, target) where the target sent the source ICMP destination unreachable. */
function refusedPairs(view: PaneView): Set<number> {
  const { flows } = view;
  const pairs = new Set<number>();
  for (let row = 0; row < flows.rows; row++) {
    if (flows.protocol[row] !== IP_PROTOCOL.icmp && flows.protocol[row] !== IP_PROTOCOL.icmpv6) continue;
    const [asker, answerer] = [view.initiator[row]!, view.responder[row]!];
    if (flows.refusals[2 * row + view.initiatorSide[row]!]! > 0) pairs.add(pairKey(view, answerer, asker));
    if (flows.refusals[2 * row + 1 - view.initiatorSide[row]!]! > 0) pairs.add(pairKey(view, asker, answerer));
  }
  return pairs;
}

function probingFor(
  probings: Map<number, Probing>,
  view: PaneView,
  source: number,
  target: number,
  protocol: number,
): Probing {
  const key = probingKey(view, source, target, protocol);
  let probing = probings.get(key);
  if (probing === undefined) {
    probing = {
      source,
      target,
      protocol,
      failedPorts: new ThetaSet(PANE_CONTACTS),
      answeredPorts: new Set(),
      illegal: 0,
      firstUs: Infinity,
      lastUs: -Infinity,
    };
    probings.set(key, probing);
  }
  return probing;
}

function extend(probing: Probing, firstUs: number, lastUs: number): void {
  probing.firstUs = Math.min(probing.firstUs, firstUs);
  probing.lastUs = Math.max(probing.lastUs, lastUs);
}

/** The evidence about a source is the host it tried most ports of; the others are named beside it. */
function evidence(view: PaneView, probings: readonly Probing[]): Finding {
  const [main] = probings.toSorted(
    (a, b) =>
      b.failedPorts.estimate() - a.failedPorts.estimate() ||
      a.protocol - b.protocol ||
      (view.hosts.text(a.target) < view.hosts.text(b.target) ? -1 : 1),
  ) as [Probing];
  const source = view.hosts.text(main.source);
  return {
    entity: source,
    features: {
      failedPorts: Math.round(main.failedPorts.estimate()),
      answeredPorts: main.answeredPorts.size,
      illegalProbes: main.illegal,
      contactsTheta: main.failedPorts.theta,
    },
    contacts: main.failedPorts.hashes(),
    contributors: topContributors(
      probings.map((probing) => ({
        key: view.hosts.text(probing.target),
        value: Math.round(probing.failedPorts.estimate()),
        unit: `${probing.protocol === IP_PROTOCOL.tcp ? 'TCP' : 'UDP'} ports`,
      })),
    ),
    firstPacketUs: main.firstUs,
    lastPacketUs: main.lastUs,
    filter: {
      fromUs: main.firstUs,
      toUs: main.lastUs + 1,
      host: source,
      peer: view.hosts.text(main.target),
      protocol: main.protocol === IP_PROTOCOL.tcp ? 'tcp' : 'udp',
    },
  };
}

function judge(evidence: readonly Evidence[], { verticalScan: config }: DetectorConfig): Verdict | null {
  const last = evidence.at(-1)!;
  const { peer, protocol } = last.filter;
  const ports = uniteContacts(evidence);
  const sum = (feature: string): number => evidence.reduce((total, { features }) => total + features[feature]!, 0);
  const illegal = sum('illegalProbes');
  const answered = sum('answeredPorts');
  const isTested = protocol === 'tcp' && ports - answered >= config.netFailures;
  if (!isTested && ports < config.ports && illegal < config.illegalProbes) return null;
  const span = spanText(last.windowEndUs - evidence[0]!.windowStartUs);
  const odd = illegal === 0 ? '' : `, ${figure(illegal)} of the probes with flags no stack sends`;
  return {
    ratio: Math.max(1, ports / config.ports, illegal / config.illegalProbes),
    reasons: [
      reason('ports without an answer', ports, 'ports', config.ports),
      reason('failures beyond successes', ports - answered, 'ports', config.netFailures),
      reason('probes with impossible flags', illegal, 'probes', config.illegalProbes),
    ],
    summary:
      `${last.entity} tried ${figure(ports)} ${protocol!.toUpperCase()} ports of ${peer!} in ${span} in vain, ` +
      `${figure(answered)} answered${odd}`,
    attack: ['T1046', 'T1595'],
  };
}
