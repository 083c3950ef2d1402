/**
 * ICMP tunnel: data carried in echo messages. A reply mirrors its request byte for byte (RFC 792), so replies that are
 * larger or smaller than the requests, or more than they, carry something of their own. A tunnel that mirrors is not seen.
 */
import { IP_PROTOCOL } from '../window/flow-traits.ts';
import type { PaneView } from '../window/pane-view.ts';
import type { Evidence } from './alert.ts';
import type { DetectorConfig } from './config.ts';
import { oncePerView } from './once-per-view.ts';
import { figure, mostByHost, reason, spanText, type Detector, type Finding, type Verdict } from './detector.ts';
import { largestFindings } from './largest-findings.ts';

interface Echoes {
  readonly asker: number;
  readonly answerer: number;
  readonly protocol: number;
  requests: number;
  requestBytes: number;
  replies: number;
  replyBytes: number;
  firstUs: number;
  lastUs: number;
}

export const icmpTunnel: Detector = {
  name: 'icmp-tunnel',
  version: 1,
  gravity: 0.5,
  lookbackWindows: (config) => config.icmpTunnel.lookbackWindows,
  detect(view, config) {
    const byAsker = new Map<number, Echoes>();
    for (const one of unlikeEchoes(view, config)) {
      const known = byAsker.get(one.asker);
      if (
        known === undefined ||
        one.requests > known.requests ||
        (one.requests === known.requests && one.answerer < known.answerer)
      )
        byAsker.set(one.asker, one);
    }
    const found = Array.from(byAsker.values(), (one) => evidence(view, one));
    return largestFindings(found, 'requests', config);
  },
  judge,
  statistics: [
    {
      feature: 'echo payload both ways',
      unit: 'bytes',
      floor: ({ icmpTunnel }) => icmpTunnel.bytes,
      summedWindows: ({ icmpTunnel }) => icmpTunnel.lookbackWindows,
      measure: (view, config) =>
        mostByHost(unlikeEchoes(view, config).map((one) => [one.asker, one.requestBytes + one.replyBytes])),
    },
  ],
};

/** Echo flows whose replies are not the requests sent back. */
const unlikeEchoes = oncePerView((view, config): readonly Echoes[] =>
  echoesOf(view).filter((one) => !isMirrored(one, config)),
);

/** Echo flows with requests and replies; a flow with other messages in it is not one. */
function echoesOf(view: PaneView): Echoes[] {
  const { flows } = view;
  const found: Echoes[] = [];
  for (let row = 0; row < flows.rows; row++) {
    const protocol = flows.protocol[row]!;
    if (protocol !== IP_PROTOCOL.icmp && protocol !== IP_PROTOCOL.icmpv6) continue;
    const [asked, answered] = [2 * row + view.initiatorSide[row]!, 2 * row + 1 - view.initiatorSide[row]!];
    if (flows.opens[asked] === 0 || flows.accepts[answered] === 0) continue;
    if (flows.opens[asked] !== flows.packets[asked] || flows.accepts[answered] !== flows.packets[answered]) continue;
    found.push({
      asker: view.initiator[row]!,
      answerer: view.responder[row]!,
      protocol,
      requests: flows.opens[asked]!,
      requestBytes: flows.payload[asked]!,
      replies: flows.accepts[answered]!,
      replyBytes: flows.payload[answered]!,
      firstUs: flows.firstUs[row]!,
      lastUs: flows.lastUs[row]!,
    });
  }
  return found;
}

/** Whether the replies may be the requests sent back; a few at the edge of the window, or lost on the way, are missing. */
function isMirrored(of: Echoes, { icmpTunnel: config }: DetectorConfig): boolean {
  const [asked, answered] = [of.requestBytes / of.requests, of.replyBytes / of.replies];
  const [low, high] = [Math.min(asked, answered), Math.max(asked, answered)];
  return high - low < config.differenceBytes || high < config.sizeRatio * low;
}

function evidence(view: PaneView, of: Echoes): Finding {
  const [asker, answerer] = [view.hosts.text(of.asker), view.hosts.text(of.answerer)];
  const { requests, requestBytes, replies, replyBytes } = of;
  return {
    entity: asker,
    features: { requests, requestBytes, replies, replyBytes },
    contacts: [],
    contributors: [{ key: answerer, value: requestBytes + replyBytes, unit: 'bytes of echo payload' }],
    firstPacketUs: of.firstUs,
    lastPacketUs: of.lastUs,
    filter: {
      fromUs: of.firstUs,
      toUs: of.lastUs + 1,
      host: asker,
      peer: answerer,
      protocol: of.protocol === IP_PROTOCOL.icmp ? 'icmp' : 'ipv6-icmp',
    },
  };
}

function judge(evidence: readonly Evidence[], { icmpTunnel: config }: DetectorConfig): Verdict | null {
  const last = evidence.at(-1)!;
  const sum = (name: string): number => evidence.reduce((total, { features }) => total + features[name]!, 0);
  const [requests, replies] = [sum('requests'), sum('replies')];
  const bytes = sum('requestBytes') + sum('replyBytes');
  if (Math.min(requests, replies) < config.echoes || bytes < config.bytes) return null;
  const [asked, answered] = [sum('requestBytes') / requests, sum('replyBytes') / replies];
  const ratio = Math.max(asked, answered) / Math.max(1, Math.min(asked, answered));
  return {
    ratio: bytes / config.bytes,
    reasons: [
      reason('echo payload both ways', bytes, 'bytes', config.bytes),
      reason('size of requests and replies, larger over smaller', ratio, 'ratio', config.sizeRatio),
    ],
    summary:
      `${last.entity} and ${last.filter.peer!} exchanged ${figure(requests)} echo requests of ${figure(asked)} bytes and ` +
      `${figure(replies)} replies of ${figure(answered)} bytes on average in ` +
      `${spanText(last.windowEndUs - evidence[0]!.windowStartUs)}: replies that do not mirror their requests`,
    attack: ['T1095', 'T1572'],
  };
}
