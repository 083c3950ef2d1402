/**
 * DHCP exhaustion, a kind of udp-flood: a segment's DHCP service gets requests of more clients than it has hosts, each under
 * a forged hardware address, until no lease is left. The requests go to broadcast or to every server in turn, and their
 * sources are forged or 0.0.0.0, so the entity is the service of the segment: 255.255.255.255:67.
 */
import { IP_PROTOCOL } from '../window/flow-traits.ts';
import type { PaneView } from '../window/pane-view.ts';
import type { Evidence } from './alert.ts';
import { topContributors } from './contributors.ts';
import type { DetectorConfig } from './config.ts';
import { figure, reason, spanText, type Finding, type Verdict } from './detector.ts';

/** RFC 2131 4.1. A relay agent sends from the server port: it speaks for other segments and is not counted. */
const CLIENT_PORT = 68;
const SERVER_PORT = 67;
const ENTITY = `255.255.255.255:${SERVER_PORT}`;

/** One finding, or none. */
export function dhcpFlood(view: PaneView, config: DetectorConfig): Finding[] {
  const { flows } = view;
  const clients = new Map<number, number>();
  let [requests, answers, bytes, firstUs, lastUs] = [0, 0, 0, Infinity, -Infinity];
  for (let row = 0; row < flows.rows; row++) {
    if (flows.protocol[row] !== IP_PROTOCOL.udp) continue;
    const toServer = flows.sourcePort[row] === CLIENT_PORT && flows.destinationPort[row] === SERVER_PORT;
    const toClient = flows.sourcePort[row] === SERVER_PORT && flows.destinationPort[row] === CLIENT_PORT;
    if (!toServer && !toClient) continue;
    const [asked, answered] = toServer ? [2 * row, 2 * row + 1] : [2 * row + 1, 2 * row];
    requests += flows.packets[asked]!;
    answers += flows.packets[answered]!;
    bytes += flows.bytes[asked]!;
    firstUs = Math.min(firstUs, flows.firstUs[row]!);
    lastUs = Math.max(lastUs, flows.lastUs[row]!);
    if (flows.packets[asked] === 0) continue;
    const client = asked % 2 === view.initiatorSide[row] ? view.initiator[row]! : view.responder[row]!;
    clients.set(client, (clients.get(client) ?? 0) + flows.packets[asked]!);
  }
  if (requests === 0 || requests < config.dhcpFlood.requests / 10) return [];
  return [
    {
      entity: ENTITY,
      features: { dhcpRequests: requests, answers, bytes, sources: clients.size },
      contacts: [],
      contributors: topContributors(
        [...clients].map(([client, value]) => ({ key: view.hosts.text(client), value, unit: 'packets' })),
      ),
      firstPacketUs: firstUs,
      lastPacketUs: lastUs,
      filter: { fromUs: firstUs, toUs: lastUs + 1, port: SERVER_PORT, protocol: 'udp' },
    },
  ];
}

export function isDhcp({ entity }: Evidence): boolean {
  return entity === ENTITY;
}

export function judgeDhcp(evidence: readonly Evidence[], { dhcpFlood: config }: DetectorConfig): Verdict | null {
  const last = evidence.at(-1)!;
  const sum = (name: string): number => evidence.reduce((total, { features }) => total + features[name]!, 0);
  const [requests, answers] = [sum('dhcpRequests'), sum('answers')];
  if (requests < config.requests) return null;
  const sources = Math.max(...evidence.map(({ features }) => features['sources']!));
  return {
    ratio: requests / config.requests,
    reasons: [reason('DHCP requests', requests, 'packets', config.requests)],
    summary:
      `the segment's DHCP service got ${figure(requests)} requests in ${spanText(last.windowEndUs - evidence[0]!.windowStartUs)} ` +
      `from ${figure(sources)} address${sources === 1 ? '' : 'es'} and gave ${figure(answers)} answers`,
    attack: ['T1499.001', 'T1498.001'],
  };
}
