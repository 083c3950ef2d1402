/** The observations that a pane comes down to. Flood compaction keeps its sums out of pairs and sweeps: floods are not slow. */
import { hashPair, hashWord } from '../sketch/hash.ts';
import { portHash } from '../window/flow-bucket.ts';
import { PROTOCOL_ARP } from '../window/flow-records.ts';
import { IP_PROTOCOL, isAnswered, isFailedContact } from '../window/flow-traits.ts';
import type { PaneView } from '../window/pane-view.ts';
import type { Evidence } from '../detect/alert.ts';
import { DETECTOR_CONFIG } from '../detect/config.ts';
import type { IsInternal } from './host-place.ts';
import { sightHosts } from './host-sights.ts';
import { sightTokens } from './sight-tokens.ts';
import { OBSERVATION_LIMITS, type Observations, type PairSight, type SweepSight } from './observations.ts';

const SECOND_US = 1e6;
const PORTS = 65_536;
const PROTOCOLS = 2 * 65_536 + 65_536;

interface Pair {
  readonly row: number;
  readonly hash: number;
  flows: number;
  bytesUp: number;
  bytesDown: number;
  firstUs: number;
  lastUs: number;
  readonly starts: Set<number>;
}

interface Sweep {
  readonly kind: SweepSight['kind'];
  readonly row: number;
  readonly hash: number;
  readonly failed: Set<number>;
  readonly answered: Set<number>;
  firstUs: number;
  lastUs: number;
}

/** @param evidence that the window gave */
export function observe(view: PaneView, isInternal: IsInternal, evidence: readonly Evidence[]): Observations {
  const { flows } = view;
  const inside = insiders(view, isInternal);
  const pairs = new Map<number, Pair>();
  let outboundBytes = 0;
  for (let row = 0; row < flows.rows; row++) {
    const [from, to] = [view.initiator[row]!, view.responder[row]!];
    const asked = 2 * row + view.initiatorSide[row]!;
    if (inside[from] !== inside[to]) outboundBytes += flows.bytes[inside[from] === 1 ? asked : asked ^ 1]!;
    if (!view.hosts.isUnicast(to) || flows.protocol[row] === PROTOCOL_ARP) continue;
    addPair(pairs, view, row);
  }
  const { hosts, folded: hostsFolded } = sightHosts(view, evidence);
  const { tokens, missed } = sightTokens(view);
  const kept = keepPairs([...pairs.values()]);
  const sweeps = findSweeps(view);
  const keptSweeps = sweeps.toSorted((a, b) => a.hash - b.hash).slice(0, OBSERVATION_LIMITS.sweeps);
  const shed = (list: readonly Set<number>[], limit: number): number =>
    list.reduce((sum, { size }) => sum + Math.max(0, size - limit), 0);
  const folded =
    pairs.size -
    kept.length +
    sweeps.length -
    keptSweeps.length +
    shed(
      kept.map(({ starts }) => starts),
      OBSERVATION_LIMITS.starts,
    ) +
    shed(
      keptSweeps.flatMap(({ failed, answered }) => [failed, answered]),
      OBSERVATION_LIMITS.contacts,
    );
  return {
    outboundBytes,
    pairs: kept.map((pair) => pairSight(view, pair, inside)),
    sweeps: keptSweeps.map((sweep) => sweepSight(view, sweep)),
    hosts,
    tokens,
    folded: folded + hostsFolded + missed,
  };
}

function insiders(view: PaneView, isInternal: IsInternal): Uint8Array {
  const { flows } = view;
  const inside = new Uint8Array(view.hosts.count);
  for (let row = 0; row < flows.rows; row++) {
    const [source, destination] =
      view.initiatorSide[row] === 0 ? [view.initiator, view.responder] : [view.responder, view.initiator];
    if (isInternal(flows.source, 4 * row)) inside[source[row]!] = 1;
    if (isInternal(flows.destination, 4 * row)) inside[destination[row]!] = 1;
  }
  return inside;
}

function addPair(pairs: Map<number, Pair>, view: PaneView, row: number): void {
  const { flows, hosts } = view;
  const [from, to] = [view.initiator[row]!, view.responder[row]!];
  const service = flows.protocol[row]! * PORTS + view.port[row]!;
  // Beyond 2^53 keys would meet by chance; hashing them says the same with known odds.
  const key = hashPair(from, to) * 2 ** 21 + (hashWord(service) >>> 11);
  let pair = pairs.get(key);
  if (pair === undefined) {
    const hash = hashPair(hashPair(hosts.hash(from), hosts.hash(to)), service % 2 ** 32);
    pair = { row, hash, flows: 0, bytesUp: 0, bytesDown: 0, firstUs: Infinity, lastUs: -Infinity, starts: new Set() };
    pairs.set(key, pair);
  }
  const asked = 2 * row + view.initiatorSide[row]!;
  pair.flows++;
  pair.bytesUp += flows.bytes[asked]!;
  pair.bytesDown += flows.bytes[asked ^ 1]!;
  pair.firstUs = Math.min(pair.firstUs, flows.firstUs[row]!);
  pair.lastUs = Math.max(pair.lastUs, flows.lastUs[row]!);
  if (flows.opens[asked]! > 0) pair.starts.add(Math.floor(flows.firstUs[row]! / SECOND_US));
}

