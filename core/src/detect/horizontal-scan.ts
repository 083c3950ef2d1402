/**
 * Horizontal scan: one source asks many hosts for the same service and gets refusals or silence. Counts distinct hosts, over
 * five minutes, whose first contact failed; hosts that answer speak for the source. Mute in one-sided captures.
 */
import { ThetaSet } from '../sketch/theta-set.ts';
import { PANE_CONTACTS } from '../window/flow-bucket.ts';
import { PROTOCOL_ARP } from '../window/flow-records.ts';
import { IP_PROTOCOL, isAnswered, isFailedContact } from '../window/flow-traits.ts';
import type { Evidence } from './alert.ts';
import type { DetectorConfig } from './config.ts';
import { topContributors } from './contributors.ts';
import { figure, reason, spanText, type Detector, type Verdict } from './detector.ts';
import type { PaneView } from './pane-view.ts';
import { uniteContacts } from './unite.ts';

/** What one source did to one service, whoever the hosts are. */
interface Sweep {
  readonly source: number;
  readonly protocol: number;
  readonly port: number;
  readonly failedHosts: Set<number>;
  readonly answeredHosts: Set<number>;
  /** Hosts of folded flows, by hash. */
  readonly folded: ThetaSet;
  foldedAnswered: number;
  firstUs: number;
  lastUs: number;
}

const KEYWORDS: Readonly<Record<number, string>> = {
  [IP_PROTOCOL.tcp]: 'tcp',
  [IP_PROTOCOL.udp]: 'udp',
  [IP_PROTOCOL.icmp]: 'icmp',
  [IP_PROTOCOL.icmpv6]: 'ipv6-icmp',
  [PROTOCOL_ARP]: 'arp',
};
const PROTOCOLS = Object.keys(KEYWORDS).map(Number);

export const horizontalScan: Detector = {
  name: 'horizontal-scan',
  version: 1,
  gravity: 0,
  lookbackWindows: (config) => config.horizontalScan.lookbackWindows,
  detect(view, config) {
    if (view.isOneSided) return [];
    const bySource = new Map<number, Sweep[]>();
    for (const sweep of findSweeps(view, config).values()) {
      if (failedCount(sweep) === 0) continue;
      const known = bySource.get(sweep.source);
      if (known === undefined) bySource.set(sweep.source, [sweep]);
      else known.push(sweep);
    }
    return [...bySource.values()]
      .map((sweeps) => evidence(view, sweeps))
      .sort((a, b) => b.features['failedHosts']! - a.features['failedHosts']! || (a.entity < b.entity ? -1 : 1))
      .slice(0, config.evidenceLimit);
  },
  judge,
};

function findSweeps(view: PaneView, config: DetectorConfig): Map<number, Sweep> {
  const { flows } = view;
  const sweeps = new Map<number, Sweep>();
  const udpCounts = view.twoWayShare >= config.minTwoWayShare;
  for (let row = 0; row < flows.rows; row++) {
    const protocol = flows.protocol[row]!;
    const place = PROTOCOLS.indexOf(protocol);
    if (place < 0 || !view.isUnicast(view.responder[row]!)) continue;
    const side = view.initiatorSide[row] as 0 | 1;
    const failed = isFailedContact(flows, row, side) && (udpCounts || protocol !== IP_PROTOCOL.udp);
    const isAnsweredHost = !failed && isAnswered(flows, row, side);
    if (!failed && !isAnsweredHost) continue;
    const sweep = sweepFor(sweeps, view.initiator[row]!, place, protocol, view.port[row]!);
    (failed ? sweep.failedHosts : sweep.answeredHosts).add(view.responder[row]!);
    if (!failed) continue;
    sweep.firstUs = Math.min(sweep.firstUs, flows.firstUs[row]!);
    sweep.lastUs = Math.max(sweep.lastUs, flows.lastUs[row]!);
  }
  for (const { bucket, host } of view.folded) {
    const place = PROTOCOLS.indexOf(bucket.protocol);
    if (bucket.kind !== 'sweep' || place < 0 || 2 * bucket.failed < bucket.flows) continue;
    const sweep = sweepFor(sweeps, host, place, bucket.protocol, bucket.port);
    sweep.folded.merge(bucket.contacts);
    sweep.foldedAnswered += bucket.answered;
    sweep.firstUs = Math.min(sweep.firstUs, bucket.firstUs);
    sweep.lastUs = Math.max(sweep.lastUs, bucket.lastUs);
  }
  return sweeps;
}

