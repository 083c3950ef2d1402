/**
 * How far the data behind an alert can be trusted: what is known to be missing or cut in its windows, and the confidence
 * that leaves. Packets that were not seen cannot speak for anybody, so each doubt takes its share away and is named.
 */
import type { KpiRow } from '../kpi/kpi-row.ts';
import { figure, rounded } from './detector.ts';

/** What the windows of an alert say about themselves, as sums over them. */
export interface WindowQuality {
  /** Packets that are there. */
  readonly packets: number;
  /** Announced by the sensor and not there. */
  readonly missing: number;
  /** What the kernel dropped before the sensor saw it, estimated from the window's minutes. */
  readonly dropped: number;
  /** Cut by the snap length. */
  readonly truncated: number;
  /** Marked as second copies of a frame. */
  readonly duplicates: number;
  readonly flows: number;
  /** Flow records folded into sums because a bound was hit. */
  readonly folded: number;
  /** Established TCP connections of which only one direction was captured, and of which both were. */
  readonly oneWay: number;
  readonly twoWay: number;
}

export const NO_QUALITY: WindowQuality = {
  packets: 0,
  missing: 0,
  dropped: 0,
  truncated: 0,
  duplicates: 0,
  flows: 0,
  folded: 0,
  oneWay: 0,
  twoWay: 0,
};

export const DOUBT_CAUSES = ['missing', 'dropped', 'duplicates', 'one-way', 'truncated', 'folded'] as const;
export type DoubtCause = (typeof DOUBT_CAUSES)[number];

/** One thing that makes the data less than they should be. */
export interface Doubt {
  readonly cause: DoubtCause;
  /** Of what there should be: packets, flows for `folded`, connections for `one-way`; 0 to 1. */
  readonly share: number;
  /** The same as a sentence. */
  readonly text: string;
}

export interface AlertQuality {
  /** 0 to 1; 1 = nothing is known to be wrong with the data. */
  readonly confidence: number;
  /** In the order of DOUBT_CAUSES. */
  readonly doubts: readonly Doubt[];
}

/** Below this share nothing is said: it changes no verdict. */
const WORTH_SAYING = 0.001;

/**
 * How much of the confidence a doubt about packets that were seen takes at a share of 1: a copy counts a packet twice; of
 * a cut or folded packet most of what detectors look at is kept. What was never seen takes its whole share.
 */
const WEIGHTS: Readonly<Record<DoubtCause, number>> = {
  missing: 0,
  dropped: 0,
  duplicates: 0.5,
  'one-way': 0.3,
  truncated: 0.1,
  folded: 0.1,
};

/** What a scored window says about itself. */
export function windowQuality({ values, announced, arrived }: KpiRow): WindowQuality {
  const value = (name: string): number => values[name] ?? 0;
  const packets = value('packets');
  const dropShare = Math.min(0.999_999, value('dropShare'));
  return {
    packets,
    missing: Math.max(0, announced.packets - arrived.packets),
    dropped: Math.round((packets * dropShare) / (1 - dropShare)),
    truncated: value('truncated'),
    duplicates: value('duplicates'),
    flows: value('flows'),
    folded: value('rowsShed'),
    oneWay: value('oneWayTcp'),
    twoWay: value('twoWayTcp'),
  };
}

export function addQuality(a: WindowQuality, b: WindowQuality): WindowQuality {
  return {
    packets: a.packets + b.packets,
    missing: a.missing + b.missing,
    dropped: a.dropped + b.dropped,
    truncated: a.truncated + b.truncated,
    duplicates: a.duplicates + b.duplicates,
    flows: a.flows + b.flows,
    folded: a.folded + b.folded,
    oneWay: a.oneWay + b.oneWay,
    twoWay: a.twoWay + b.twoWay,
  };
}

/** The doubts about an alert whose windows say this in sum, and the confidence they leave. */
export function alertQuality(of: WindowQuality): AlertQuality {
  const offered = of.packets + of.missing + of.dropped;
  const shares: Readonly<Record<DoubtCause, readonly [part: number, whole: number]>> = {
    missing: [of.missing, offered],
    dropped: [of.dropped, offered],
    duplicates: [of.duplicates, of.packets],
    'one-way': [of.oneWay, of.oneWay + of.twoWay],
    truncated: [of.truncated, of.packets],
    folded: [of.folded, Math.max(of.flows, of.folded)],
  };
  const doubts: Doubt[] = [];
  let confidence = offered === 0 ? 1 : of.packets / offered;
  for (const cause of DOUBT_CAUSES) {
    const [part, whole] = shares[cause];
    const share = whole === 0 ? 0 : Math.min(1, part / whole);
    if (share < WORTH_SAYING) continue;
    confidence *= 1 - WEIGHTS[cause] * share;
    doubts.push({ cause, share: rounded(share), text: doubtText(cause, part, share) });
  }
  return { confidence: rounded(confidence), doubts };
}

function doubtText(cause: DoubtCause, part: number, share: number): string {
  const percent = `${figure(100 * share)} %`;
  switch (cause) {
    case 'missing':
      return `${figure(part)} packets (${percent}) were sent by the sensor and have not arrived`;
    case 'dropped':
      return `the kernel dropped about ${figure(part)} packets (${percent}) before the sensor saw them`;
    case 'duplicates':
      return `${figure(part)} packets (${percent}) are second copies from the mirror and were counted twice`;
    case 'one-way':
      return `of ${figure(part)} connections (${percent}) only one direction was captured`;
    case 'truncated':
      return `${figure(part)} packets (${percent}) were cut by the snap length`;
    case 'folded':
      return `${figure(part)} flows (${percent}) are known only as sums, because a bound was hit`;
  }
}
