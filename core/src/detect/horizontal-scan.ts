/**
 * Horizontal scan: one source asks many hosts for the same service and gets refusals or silence. Counts distinct hosts, over
 * five minutes, whose first contact failed; hosts that answer speak for the source. Mute in one-sided captures.
 */
import { ThetaSet } from '../sketch/theta-set.ts';
import { PANE_CONTACTS } from '../window/flow-bucket.ts';
import { NOT_IP, PROTOCOL_ARP } from '../window/flow-records.ts';
import { IP_PROTOCOL, isAnswered, isFailedContact } from '../window/flow-traits.ts';
import type { Evidence } from './alert.ts';
import type { DetectorConfig } from './config.ts';
import { topContributors } from './contributors.ts';
import { ALONE, figure, mostByHost, reason, spanText, type Detector, type Finding, type Verdict } from './detector.ts';
import { largestFindings } from './largest-findings.ts';
import type { PaneView } from '../window/pane-view.ts';
import { oncePerView } from './once-per-view.ts';
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
/** Protocol codes are below this: IP protocol numbers and EtherTypes. */
const PROTOCOL_CODES = 2 * NOT_IP;

export const horizontalScan: Detector = {
  name: 'horizontal-scan',
  version: 1,
  gravity: 0,
  lookbackWindows: (config) => config.horizontalScan.lookbackWindows,
  detect(view, config) {
    if (view.isOneSided) return [];
    const bySource = new Map<number, Sweep[]>();
    for (const sweep of findSweeps(view, config)) {
      const known = bySource.get(sweep.source);
      if (known === undefined) bySource.set(sweep.source, [sweep]);
      else known.push(sweep);
    }
    const found = Array.from(bySource.values(), (sweeps) => evidence(view, sweeps));
    return largestFindings(found, 'failedHosts', config);
  },
  judge,
  statistics: [
    {
      feature: 'hosts without an answer',
      unit: 'hosts',
      floor: ({ horizontalScan: { hosts, netFailures } }) => Math.min(hosts, netFailures),
      // Distinct hosts do not add up over windows: five minutes of a scan are held against single windows before.
      summedWindows: ALONE,
      measure: (view, config) =>
        view.isOneSided
          ? []
          : mostByHost(findSweeps(view, config).map((sweep) => [sweep.source, Math.round(failedCount(sweep))])),
    },
  ],
};

/** Every (source, service) with a failed contact. */
const findSweeps = oncePerView((view, config): readonly Sweep[] => {
  const sweeps = new Map<number, Sweep>();
  addFailures(view, config, sweeps);
  const { flows } = view;
  for (let row = 0; row < flows.rows; row++) {
    const sweep = sweeps.get(sweepKey(view.initiator[row]!, flows.protocol[row]!, view.port[row]!));
    if (sweep === undefined || !isAnswered(flows, row, view.initiatorSide[row] as 0 | 1)) continue;
    if (!sweep.failedHosts.has(view.responder[row]!)) sweep.answeredHosts.add(view.responder[row]!);
  }
  for (const { bucket, host } of view.folded) {
    const sweep = bucket.kind === 'sweep' ? sweeps.get(sweepKey(host, bucket.protocol, bucket.port)) : undefined;
    if (sweep !== undefined) sweep.foldedAnswered += bucket.answered;
  }
  return [...sweeps.values()];
});

function addFailures(view: PaneView, config: DetectorConfig, sweeps: Map<number, Sweep>): void {
  const { flows, hosts } = view;
  const udpCounts = view.twoWayShare >= config.minTwoWayShare;
  for (let row = 0; row < flows.rows; row++) {
    const protocol = flows.protocol[row]!;
    if (!isFailedContact(flows, row, view.initiatorSide[row] as 0 | 1)) continue;
    if (!(protocol in KEYWORDS) || (protocol === IP_PROTOCOL.udp && !udpCounts)) continue;
    if (!hosts.isUnicast(view.responder[row]!)) continue;
    const sweep = sweepFor(sweeps, view.initiator[row]!, protocol, view.port[row]!);
    sweep.failedHosts.add(view.responder[row]!);
    sweep.firstUs = Math.min(sweep.firstUs, flows.firstUs[row]!);
    sweep.lastUs = Math.max(sweep.lastUs, flows.lastUs[row]!);
  }
  for (const { bucket, host } of view.folded) {
    // Folding cuts connections in two at the edge of a batch; where most went well, the failures are such halves.
    if (bucket.kind !== 'sweep' || !(bucket.protocol in KEYWORDS) || 2 * bucket.failed < bucket.flows) continue;
    if (bucket.protocol === IP_PROTOCOL.udp && !udpCounts) continue;
    const sweep = sweepFor(sweeps, host, bucket.protocol, bucket.port);
    sweep.folded.merge(bucket.contacts);
    sweep.firstUs = Math.min(sweep.firstUs, bucket.firstUs);
    sweep.lastUs = Math.max(sweep.lastUs, bucket.lastUs);
  }
}

function sweepKey(source: number, protocol: number, port: number): number {
  return (source * PROTOCOL_CODES + protocol) * 65_536 + port;
}

function sweepFor(sweeps: Map<number, Sweep>, source: number, protocol: number, port: number): Sweep {
  const key = sweepKey(source, protocol, port);
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
function evidence(view: PaneView, sweeps: readonly Sweep[]): Finding {
  const [widest] = sweeps.toSorted(
    (a, b) => failedCount(b) - failedCount(a) || a.protocol - b.protocol || a.port - b.port,
  ) as [Sweep];
  const contacts = new ThetaSet(PANE_CONTACTS);
  contacts.merge(widest.folded);
  for (const host of widest.failedHosts) contacts.add(view.hosts.hash(host));
  const source = view.hosts.text(widest.source);
  const hasPort = widest.port !== 0;
  return {
    entity: source,
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