function keepPairs(pairs: Pair[]): Pair[] {
  const { pairs: limit, heaviest } = OBSERVATION_LIMITS;
  const byHash = pairs.sort((a, b) => a.hash - b.hash || b.bytesUp - a.bytesUp);
  if (pairs.length <= limit) return byHash;
  const heavy = new Set(byHash.toSorted((a, b) => b.bytesUp - a.bytesUp || a.hash - b.hash).slice(0, heaviest));
  const rest = byHash.filter((pair) => !heavy.has(pair)).slice(0, limit - heaviest);
  return [...heavy, ...rest].sort((a, b) => a.hash - b.hash || b.bytesUp - a.bytesUp);
}

function pairSight(view: PaneView, pair: Pair, inside: Uint8Array): PairSight {
  const { row, flows, bytesUp, bytesDown, firstUs, lastUs } = pair;
  const [from, to] = [view.initiator[row]!, view.responder[row]!];
  return {
    source: view.hosts.text(from),
    destination: view.hosts.text(to),
    port: view.port[row]!,
    protocol: view.flows.protocol[row]!,
    isSourceInternal: inside[from] === 1,
    isDestinationInternal: inside[to] === 1,
    flows,
    bytesUp,
    bytesDown,
    firstUs,
    lastUs,
    starts: [...pair.starts].sort((a, b) => a - b).slice(0, OBSERVATION_LIMITS.starts),
  };
}

/** Failed first contacts by source and service, and by source and target; answers to the same count beside them. */
function findSweeps(view: PaneView): Sweep[] {
  if (view.isOneSided) return [];
  const { flows, hosts } = view;
  const sweeps = new Map<number, Sweep>();
  const udpCounts = view.twoWayShare >= DETECTOR_CONFIG.minTwoWayShare;
  const [traceFirst, traceLast] = DETECTOR_CONFIG.verticalScan.traceroutePorts;
  const keys = (row: number): [number, number] => {
    const protocol = flows.protocol[row]!;
    const source = view.initiator[row]!;
    return [
      (source * PROTOCOLS + protocol) * PORTS + view.port[row]!,
      -(1 + (source * hosts.count + view.responder[row]!) * PROTOCOLS + protocol),
    ];
  };
  for (let row = 0; row < flows.rows; row++) {
    const protocol = flows.protocol[row]!;
    if (!hosts.isUnicast(view.responder[row]!)) continue;
    if (!isFailedContact(flows, row, view.initiatorSide[row] as 0 | 1)) continue;
    if (protocol === IP_PROTOCOL.udp && (!udpCounts || (view.port[row]! >= traceFirst && view.port[row]! <= traceLast)))
      continue;
    const [byService, byTarget] = keys(row);
    extend(sweeps, byService, 'hosts', view, row).failed.add(hosts.hash(view.responder[row]!));
    if (view.port[row] !== 0) extend(sweeps, byTarget, 'ports', view, row).failed.add(portHash(view.port[row]!));
  }
  for (let row = 0; row < flows.rows; row++) {
    if (!isAnswered(flows, row, view.initiatorSide[row] as 0 | 1)) continue;
    const [byService, byTarget] = keys(row);
    sweeps.get(byService)?.answered.add(hosts.hash(view.responder[row]!));
    sweeps.get(byTarget)?.answered.add(portHash(view.port[row]!));
  }
  return [...sweeps.values()];
}

function extend(sweeps: Map<number, Sweep>, key: number, kind: Sweep['kind'], view: PaneView, row: number): Sweep {
  const { flows, hosts } = view;
  let sweep = sweeps.get(key);
  if (sweep === undefined) {
    const about = kind === 'hosts' ? view.port[row]! : hosts.hash(view.responder[row]!);
    const hash = hashPair(
      hashPair(hosts.hash(view.initiator[row]!), about),
      flows.protocol[row]! * 2 + (kind === 'hosts' ? 0 : 1),
    );
    sweep = { kind, row, hash, failed: new Set(), answered: new Set(), firstUs: Infinity, lastUs: -Infinity };
    sweeps.set(key, sweep);
  }
  sweep.firstUs = Math.min(sweep.firstUs, flows.firstUs[row]!);
  sweep.lastUs = Math.max(sweep.lastUs, flows.lastUs[row]!);
  return sweep;
}

function sweepSight(view: PaneView, sweep: Sweep): SweepSight {
  const { kind, row, firstUs, lastUs } = sweep;
  const least = (hashes: Set<number>): number[] =>
    [...hashes].sort((a, b) => a - b).slice(0, OBSERVATION_LIMITS.contacts);
  return {
    kind,
    source: view.hosts.text(view.initiator[row]!),
    protocol: view.flows.protocol[row]!,
    port: kind === 'hosts' ? view.port[row]! : 0,
    target: kind === 'ports' ? view.hosts.text(view.responder[row]!) : '',
    failed: least(sweep.failed),
    answered: least(sweep.answered),
    firstUs,
    lastUs,
  };
}
