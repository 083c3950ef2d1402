/**
 * Reflector: a host answers small UDP questions with far more than it was asked, in amounts that make it a weapon against
 * whoever's address stood in the questions. Keyed by the answering host. Questions must be seen: without them it would be
 * the far end of a reflection, whose victim is named by that detector.
 */
import { IP_PROTOCOL } from '../window/flow-traits.ts';
import type { PaneView } from '../window/pane-view.ts';
import { isReflectorPort, REFLECTOR_PORTS } from '../window/reflector-ports.ts';
import type { Evidence } from './alert.ts';
import type { DetectorConfig } from './config.ts';
import { topContributors } from './contributors.ts';
import { oncePerView } from './once-per-view.ts';
import {
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

interface Answers {
  readonly host: number;
  readonly port: number;
  asked: number;
  askedBytes: number;
  answerBytes: number;
  readonly askers: Map<number, number>;
  firstUs: number;
  lastUs: number;
}

export const reflector: Detector = {
  name: 'reflector',
  version: 1,
  gravity: 0.5,
  lookbackWindows: (config) => config.reflector.lookbackWindows,
  detect(view, config) {
    const { answerBytes, outInRatio, lookbackWindows } = config.reflector;
    const byEntity = new Map<string, Finding>();
    for (const of of answersOf(view, config)) {
      // A window far below its part of the floor adds nothing: it need not be kept.
      if (of.asked === 0 || of.answerBytes < outInRatio * of.askedBytes) continue;
      if (of.answerBytes * 10 * (lookbackWindows + 1) < answerBytes) continue;
      const one = evidence(view, of);
      const known = byEntity.get(one.entity);
      if (known === undefined || one.features['answerBytes']! > known.features['answerBytes']!)
        byEntity.set(one.entity, one);
    }
    return largestFindings([...byEntity.values()], 'answerBytes', config);
  },
  judge,
  statistics: [
    {
      feature: 'bytes answered',
      unit: 'bytes',
      floor: ({ reflector: { answerBytes } }) => answerBytes,
      summedWindows: ({ reflector: { lookbackWindows } }) => lookbackWindows,
      measure: (view, config) => mostByHost(answersOf(view, config).map((of) => [of.host, of.answerBytes])),
    },
  ],
};

const answersOf = oncePerView((view): readonly Answers[] => {
  const { flows } = view;
  const services = new Map<number, Answers>();
  for (let row = 0; row < flows.rows; row++) {
    const port = view.port[row]!;
    if (flows.protocol[row] !== IP_PROTOCOL.udp || !isReflectorPort(port)) continue;
    const [question, answer] = [2 * row + view.initiatorSide[row]!, 2 * row + 1 - view.initiatorSide[row]!];
    const key = view.responder[row]! * 65_536 + port;
    let of = services.get(key);
    if (of === undefined) {
      of = {
        host: view.responder[row]!,
        port,
        asked: 0,
        askedBytes: 0,
        answerBytes: 0,
        askers: new Map(),
        firstUs: Infinity,
        lastUs: -Infinity,
      };
      services.set(key, of);
    }
    if (flows.packets[question] === 0) continue;
    of.asked += flows.packets[question]!;
    of.askedBytes += flows.bytes[question]!;
    of.answerBytes += flows.bytes[answer]!;
    of.askers.set(view.initiator[row]!, (of.askers.get(view.initiator[row]!) ?? 0) + flows.bytes[answer]!);
    of.firstUs = Math.min(of.firstUs, flows.firstUs[row]!);
    of.lastUs = Math.max(of.lastUs, flows.lastUs[row]!);
  }
  return [...services.values()];
});

function evidence(view: PaneView, of: Answers): Finding {
  const host = view.hosts.text(of.host);
  return {
    entity: host,
    features: { asked: of.asked, askedBytes: of.askedBytes, answerBytes: of.answerBytes },
    contacts: [],
    contributors: topContributors(
      [...of.askers].map(([asker, value]) => ({ key: view.hosts.text(asker), value, unit: 'bytes answered to' })),
    ),
    firstPacketUs: of.firstUs,
    lastPacketUs: of.lastUs,
    filter: { fromUs: of.firstUs, toUs: of.lastUs + 1, host, port: of.port, protocol: 'udp' },
  };
}

function judge(evidence: readonly Evidence[], { reflector: config }: DetectorConfig): Verdict | null {
  const last = evidence.at(-1)!;
  const sum = (name: string): number => evidence.reduce((total, { features }) => total + features[name]!, 0);
  const [answered, asked, questions] = [sum('answerBytes'), sum('askedBytes'), sum('asked')];
  if (answered < config.answerBytes || answered < config.outInRatio * asked || questions < config.questions)
    return null;
  const { host, port } = last.filter;
  return {
    ratio: answered / config.answerBytes,
    reasons: [
      reason('bytes answered', answered, 'bytes', config.answerBytes),
      reason('bytes answered per byte asked', answered / asked, 'ratio', config.outInRatio),
    ],
    summary:
      `${endpoint(host!, port!)} (${REFLECTOR_PORTS[port!]!}) answered ${figure(questions)} questions of ${figure(asked)} bytes ` +
      `with ${figure(answered)} bytes in ${spanText(last.windowEndUs - evidence[0]!.windowStartUs)}: ` +
      `${figure(answered / asked)} times what it was asked`,
    attack: ['T1498.002'],
  };
}
