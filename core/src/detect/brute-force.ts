/**
 * Brute force: one source logs in again and again. A refused log-in is a short connection with little data both ways, and
 * all of them look the same; a session that succeeds goes on. Keyed by the source, also when it goes from host to host
 * with the same passwords (spraying). Headers do not say whether a password was right: what is seen is the repetition.
 */
import { ThetaSet } from '../sketch/theta-set.ts';
import { PANE_CONTACTS } from '../window/flow-bucket.ts';
import { IP_PROTOCOL, isCompleted, isEnded } from '../window/flow-traits.ts';
import type { PaneView } from '../window/pane-view.ts';
import type { Evidence } from './alert.ts';
import type { DetectorConfig } from './config.ts';
import { topContributors } from './contributors.ts';
import { figure, mostByHost, reason, spanText, type Detector, type Finding, type Verdict } from './detector.ts';
import { largestFindings } from './largest-findings.ts';
import { oncePerView } from './once-per-view.ts';
import { uniteContacts } from './unite.ts';

const FTP = 21;

/** Log-in attempts of one source on one port, whoever the hosts are. */
interface Attempts {
  readonly source: number;
  readonly port: number;
  begun: number;
  /** Log-in turns beyond the first of a connection (FTP). */
  turns: number;
  /** Of those begun in the window. */
  ended: number;
  /** FTP connections of earlier windows that ended in this one: servers make who guesses wait. */
  late: number;
  /** Connections with no more messages than one log-in takes, and their sizes: sum and sum of squares. */
  whole: number;
  bytes: number;
  bytesSquared: number;
  messages: number;
  readonly targets: Map<number, number>;
  firstUs: number;
  lastUs: number;
}

export const bruteForce: Detector = {
  name: 'brute-force',
  version: 2,
  gravity: 0.5,
  lookbackWindows: (config) => config.bruteForce.lookbackWindows,
  detect(view, config) {
    const bySource = new Map<number, Attempts>();
    for (const attempts of attemptsOf(view, config)) {
      const known = bySource.get(attempts.source);
      // A source's evidence is the service it tried most.
      if (known === undefined || isLarger(attempts, known)) bySource.set(attempts.source, attempts);
    }
    const found = Array.from(bySource.values(), (attempts) => evidence(view, attempts));
    return largestFindings(found, 'begun', config);
  },
  judge,
  statistics: [
    {
      feature: 'log-in attempts',
      unit: 'attempts',
      floor: ({ bruteForce: { burst, attempts } }) => Math.min(burst, attempts),
      summedWindows: ({ bruteForce }) => bruteForce.lookbackWindows,
      measure: (view, config) =>
        mostByHost(attemptsOf(view, config).map(({ source, begun, turns }) => [source, begun + turns])),
    },
  ],
};

function isLarger(a: Attempts, b: Attempts): boolean {
  const [mine, theirs] = [a.begun + a.turns, b.begun + b.turns];
  return mine > theirs || (mine === theirs && a.port < b.port);
}

