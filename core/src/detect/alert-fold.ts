/**
 * Alerts as a fold over evidence in time order: one alert per episode of one entity, however many windows it lasts. The fold
 * is deterministic, so windows may be scored in any order, again and elsewhere; the same evidence gives the same alerts.
 */
import { hexName } from '../sketch/hash.ts';
import type { Alert, DetectorName, Evidence } from './alert.ts';
import { configHash, DETECTOR_CONFIG, type DetectorConfig } from './config.ts';
import { CONTRIBUTOR_LIMIT, mergeContributors } from './contributors.ts';
import { addQuality, alertQuality, NO_QUALITY, type WindowQuality } from './data-quality.ts';
import { rounded, spanText, type Detector, type Verdict } from './detector.ts';
import { compareEvidence, DETECTOR_LIST } from './registry.ts';
import { severityOf } from './severity.ts';
import { weighReasons } from './weigh-reasons.ts';

/** What scoring a window said about its data. */
export interface KnownWindow {
  /** All announced batches arrived. */
  readonly complete: boolean;
  readonly quality: WindowQuality;
}

/** What is known of a window besides its evidence. */
export interface WindowStatus extends KnownWindow {
  /** Nothing can change any more. */
  readonly final: boolean;
}

/** A window that was never scored. */
export const UNKNOWN_WINDOW: KnownWindow = { complete: false, quality: NO_QUALITY };

export type StatusLookup = (windowStartUs: number) => WindowStatus;

/** Contributors an episode remembers, to name the largest. */
const REMEMBERED_CONTRIBUTORS = 64;

/** An episode under way: evidence above the floor, without a longer pause than the detector allows. */
interface Episode {
  readonly detector: Detector;
  readonly entity: string;
  readonly first: Evidence;
  /** The window that was furthest beyond the floor. */
  peak: { readonly evidence: Evidence; readonly verdict: Verdict };
  last: Evidence;
  readonly windowStarts: number[];
  firstPacketUs: number;
  lastPacketUs: number;
  contributors: Alert['contributors'];
}

/** What the fold remembers of one entity. */
interface Track {
  /** Evidence inside the lookback, ascending. */
  recent: Evidence[];
  open: Episode | undefined;
}

export class AlertFold {
  readonly #status: StatusLookup;
  readonly #config: DetectorConfig;
  readonly #configHash: string;
  readonly #detectors: ReadonlyMap<DetectorName, Detector> = new Map(DETECTOR_LIST.map((one) => [one.name, one]));
  readonly #tracks = new Map<string, Track>();
  readonly #closed: Episode[] = [];

  constructor(status: StatusLookup, config: DetectorConfig = DETECTOR_CONFIG) {
    this.#status = status;
    this.#config = config;
    this.#configHash = configHash(config);
  }

  /**
   * Takes the evidence of a sensor's next window or windows, none of it older than what was taken before.
   * @returns the alerts that are new or changed
   */
  add(evidence: readonly Evidence[]): Alert[] {
    const changed = new Set<Episode>();
    for (const one of evidence.toSorted(compareEvidence)) {
      const episode = this.#take(one);
      if (episode !== undefined) changed.add(episode);
    }
    return this.#alertsOf([...changed]);
  }

