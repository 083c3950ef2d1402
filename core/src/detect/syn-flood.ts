/**
 * SYN flood: a service is asked for more connections than anyone completes (RFC 4987). Keyed by the victim, so that spoofed
 * and many sources do not matter; a flood over many ports is one finding about the host. Whether a request was completed
 * is seen in the initiator's own packets, so a capture of that direction alone is enough.
 */
import { ThetaSet } from '../sketch/theta-set.ts';
import { PANE_CONTACTS } from '../window/flow-bucket.ts';
import { IP_PROTOCOL, isHalfOpen } from '../window/flow-traits.ts';
import type { Contributor, Evidence } from './alert.ts';
import { topContributors } from './contributors.ts';
import { ALONE, endpoint, figure, reason, spanText, type Detector, type Finding, type Verdict } from './detector.ts';
import { largestFindings } from './largest-findings.ts';
import type { DetectorConfig } from './config.ts';
import type { PaneView } from '../window/pane-view.ts';
import { oncePerView } from './once-per-view.ts';

/** Connection requests (SYN), those of them that nobody completed, and those of these that were not even refused. */
interface Requests {
  halfOpen: number;
  unrefused: number;
  requests: number;
}

const PORTS = 65_536;

export const synFlood: Detector = {
  name: 'syn-flood',
  version: 1,
  gravity: 0.5,
  lookbackWindows: () => 0,
  detect(view, config) {
    const { byHost, byService } = countRequests(view, config);
    const found: Finding[] = [];
    for (const [host, all] of byHost) {
      if (all.halfOpen < config.synFlood.halfOpen) continue;
      const { port, requests } = topPort(byService, host);
      if (requests.halfOpen >= config.synFlood.portShare * all.halfOpen) {
        if (isFlood(requests, config.synFlood.halfOpen, config)) found.push(evidence(view, host, port, requests));
      } else if (isAnyPortFlood(all, config)) found.push(evidence(view, host, 0, all));
    }
    return largestFindings(found, 'halfOpen', config);
  },
  judge: (evidence, config) => judge(evidence.at(-1)!, config),
  statistics: [
    {
      feature: 'half-open requests',
      unit: 'requests',
      floor: ({ synFlood }) => synFlood.halfOpen,
      summedWindows: ALONE,
      measure: (view, config) =>
        [...countRequests(view, config).byHost].map(([host, { halfOpen }]) => [host, halfOpen]),
    },
  ],
};

function isFlood(of: Requests, floor: number, { synFlood: { halfOpenShare } }: DetectorConfig): boolean {
  return of.halfOpen >= floor && of.halfOpen >= halfOpenShare * of.requests;
}

/** A host that still refuses every port it is asked for is being scanned, not drowned. */
function isAnyPortFlood(of: Requests, config: DetectorConfig): boolean {
  return of.unrefused >= config.synFlood.halfOpenAnyPort && isFlood(of, config.synFlood.halfOpenAnyPort, config);
}

/** Host numbers flooded over so many ports that a flood would look like a scan of each of its sources. */
export function hostsFloodedOnAnyPort(view: PaneView, config: DetectorConfig): Set<number> {
  const { byHost } = countRequests(view, config);
  return new Set([...byHost].filter(([, all]) => isAnyPortFlood(all, config)).map(([host]) => host));
}

interface Counted {
  readonly byHost: ReadonlyMap<number, Requests>;
  readonly byService: Map<number, Map<number, Requests>>;
}

const countRequests = oncePerView((view): Counted => {
  const byHost = new Map<number, Requests>();
  const byService = new Map<number, Map<number, Requests>>();
  const { flows } = view;
  for (let row = 0; row < flows.rows; row++) {
    const side = view.initiatorSide[row] as 0 | 1;
    const requests = flows.opens[2 * row + side]!;
    if (requests === 0 || flows.protocol[row] !== IP_PROTOCOL.tcp) continue;
    const halfOpen = isHalfOpen(flows, row, side) ? requests : 0;
    const unrefused = Math.max(0, halfOpen - flows.refusals[2 * row + 1 - side]!);
    const one: Requests = { requests, halfOpen, unrefused };
    count(byHost, view.responder[row]!, one);
    count(portsOf(byService, view.responder[row]!), view.port[row]!, one);
  }
  for (const { bucket, host } of view.folded) {
    if (bucket.protocol !== IP_PROTOCOL.tcp) continue;
    const halfOpen = Math.max(0, bucket.opens - bucket.completed);
    const all: Requests = {
      requests: bucket.opens,
      halfOpen,
      unrefused: Math.max(0, halfOpen - bucket.refusals),
    };
    if (bucket.kind === 'victim') count(byHost, host, all);
    if (bucket.kind === 'service') count(portsOf(byService, host), bucket.port, all);
  }
  return { byHost, byService };
});