const attemptsOf = oncePerView((view, config): readonly Attempts[] => {
  const { flows } = view;
  const { payloadBytes, messages } = config.bruteForce;
  const all = new Map<number, Attempts>();
  const withData = ftpDataPairs(view);
  for (let row = 0; row < flows.rows; row++) {
    const port = view.port[row]!;
    if (flows.protocol[row] !== IP_PROTOCOL.tcp || port === 0 || config.webPorts.includes(port)) continue;
    const side = view.initiatorSide[row] as 0 | 1;
    const [asked, answered] = [2 * row + side, 2 * row + 1 - side];
    const pair = view.initiator[row]! * view.hosts.count + view.responder[row]!;
    if (flows.opens[asked] === 0) {
      if (port === FTP && !withData.has(pair)) addLater(attemptsFor(all, view.initiator[row]!, port), view, row, side);
      continue;
    }
    if (!isCompleted(flows, row, side)) continue;
    if (flows.payload[asked] === 0 || flows.payload[answered] === 0) continue;
    if (flows.payload[asked]! + flows.payload[answered]! > payloadBytes) continue;
    const known = kindOf(port, config);
    if (known === 'other' && Math.min(flows.pushes[asked]!, flows.pushes[answered]!) < config.bruteForce.otherMessages)
      continue;
    const attempts = attemptsFor(all, view.initiator[row]!, port);
    attempts.begun++;
    if (port === FTP && !withData.has(pair)) {
      // Greeting, then two replies for every log-in: "user name okay" and its refusal (RFC 959 5.4).
      attempts.turns += Math.max(0, Math.floor((flows.pushes[answered]! - 1) / 2) - 1);
    }
    if (isEnded(flows, row)) {
      const size = flows.payload[asked]! + flows.payload[answered]!;
      attempts.ended++;
      if (flows.pushes[asked]! <= messages) {
        attempts.whole++;
        attempts.bytes += size;
        attempts.bytesSquared += size * size;
        attempts.messages += flows.pushes[asked]!;
      }
    }
    attempts.targets.set(view.responder[row]!, (attempts.targets.get(view.responder[row]!) ?? 0) + 1);
    attempts.firstUs = Math.min(attempts.firstUs, flows.firstUs[row]!);
    attempts.lastUs = Math.max(attempts.lastUs, flows.lastUs[row]!);
  }
  return [...all.values()];
});

/** What an FTP connection of an earlier window did in this one. */
function addLater(attempts: Attempts, { flows, responder }: PaneView, row: number, side: 0 | 1): void {
  // Two replies for every log-in.
  attempts.turns += Math.floor(flows.pushes[2 * row + 1 - side]! / 2);
  if (isEnded(flows, row)) attempts.late++;
  attempts.targets.set(responder[row]!, attempts.targets.get(responder[row]!) ?? 0);
  attempts.firstUs = Math.min(attempts.firstUs, flows.firstUs[row]!);
  attempts.lastUs = Math.max(attempts.lastUs, flows.lastUs[row]!);
}

/** Pairs (client, server) of FTP with a data connection beside the control connection: these sessions got in. */
function ftpDataPairs(view: PaneView): Set<number> {
  const { flows } = view;
  const control = new Set<number>();
  const data = new Set<number>();
  for (let row = 0; row < flows.rows; row++) {
    if (flows.protocol[row] !== IP_PROTOCOL.tcp || view.port[row] !== FTP) continue;
    control.add(view.initiator[row]! * view.hosts.count + view.responder[row]!);
  }
  if (control.size === 0) return data;
  for (let row = 0; row < flows.rows; row++) {
    if (flows.protocol[row] !== IP_PROTOCOL.tcp || view.port[row] === FTP) continue;
    const [one, other] = [view.initiator[row]!, view.responder[row]!];
    for (const pair of [one * view.hosts.count + other, other * view.hosts.count + one]) {
      if (control.has(pair)) data.add(pair);
    }
  }
  return data;
}

function attemptsFor(all: Map<number, Attempts>, source: number, port: number): Attempts {
  const key = source * 65_536 + port;
  let attempts = all.get(key);
  if (attempts === undefined) {
    attempts = {
      source,
      port,
      begun: 0,
      turns: 0,
      ended: 0,
      late: 0,
      whole: 0,
      bytes: 0,
      bytesSquared: 0,
      messages: 0,
      targets: new Map(),
      firstUs: Infinity,
      lastUs: -Infinity,
    };
    all.set(key, attempts);
  }
  return attempts;
}

type Kind = 'people' | 'programs' | 'other';

/** Who usually logs in there: programs do it all day long. */
function kindOf(port: number, { bruteForce }: DetectorConfig): Kind {
  if (bruteForce.peoplePorts.includes(port)) return 'people';
  return bruteForce.programPorts.includes(port) ? 'programs' : 'other';
}