  /** All alerts so far, ascending by first window and id. */
  alerts(): Alert[] {
    const open = [...this.#tracks.values()].flatMap((track) => track.open ?? []);
    return this.#alertsOf([...this.#closed, ...open]);
  }

  /**
   * Forgets what evidence from `windowStartUs` on cannot change any more, so that a fold may run for years.
   * @returns the alerts that are over
   */
  release(windowStartUs: number): Alert[] {
    for (const [key, track] of this.#tracks) {
      const last = track.recent.at(-1)!;
      if (windowStartUs <= last.windowStartUs + this.#reachUs(last)) continue;
      if (track.open !== undefined) this.#closed.push(track.open);
      this.#tracks.delete(key);
    }
    return this.#alertsOf(this.#closed.splice(0));
  }

  /** The furthest later window that could still belong to an episode with this evidence in it. */
  #reachUs(evidence: Evidence): number {
    const detector = this.#detectors.get(evidence.detector)!;
    const windows = this.#config.quietWindows + 1 + detector.lookbackWindows(this.#config);
    return windows * (evidence.windowEndUs - evidence.windowStartUs);
  }

  #take(evidence: Evidence): Episode | undefined {
    const detector = this.#detectors.get(evidence.detector);
    if (detector === undefined) return undefined;
    const key = `${evidence.detector} ${evidence.entity}`;
    let track = this.#tracks.get(key);
    if (track === undefined) this.#tracks.set(key, (track = { recent: [], open: undefined }));
    if (track.open !== undefined && evidence.windowStartUs > track.open.last.windowStartUs + this.#reachUs(evidence)) {
      this.#closed.push(track.open);
      // What belonged to the old episode may not open a new one.
      track.recent = track.recent.filter(({ windowStartUs }) => windowStartUs > track.open!.last.windowStartUs);
      track.open = undefined;
    }
    const spanUs = detector.lookbackWindows(this.#config) * (evidence.windowEndUs - evidence.windowStartUs);
    track.recent = track.recent.filter(({ windowStartUs }) => windowStartUs >= evidence.windowStartUs - spanUs);
    track.recent.push(evidence);
    const subject = track.recent.filter((one) => subjectOf(one) === subjectOf(evidence));
    const verdict = detector.judge(subject, this.#config);
    if (verdict === null) return undefined;
    if (track.open === undefined) track.open = openEpisode(detector, subject, evidence, verdict);
    else extendEpisode(track.open, [evidence], verdict);
    return track.open;
  }

  #alertsOf(episodes: readonly Episode[]): Alert[] {
    return episodes
      .map((episode) => this.#alertOf(episode))
      .sort((a, b) => a.windowStartUs - b.windowStartUs || (a.id < b.id ? -1 : 1));
  }

  #alertOf(episode: Episode): Alert {
    const { detector, first, last, peak } = episode;
    const { sensor, entity } = first;
    const statuses = episode.windowStarts.map((start) => this.#status(start));
    return {
      id: hexName(`${sensor}\n${detector.name}\n${entity}\n${first.windowStartUs}`),
      sensor,
      detector: detector.name,
      detectorVersion: detector.version,
      entity,
      windowStartUs: first.windowStartUs,
      windowEndUs: last.windowEndUs,
      firstPacketUs: episode.firstPacketUs,
      lastPacketUs: episode.lastPacketUs,
      severity: severityOf(peak.verdict.ratio, detector.gravity),
      // 0.5 at the floor, 0.91 at ten times the floor, 0.99 at a hundred times.
      score: rounded(peak.verdict.ratio / (1 + peak.verdict.ratio)),
      state: statuses.every(({ final }) => final) ? 'confirmed' : 'provisional',
      windows: episode.windowStarts.length,
      summary: peak.verdict.summary,
      reasons: weighReasons(peak.verdict.reasons),
      contributors: episode.contributors.slice(0, CONTRIBUTOR_LIMIT),
      attack: peak.verdict.attack,
      complete: statuses.every(({ complete }) => complete),
      quality: alertQuality(statuses.map(({ quality }) => quality).reduce(addQuality)),
      config: this.#configHash,
      filter: { ...peak.evidence.filter, fromUs: episode.firstPacketUs, toUs: episode.lastPacketUs + 1 },
    };
  }
}

/** All alerts of a sensor's evidence, in any order; the same as an AlertFold that took it window by window. */
export function foldAlerts(
  evidence: readonly Evidence[],
  status: StatusLookup,
  config: DetectorConfig = DETECTOR_CONFIG,
): Alert[] {
  const fold = new AlertFold(status, config);
  fold.add(evidence);
  return fold.alerts();
}

/**
 * Alerts that were raised in `before` and that `after`, from later data, does not know any more.
 * @param evidence what the windows say now
 */
export function withdrawn(before: readonly Alert[], after: readonly Alert[], evidence: readonly Evidence[]): Alert[] {
  const ids = new Set(after.map(({ id }) => id));
  return before
    .filter(({ id }) => !ids.has(id))
    .map((alert) => ({ ...alert, state: 'withdrawn', withdrawal: withdrawalText(alert, after, evidence) }));
}

function withdrawalText(alert: Alert, after: readonly Alert[], evidence: readonly Evidence[]): string {
  const { detector, entity, windowStartUs, windowEndUs, windows } = alert;
  const isSame = (other: Pick<Alert, 'detector' | 'entity' | 'windowStartUs' | 'windowEndUs'>): boolean =>
    other.detector === detector &&
    other.entity === entity &&
    other.windowStartUs < windowEndUs &&
    other.windowEndUs > windowStartUs;
  const successor = after.find(isSame);
  const again = `windows of these ${spanText(windowEndUs - windowStartUs)} were scored again from more packets`;
  if (successor !== undefined) return `${again}: the episode begins elsewhere and is alert ${successor.id}`;
  const left = evidence.filter(isSame).length;
  if (left === 0) return `${again}: nothing of it is left`;
  return `${again}: ${left} of ${windows} still speak for it, together below the bar`;
}

/** What evidence of one entity must have in common to count together: the same service, or the same victim. */
export function subjectOf({ filter }: Evidence): string {
  return `${filter.protocol ?? ''} ${filter.port ?? ''} ${filter.peer ?? ''}`;
}

function openEpisode(detector: Detector, subject: readonly Evidence[], evidence: Evidence, verdict: Verdict): Episode {
  const episode: Episode = {
    detector,
    entity: evidence.entity,
    first: subject[0]!,
    peak: { evidence, verdict },
    last: evidence,
    windowStarts: [],
    firstPacketUs: Infinity,
    lastPacketUs: -Infinity,
    contributors: [],
  };
  extendEpisode(episode, subject, verdict);
  return episode;
}

function extendEpisode(episode: Episode, evidence: readonly Evidence[], verdict: Verdict): void {
  for (const one of evidence) {
    episode.last = one;
    episode.windowStarts.push(one.windowStartUs);
    episode.firstPacketUs = Math.min(episode.firstPacketUs, one.firstPacketUs);
    episode.lastPacketUs = Math.max(episode.lastPacketUs, one.lastPacketUs);
    episode.contributors = mergeContributors(episode.contributors, one.contributors, REMEMBERED_CONTRIBUTORS);
  }
  if (verdict.ratio > episode.peak.verdict.ratio) episode.peak = { evidence: episode.last, verdict };
}