function sweepFor(sweeps: Map<number, Sweep>, source: number, place: number, protocol: number, port: number): Sweep {
  const key = (source * PROTOCOLS.length + place) * 65_536 + port;
  let sweep = sweeps.get(key);
  if (sweep === undefined) {
    sweep = {
      source,
      protocol,
      port,
      failedHosts: new Set(),
      answeredHosts: new Set(),
      folded: new ThetaSet(PANE_CONTACTS),
      foldedAnswered: 0,
      firstUs: Infinity,
      lastUs: -Infinity,
    };
    sweeps.set(key, sweep);
  }
  return sweep;
}

function failedCount(sweep: Sweep): number {
  return sweep.failedHosts.size + sweep.folded.estimate();
}

/** The evidence about a source is its widest sweep of the window; the others are named beside it. */
function evidence(view: PaneView, sweeps: readonly Sweep[]): Evidence {
  const [widest] = sweeps.toSorted(
    (a, b) => failedCount(b) - failedCount(a) || a.protocol - b.protocol || a.port - b.port,
  ) as [Sweep];
  const contacts = new ThetaSet(PANE_CONTACTS);
  contacts.merge(widest.folded);
  for (const host of widest.failedHosts) contacts.add(view.hostHash(host));
  const source = view.hostText(widest.source);
  const hasPort = widest.port !== 0;
  return {
    sensor: view.sensor,
    detector: 'horizontal-scan',
    entity: source,
    windowStartUs: view.pane.windowStartUs,
    windowEndUs: view.pane.windowStartUs + view.pane.windowUs,
    features: {
      failedHosts: Math.round(contacts.estimate()),
      answeredHosts: widest.answeredHosts.size + widest.foldedAnswered,
      contactsTheta: contacts.theta,
      isTcp: widest.protocol === IP_PROTOCOL.tcp ? 1 : 0,
    },
    contacts: contacts.hashes(),
    contributors: topContributors(
      sweeps.map((sweep) => ({ key: serviceText(sweep), value: Math.round(failedCount(sweep)), unit: 'hosts' })),
    ),
    firstPacketUs: widest.firstUs,
    lastPacketUs: widest.lastUs,
    filter: {
      fromUs: widest.firstUs,
      toUs: widest.lastUs + 1,
      host: source,
      ...(hasPort ? { port: widest.port } : {}),
      protocol: KEYWORDS[widest.protocol]!,
    },
  };
}

function serviceText({ protocol, port }: { readonly protocol: number; readonly port: number }): string {
  return port === 0 ? KEYWORDS[protocol]! : `${KEYWORDS[protocol]!}/${port}`;
}

function judge(evidence: readonly Evidence[], { horizontalScan: config }: DetectorConfig): Verdict | null {
  const last = evidence.at(-1)!;
  const failed = uniteContacts(evidence);
  const answered = evidence.reduce((sum, { features }) => sum + features['answeredHosts']!, 0);
  const isSwept = failed >= config.hosts && failed > answered;
  const isTested = last.features['isTcp'] === 1 && failed - answered >= config.netFailures;
  if (!isSwept && !isTested) return null;
  const floor = isSwept ? config.hosts : config.netFailures;
  const { protocol, port } = last.filter;
  const service = port === undefined ? protocol! : `${protocol!}/${port}`;
  const span = spanText(last.windowEndUs - evidence[0]!.windowStartUs);
  return {
    ratio: failed / floor,
    reasons: [
      reason('hosts without an answer', failed, 'hosts', floor),
      reason('failures beyond successes', failed - answered, 'hosts', config.netFailures),
    ],
    summary: `${last.entity} asked ${figure(failed)} hosts for ${service} in ${span} in vain, ${figure(answered)} answered`,
    attack: protocol === 'arp' || protocol === 'icmp' || protocol === 'ipv6-icmp' ? ['T1018'] : ['T1046', 'T1595.001'],
  };
}