function evidence(view: PaneView, attempts: Attempts): Finding {
  const source = view.hosts.text(attempts.source);
  const targets = new ThetaSet(PANE_CONTACTS);
  for (const target of attempts.targets.keys()) targets.add(view.hosts.hash(target));
  const { begun, turns, ended, late, whole, bytes, bytesSquared, messages } = attempts;
  return {
    entity: source,
    features: { begun, turns, ended, late, whole, bytes, bytesSquared, messages, contactsTheta: targets.theta },
    contacts: targets.hashes(),
    contributors: topContributors(
      [...attempts.targets].map(([target, value]) => ({ key: view.hosts.text(target), value, unit: 'connections' })),
    ),
    firstPacketUs: attempts.firstUs,
    lastPacketUs: attempts.lastUs,
    filter: {
      fromUs: attempts.firstUs,
      toUs: attempts.lastUs + 1,
      host: source,
      port: attempts.port,
      protocol: 'tcp',
    },
  };
}

function judge(evidence: readonly Evidence[], config: DetectorConfig): Verdict | null {
  const last = evidence.at(-1)!;
  const rule = config.bruteForce;
  const port = last.filter.port!;
  const sum = (name: string): number => evidence.reduce((total, { features }) => total + features[name]!, 0);
  const connections = sum('begun');
  const attempts = connections + sum('turns');
  const ended = Math.min(connections, sum('ended') + sum('late'));
  const kind = kindOf(port, config);
  const floor = kind === 'people' ? rule.attempts : rule.attemptsOfPrograms;
  const spread = variation(sum('whole'), sum('bytes'), sum('bytesSquared'));
  const isRepeated =
    attempts >= floor &&
    ended >= rule.endedShare * connections &&
    2 * sum('whole') >= sum('ended') &&
    spread < (kind === 'people' ? rule.variation : rule.variationOfPrograms);
  const burst = kind === 'people' && isBurst(last, config);
  if (!isRepeated && !burst) return null;
  const targets = uniteContacts(evidence);
  const shownFloor = isRepeated ? floor : rule.burst;
  const span = isRepeated ? last.windowEndUs - evidence[0]!.windowStartUs : last.windowEndUs - last.windowStartUs;
  const shown = isRepeated ? attempts : last.features['begun']!;
  const [target] = last.contributors;
  const where = targets === 1 ? target!.key : `${figure(targets)} hosts`;
  return {
    ratio: Math.max(1, shown / shownFloor),
    reasons: [
      reason('log-in attempts', shown, 'attempts', shownFloor),
      reason('variation of their sizes', spread, 'share', rule.variation),
      reason('hosts tried', targets, 'hosts', rule.sprayedHosts),
    ],
    summary:
      `${last.entity} began ${figure(shown)} log-in attempts at port ${port} of ${where} in ${spanText(span)}, ` +
      `${figure(ended)} of ${figure(connections)} connections already over, sizes within ${figure(100 * spread)} %`,
    attack: targets >= rule.sprayedHosts ? ['T1110.003'] : ['T1110.001'],
  };
}

/** Several connections at once that all end where a session would begin, as alike as only a program makes them. */
function isBurst({ features }: Evidence, { bruteForce: rule }: DetectorConfig): boolean {
  const { begun, ended, whole, bytes, bytesSquared } = features as Record<string, number>;
  return (
    whole! >= rule.burst &&
    ended === begun &&
    whole === ended &&
    variation(whole!, bytes!, bytesSquared!) <= rule.burstVariation
  );
}

/** Standard deviation over mean, of n values by their sum and sum of squares; 0 for none. */
function variation(n: number, sum: number, squares: number): number {
  if (n === 0 || sum === 0) return 0;
  const mean = sum / n;
  return Math.sqrt(Math.max(0, squares / n - mean * mean)) / mean;
}
