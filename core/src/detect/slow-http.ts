/**
 * Slow HTTP: many connections to one web service stay open, with a few bytes of a request now and then and never an answer,
 * until no place is left for others. Keyed by the attacked service. A window shows which connections trickle; that they
 * last is seen by uniting windows. Mute in one-sided captures, where no answer means nothing.
 */
import { hashPair } from '../sketch/hash.ts';
import { ThetaSet } from '../sketch/theta-set.ts';
import { PANE_CONTACTS } from '../window/flow-bucket.ts';
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

/** Connections of one service in one window. */
interface Open {
  readonly trickling: ThetaSet;
  readonly sources: Map<number, number>;
  /** Not ended in the window, trickling or not. */
  open: number;
  held: number;
  firstUs: number;
  lastUs: number;
}

export const slowHttp: Detector = {
  name: 'slow-http',
  version: 1,
  gravity: 0.5,
  lookbackWindows: (config) => config.slowHttp.lookbackWindows,
  detect(view, config) {
    if (view.isOneSided) return [];
    const found = [...openByService(view, config)]
      .filter(([, { held }]) => held > 0)
      .map(([service, open]) => evidence(view, service, open));
    return largestFindings(found, 'trickling', config);
  },
  judge,
  statistics: [
    {
      feature: 'connections held without an answer',
      unit: 'connections',
      floor: ({ slowHttp }) => slowHttp.connections,
      // The same connection trickles in many windows: the sum would count it again and again.
      summedWindows: ALONE,
      measure: (view, config) =>
        view.isOneSided
          ? []
          : mostByHost(Array.from(openByService(view, config), ([key, { held }]) => [Math.floor(key / 65_536), held])),
    },
  ],
};

const openByService = oncePerView((view, { webPorts, slowHttp }): ReadonlyMap<number, Open> => {
  const { flows, pane } = view;
  const services = new Map<number, Open>();
  for (let row = 0; row < flows.rows; row++) {
    if (flows.protocol[row] !== IP_PROTOCOL.tcp || !webPorts.includes(view.port[row]!)) continue;
    const side = view.initiatorSide[row] as 0 | 1;
    if (isEnded(flows, row) || !isCompleted(flows, row, side)) continue;
    const key = view.responder[row]! * 65_536 + view.port[row]!;
    let of = services.get(key);
    if (of === undefined) {
      const trickling = new ThetaSet(PANE_CONTACTS);
      of = { trickling, sources: new Map(), open: 0, held: 0, firstUs: Infinity, lastUs: -Infinity };
      services.set(key, of);
    }
    of.open++;
    const sent = flows.payload[2 * row + side]!;
    if (sent === 0 || sent > slowHttp.trickleBytes || flows.payload[2 * row + 1 - side]! > 0) continue;
    of.held++;
    // The same connection has the same session and flow number in every window.
    of.trickling.add(hashPair(flows.flow[row]!, textHash(pane.sessions[flows.session[row]!]!)));
    of.sources.set(view.initiator[row]!, (of.sources.get(view.initiator[row]!) ?? 0) + 1);
    of.firstUs = Math.min(of.firstUs, flows.firstUs[row]!);
    of.lastUs = Math.max(of.lastUs, flows.lastUs[row]!);
  }
  return services;
});

/** The number of a session in a pane depends on the order of its batches; its text does not. */
function textHash(text: string): number {
  let hash = 0;
  for (let at = 0; at < text.length; at++) hash = hashPair(hash, text.charCodeAt(at));
  return hash;
}

function evidence(view: PaneView, service: number, of: Open): Finding {
  const host = view.hosts.text(Math.floor(service / 65_536));
  const port = service % 65_536;
  return {
    entity: endpoint(host, port),
    features: { trickling: of.held, open: of.open, contactsTheta: of.trickling.theta },
    contacts: of.trickling.hashes(),
    contributors: topContributors(
      [...of.sources].map(([source, value]) => ({ key: view.hosts.text(source), value, unit: 'slow connections' })),
    ),
    firstPacketUs: of.firstUs,
    lastPacketUs: of.lastUs,
    filter: { fromUs: of.firstUs, toUs: of.lastUs + 1, host, port, protocol: 'tcp' },
  };
}

function judge(evidence: readonly Evidence[], { slowHttp: config }: DetectorConfig): Verdict | null {
  const last = evidence.at(-1)!;
  const held = heldConnections(evidence, config.heldUs);
  const open = Math.max(...evidence.map(({ features }) => features['open']!));
  const busiest = evidence.reduce((most, one) => (one.features['open']! > most.features['open']! ? one : most));
  const share = busiest.features['trickling']! / open;
  if (held < config.connections || share < config.openShare) return null;
  return {
    ratio: held / config.connections,
    reasons: [
      reason('connections held without an answer', held, 'connections', config.connections),
      reason('share of the open connections', share, 'share', config.openShare),
    ],
    summary:
      `${last.entity}: ${figure(held)} connections were held for ${spanText(config.heldUs)} and more with a few bytes now and then ` +
      `and no answer, of ${figure(open)} open at once`,
    attack: ['T1499.002'],
  };
}

/** Connections that trickled in windows at least `heldUs` apart, scaled up where only a sample of hashes was kept. */
function heldConnections(evidence: readonly Evidence[], heldUs: number): number {
  const theta = Math.min(...evidence.map(({ features }) => features['contactsTheta']!));
  const since = new Map<number, number>();
  const held = new Set<number>();
  for (const { contacts, windowStartUs } of evidence) {
    for (const contact of contacts) {
      if (contact >= theta) continue;
      const start = since.get(contact);
      if (start === undefined) since.set(contact, windowStartUs);
      else if (windowStartUs - start >= heldUs) held.add(contact);
    }
  }
  return Math.round(held.size / (theta / 2 ** 32));
}