function portsOf(byService: Map<number, Map<number, Requests>>, host: number): Map<number, Requests> {
  let ports = byService.get(host);
  if (ports === undefined) byService.set(host, (ports = new Map<number, Requests>()));
  return ports;
}

function count(counts: Map<number, Requests>, key: number, more: Requests): void {
  const known = counts.get(key);
  if (known === undefined) counts.set(key, { ...more });
  else {
    known.requests += more.requests;
    known.halfOpen += more.halfOpen;
    known.unrefused += more.unrefused;
  }
}

function topPort(byService: Map<number, Map<number, Requests>>, host: number): { port: number; requests: Requests } {
  let port = PORTS;
  let requests: Requests = { halfOpen: -1, unrefused: 0, requests: 0 };
  for (const [candidate, of] of byService.get(host) ?? []) {
    if (of.halfOpen < requests.halfOpen || (of.halfOpen === requests.halfOpen && candidate > port)) continue;
    port = candidate;
    requests = of;
  }
  return { port, requests };
}

/** @param port 0 = all ports of the host together */
function evidence(view: PaneView, host: number, port: number, of: Requests): Finding {
  const { flows } = view;
  const sources = new Map<number, number>();
  const ports = new Set<number>();
  const spread = new ThetaSet(PANE_CONTACTS);
  let firstUs = Infinity;
  let lastUs = -Infinity;
  for (let row = 0; row < flows.rows; row++) {
    const side = view.initiatorSide[row] as 0 | 1;
    if (view.responder[row] !== host || (port !== 0 && view.port[row] !== port)) continue;
    if (!isHalfOpen(flows, row, side)) continue;
    const source = view.initiator[row]!;
    sources.set(source, (sources.get(source) ?? 0) + flows.opens[2 * row + side]!);
    ports.add(view.port[row]!);
    firstUs = Math.min(firstUs, flows.firstUs[row]!);
    lastUs = Math.max(lastUs, flows.lastUs[row]!);
  }
  for (const { bucket, host: bucketHost, peer } of view.folded) {
    if (bucket.protocol !== IP_PROTOCOL.tcp) continue;
    const isTarget = bucketHost === host && (port === 0 ? bucket.kind === 'victim' : bucket.kind === 'service');
    if (isTarget && (port === 0 || bucket.port === port)) {
      spread.merge(bucket.contacts);
      firstUs = Math.min(firstUs, bucket.firstUs);
      lastUs = Math.max(lastUs, bucket.lastUs);
    }
    if (bucket.kind === 'probe' && peer === host) {
      sources.set(bucketHost, (sources.get(bucketHost) ?? 0) + Math.max(0, bucket.opens - bucket.completed));
    }
  }
  for (const source of sources.keys()) spread.add(view.hosts.hash(source));
  const target = view.hosts.text(host);
  return {
    entity: port === 0 ? target : endpoint(target, port),
    features: {
      halfOpen: of.halfOpen,
      requests: of.requests,
      unrefused: of.unrefused,
      sources: Math.round(spread.estimate()),
      ports: ports.size,
      anyPort: port === 0 ? 1 : 0,
    },
    contacts: [],
    contributors: sourceContributors(view, sources),
    firstPacketUs: firstUs,
    lastPacketUs: lastUs,
    filter: {
      fromUs: firstUs,
      toUs: lastUs + 1,
      host: target,
      ...(port === 0 ? {} : { port }),
      protocol: 'tcp',
    },
  };
}

function sourceContributors(view: PaneView, sources: Map<number, number>): Contributor[] {
  return topContributors(
    [...sources].map(([source, value]) => ({ key: view.hosts.text(source), value, unit: 'half-open requests' })),
  );
}

function judge(last: Evidence, { synFlood: config }: DetectorConfig): Verdict | null {
  const { halfOpen, requests, sources, ports, anyPort } = last.features as Record<string, number>;
  const floor = anyPort === 1 ? config.halfOpenAnyPort : config.halfOpen;
  if (halfOpen! < floor) return null;
  const spoofed = sources! > config.spoofedShare * halfOpen!;
  const from = spoofed
    ? `${figure(sources!)} sources, most of them surely spoofed`
    : `${figure(sources!)} source${sources === 1 ? '' : 's'}`;
  const where = anyPort === 1 ? ` on ${figure(ports!)} or more ports` : '';
  return {
    // One bar for how grave it is: the higher floor over many ports is for telling it from a scan.
    ratio: halfOpen! / config.halfOpen,
    reasons: [
      reason('half-open requests', halfOpen!, 'requests', floor),
      reason('half-open share', halfOpen! / requests!, 'share', config.halfOpenShare),
    ],
    summary:
      `${last.entity}: ${figure(halfOpen!)} of ${figure(requests!)} connection requests${where} in ` +
      `${spanText(last.windowEndUs - last.windowStartUs)} never completed, from ${from}`,
    attack: ['T1499.001', 'T1498.001'],
  };
}
