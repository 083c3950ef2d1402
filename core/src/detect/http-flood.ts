/**
 * HTTP flood: few sources ask one web service for far more than people do, with whole connections or with many requests on
 * one. Keyed by the attacked service, so that attackers behind one translated address are one alert; only sources that
 * alone ask too much are counted and named, its other clients are not.
 */
import { IP_PROTOCOL, isCompleted, isEnded } from '../window/flow-traits.ts';
import type { PaneView } from '../window/pane-view.ts';
import type { Evidence } from './alert.ts';
import type { DetectorConfig } from './config.ts';
import { topContributors } from './contributors.ts';
import { oncePerView } from './once-per-view.ts';
import {
  ALONE,
  endpoint,
  figure,
  mostByHost,
  reason,
  spanText,
  type Detector,
  type Finding,
  type Verdict,
} from './detector.ts';
import { largestFindings } from './largest-findings.ts';

/** What one source did to one service. */
interface Asking {
  readonly source: number;
  connections: number;
  requests: number;
  firstUs: number;
  lastUs: number;
}

export const httpFlood: Detector = {
  name: 'http-flood',
  version: 2,
  gravity: 0.5,
  lookbackWindows: () => 0,
  detect(view, config) {
    const found: Finding[] = [];
    for (const [service, bySource] of askingByService(view, config)) {
      const { connections, requests } = config.httpFlood;
      const abusing = [...bySource.values()].filter(
        (one) => one.connections >= connections || one.requests >= requests,
      );
      if (abusing.length > 0) found.push(evidence(view, service, abusing, bySource.size));
    }
    return largestFindings(found, 'requests', config);
  },
  judge: (evidence, config) => judge(evidence.at(-1)!, config),
  statistics: [
    {
      feature: 'connections of one source',
      unit: 'connections',
      floor: ({ httpFlood: { connections } }) => connections,
      summedWindows: ALONE,
      measure: (view, config) => mostOfOneSource(view, config, ({ connections }) => connections),
    },
    {
      feature: 'requests of one source',
      unit: 'requests',
      floor: ({ httpFlood: { requests } }) => requests,
      summedWindows: ALONE,
      measure: (view, config) => mostOfOneSource(view, config, ({ requests }) => requests),
    },
  ],
};

/** By attacked host, what the busiest source of its busiest service did. */
function mostOfOneSource(view: PaneView, config: DetectorConfig, of: (one: Asking) => number): Map<number, number> {
  const all = [...askingByService(view, config)].flatMap(([service, bySource]) =>
    Array.from(bySource.values(), (one) => [Math.floor(service / 65_536), of(one)] as const),
  );
  return mostByHost(all);
}

const askingByService = oncePerView((view, { webPorts }): ReadonlyMap<number, ReadonlyMap<number, Asking>> => {
  const { flows } = view;
  const services = new Map<number, Map<number, Asking>>();
  for (let row = 0; row < flows.rows; row++) {
    if (flows.protocol[row] !== IP_PROTOCOL.tcp || !webPorts.includes(view.port[row]!)) continue;
    const side = view.initiatorSide[row] as 0 | 1;
    const [asked, answered] = [2 * row + side, 2 * row + 1 - side];
    // A connection that is held without an answer is slow-http's; one that was given up after its request is a flood's too.
    if (flows.pushes[asked] === 0 || !isCompleted(flows, row, side)) continue;
    if (flows.payload[answered] === 0 && !isEnded(flows, row)) continue;
    const key = view.responder[row]! * 65_536 + view.port[row]!;
    let bySource = services.get(key);
    if (bySource === undefined) services.set(key, (bySource = new Map<number, Asking>()));
    const source = view.initiator[row]!;
    let asking = bySource.get(source);
    if (asking === undefined) {
      asking = { source, connections: 0, requests: 0, firstUs: Infinity, lastUs: -Infinity };
      bySource.set(source, asking);
    }
    if (flows.opens[asked]! > 0) asking.connections++;
    asking.requests += requestsOf(view, row, side);
    asking.firstUs = Math.min(asking.firstUs, flows.firstUs[row]!);
    asking.lastUs = Math.max(asking.lastUs, flows.lastUs[row]!);
  }
  return services;
});

/**
 * Shortest message that may be a request. Behind TLS (a record is 22 bytes more, RFC 8446 §5.2) shorter ones are flow
 * control or pings of HTTP/2 (RFC 9113 §6.7, §6.9); in the open it is `GET / HTTP/1.1` with a host of one letter.
 */
const REQUEST_BYTES = { tls: 64, plain: 27 };
const TLS_PORTS = [443, 8443, 9443];

/** Messages of the client that got a message back; an upload is many messages and one answer. */
function requestsOf({ flows, port }: PaneView, row: number, side: 0 | 1): number {
  const [asked, answered] = [2 * row + side, 2 * row + 1 - side];
  const least = TLS_PORTS.includes(port[row]!) ? REQUEST_BYTES.tls : REQUEST_BYTES.plain;
  if (flows.payload[asked]! < least * flows.pushes[asked]!) return 1;
  return Math.max(1, Math.min(flows.pushes[asked]!, flows.pushes[answered]!));
}

function evidence(view: PaneView, service: number, abusing: readonly Asking[], clients: number): Finding {
  const host = view.hosts.text(Math.floor(service / 65_536));
  const port = service % 65_536;
  const sum = (of: (one: Asking) => number): number => abusing.reduce((total, one) => total + of(one), 0);
  const firstUs = Math.min(...abusing.map((one) => one.firstUs));
  const lastUs = Math.max(...abusing.map((one) => one.lastUs));
  return {
    entity: endpoint(host, port),
    features: {
      connections: sum(({ connections }) => connections),
      requests: sum(({ requests }) => requests),
      sources: abusing.length,
      clients,
      mostConnections: Math.max(...abusing.map(({ connections }) => connections)),
      mostRequests: Math.max(...abusing.map(({ requests }) => requests)),
    },
    contacts: [],
    contributors: topContributors(
      abusing.map(({ source, requests }) => ({ key: view.hosts.text(source), value: requests, unit: 'requests' })),
    ),
    firstPacketUs: firstUs,
    lastPacketUs: lastUs,
    filter: { fromUs: firstUs, toUs: lastUs + 1, host, port, protocol: 'tcp' },
  };
}

function judge(last: Evidence, { httpFlood: config }: DetectorConfig): Verdict | null {
  const { connections, requests, sources, clients, mostConnections, mostRequests } = last.features as Record<
    string,
    number
  >;
  return {
    ratio: Math.max(1, connections! / config.connections, requests! / config.requests),
    reasons: [
      reason('connections of one source', mostConnections!, 'connections', config.connections),
      reason('requests of one source', mostRequests!, 'requests', config.requests),
    ],
    summary:
      `${last.entity} got ${figure(requests!)} requests on ${figure(connections!)} new connections in ` +
      `${spanText(last.windowEndUs - last.windowStartUs)} from ${figure(sources!)} of its ${figure(clients!)} ` +
      `client${clients === 1 ? '' : 's'}`,
    attack: ['T1499.002'],
  };
}
