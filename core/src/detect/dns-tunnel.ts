/**
 * DNS tunnel: data carried in the names of questions and in their answers. From headers alone: one client sends one server
 * many questions longer than names are. Clients take a new port for every question (RFC 5452), tunnels keep one
 * socket, so long questions on one flow are judged earlier than long questions on many. What the names are, nobody sees here.
 * A resolver passes on what it is asked: where one client asked it at least half of it, the client is named and the resolver is not.
 */
import { IP_PROTOCOL } from '../window/flow-traits.ts';
import type { PaneView } from '../window/pane-view.ts';
import type { Evidence } from './alert.ts';
import type { DetectorConfig } from './config.ts';
import { oncePerView } from './once-per-view.ts';
import { figure, mostByHost, reason, spanText, type Detector, type Finding, type Verdict } from './detector.ts';
import { largestFindings } from './largest-findings.ts';

const DNS = 53;
/** Part of a host's questions from which on they are those of the client that asked it: upstream asks again what is not answered. */
const PASSED_ON = 0.5;

interface Questions {
  readonly client: number;
  readonly server: number;
  questions: number;
  bytes: number;
  answerBytes: number;
  /** The same of the flow with most questions. */
  flowQuestions: number;
  flowBytes: number;
  firstUs: number;
  lastUs: number;
}

export const dnsTunnel: Detector = {
  name: 'dns-tunnel',
  version: 2,
  gravity: 0.5,
  lookbackWindows: (config) => config.dnsTunnel.lookbackWindows,
  detect(view, config) {
    const byClient = new Map<number, Questions>();
    for (const one of longQuestionsOf(view, config)) {
      const known = byClient.get(one.client);
      if (known === undefined || one.bytes > known.bytes || (one.bytes === known.bytes && one.server < known.server))
        byClient.set(one.client, one);
    }
    const found = Array.from(byClient.values(), (one) => evidence(view, one));
    return largestFindings(found, 'bytes', config);
  },
  judge,
  statistics: [
    {
      feature: 'questions',
      unit: 'packets',
      floor: ({ dnsTunnel }) => dnsTunnel.flowQuestions,
      summedWindows: ({ dnsTunnel }) => dnsTunnel.lookbackWindows,
      measure: (view, config) =>
        mostByHost(longQuestionsOf(view, config).map(({ client, questions }) => [client, questions])),
    },
  ],
};

/** Pairs of client and server whose questions are as long as a tunnel's, on average, and the client's own. */
const longQuestionsOf = oncePerView((view, { dnsTunnel }): readonly Questions[] => {
  const long = [...questionsOf(view).values()].filter(
    ({ questions, bytes }) => questions >= 2 && bytes >= dnsTunnel.flowMeanBytes * questions,
  );
  const askedByOne = mostByHost(long.map(({ server, bytes }) => [server, bytes]));
  return long.filter(({ client, bytes }) => (askedByOne.get(client) ?? 0) < PASSED_ON * bytes);
});

function questionsOf(view: PaneView): Map<number, Questions> {
  const { flows } = view;
  const pairs = new Map<number, Questions>();
  for (let row = 0; row < flows.rows; row++) {
    if (flows.protocol[row] !== IP_PROTOCOL.udp || view.port[row] !== DNS) continue;
    const [asked, answered] = [2 * row + view.initiatorSide[row]!, 2 * row + 1 - view.initiatorSide[row]!];
    if (flows.packets[asked] === 0) continue;
    const [client, server] = [view.initiator[row]!, view.responder[row]!];
    const key = client * view.hosts.count + server;
    let of = pairs.get(key);
    if (of === undefined) {
      of = {
        client,
        server,
        questions: 0,
        bytes: 0,
        answerBytes: 0,
        flowQuestions: 0,
        flowBytes: 0,
        firstUs: Infinity,
        lastUs: -Infinity,
      };
      pairs.set(key, of);
    }
    of.questions += flows.packets[asked]!;
    of.bytes += flows.payload[asked]!;
    of.answerBytes += flows.payload[answered]!;
    const isBusier =
      flows.packets[asked]! > of.flowQuestions ||
      (flows.packets[asked] === of.flowQuestions && flows.payload[asked]! > of.flowBytes);
    if (isBusier) [of.flowQuestions, of.flowBytes] = [flows.packets[asked]!, flows.payload[asked]!];
    of.firstUs = Math.min(of.firstUs, flows.firstUs[row]!);
    of.lastUs = Math.max(of.lastUs, flows.lastUs[row]!);
  }
  return pairs;
}

function evidence(view: PaneView, of: Questions): Finding {
  const [client, server] = [view.hosts.text(of.client), view.hosts.text(of.server)];
  const { questions, bytes, answerBytes, flowQuestions, flowBytes } = of;
  return {
    entity: client,
    features: { questions, bytes, answerBytes, flowQuestions, flowBytes },
    contacts: [],
    contributors: [{ key: server, value: bytes, unit: 'bytes of questions' }],
    firstPacketUs: of.firstUs,
    lastPacketUs: of.lastUs,
    filter: { fromUs: of.firstUs, toUs: of.lastUs + 1, host: client, peer: server, port: DNS, protocol: 'udp' },
  };
}

function judge(evidence: readonly Evidence[], { dnsTunnel: config }: DetectorConfig): Verdict | null {
  const last = evidence.at(-1)!;
  const sum = (name: string): number => evidence.reduce((total, { features }) => total + features[name]!, 0);
  const [questions, bytes, flowQuestions, flowBytes] = [
    sum('questions'),
    sum('bytes'),
    sum('flowQuestions'),
    sum('flowBytes'),
  ];
  const onOne = flowQuestions >= config.flowQuestions && flowBytes >= config.flowMeanBytes * flowQuestions;
  const onMany = questions >= config.questions && bytes >= config.meanBytes * questions;
  if (!onOne && !onMany) return null;
  const [floor, mean] = onOne ? [config.flowQuestions, config.flowMeanBytes] : [config.questions, config.meanBytes];
  const counted = onOne ? flowQuestions : questions;
  return {
    ratio: counted / floor,
    reasons: [
      reason('questions', counted, 'packets', floor),
      reason('bytes per question', (onOne ? flowBytes : bytes) / counted, 'bytes', mean),
    ],
    summary:
      `${last.entity} sent ${last.filter.peer!} ${figure(questions)} DNS questions of ${figure(bytes / questions)} bytes on average ` +
      `in ${spanText(last.windowEndUs - evidence[0]!.windowStartUs)}, ${figure(flowQuestions)} of them from one port, ` +
      `and got ${figure(sum('answerBytes'))} bytes back`,
    attack: ['T1071.004', 'T1572'],
  };
}
