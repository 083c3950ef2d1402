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
  windows: number;
  /** What its windows said of their data when their evidence was taken: sums, so that an episode may last for years. */
  complete: boolean;
  quality: WindowQuality;
  firstPacketUs: number;
  lastPacketUs: number;
  contributors: Alert['contributors'];
}

/** Evidence with what was known of its window when it was taken. */
interface Taken {
  readonly evidence: Evidence;
  readonly known: KnownWindow;
}

/** What the fold remembers of one entity. */
interface Track {
  /** Inside the lookback, ascending. */
  recent: Taken[];
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
   * Takes the evidence of a sensor's next window or windows, none of it older than what was taken before. What else is
   * known of their completeness and quality is looked up now.
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
      const last = track.recent.at(-1)!.evidence;
      if (windowStartUs <= last.windowStartUs + this.#reachUs(last)) continue;
      if (track.open !== undefined) this.#closed.push(track.open);
      this.#tracks.delete(key);
    }
    return this.#alertsOf(this.#closed.splice(0));
  }

  /** A fold that stands where this one does; neither changes by what the other takes. */
  clone(): AlertFold {
    const copy = new AlertFold(this.#status, this.#config);
    for (const [key, { recent, open }] of this.#tracks) {
      copy.#tracks.set(key, { recent: [...recent], open: open && { ...open } });
    }
    copy.#closed.push(...this.#closed);
    return copy;
  }

  /** Entities with evidence that is remembered. */
  get size(): number {
    return this.#tracks.size;
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
      const { windowStartUs: endUs } = track.open.last;
      track.recent = track.recent.filter((one) => one.evidence.windowStartUs > endUs);
      track.open = undefined;
    }
    const spanUs = detector.lookbackWindows(this.#config) * (evidence.windowEndUs - evidence.windowStartUs);
    track.recent = track.recent.filter((one) => one.evidence.windowStartUs >= evidence.windowStartUs - spanUs);
    const taken = { evidence, known: this.#status(evidence.windowStartUs) };
    track.recent.push(taken);
    const subject = track.recent.filter((one) => subjectOf(one.evidence) === subjectOf(evidence));
    const verdict = detector.judge(
      subject.map((one) => one.evidence),
      this.#config,
    );
    if (verdict === null) return undefined;
    if (track.open === undefined) {
      track.open = newEpisode(detector, subject[0]!.evidence, { evidence, verdict });
      extendEpisode(track.open, subject, verdict);
    } else extendEpisode(track.open, [taken], verdict);
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
      // When its last window cannot change any more, no earlier one can.
      state: this.#status(last.windowStartUs).final ? 'confirmed' : 'provisional',
      windows: episode.windows,
      summary: peak.verdict.summary,
      reasons: weighReasons(peak.verdict.reasons),
      contributors: episode.contributors.slice(0, CONTRIBUTOR_LIMIT),
      attack: peak.verdict.attack,
      complete: episode.complete,
      quality: alertQuality(episode.quality),
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

function newEpisode(detector: Detector, first: Evidence, peak: Episode['peak']): Episode {
  return {
    detector,
    entity: first.entity,
    first,
    peak,
    last: first,
    windows: 0,
    complete: true,
    quality: NO_QUALITY,
    firstPacketUs: Infinity,
    lastPacketUs: -Infinity,
    contributors: [],
  };
}

function extendEpisode(episode: Episode, taken: readonly Taken[], verdict: Verdict): void {
  for (const { evidence, known } of taken) {
    episode.last = evidence;
    episode.windows += 1;
    episode.complete &&= known.complete;
    episode.quality = addQuality(episode.quality, known.quality);
    episode.firstPacketUs = Math.min(episode.firstPacketUs, evidence.firstPacketUs);
    episode.lastPacketUs = Math.max(episode.lastPacketUs, evidence.lastPacketUs);
    episode.contributors = mergeContributors(episode.contributors, evidence.contributors, REMEMBERED_CONTRIBUTORS);
  }
  if (verdict.ratio > episode.peak.verdict.ratio) episode.peak = { evidence: episode.last, verdict };
}
