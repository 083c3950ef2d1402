/** Alerts of the history: findings of one cause become one alert that grows until the cause is quiet. */
import type { Alert } from '../detect/alert.ts';
import { CONTRIBUTOR_LIMIT, mergeContributors } from '../detect/contributors.ts';
import { addQuality, alertQuality, windowQuality, type WindowQuality } from '../detect/data-quality.ts';
import { rounded } from '../detect/detector.ts';
import { severityOf } from '../detect/severity.ts';
import { weighReasons } from '../detect/weigh-reasons.ts';
import type { ByteReader } from '../sketch/byte-reader.ts';
import type { ByteWriter } from '../sketch/byte-writer.ts';
import { hexName } from '../sketch/hash.ts';
import { RecentMap } from './recent-map.ts';
import type { SeenWindow, SlowFinding } from './slow-finding.ts';

const OPEN_MOST = 64;
const ALERT_CHARACTERS = 20_000;

interface Episode {
  readonly ratio: number;
  /** Of the windows that added to it. */
  readonly seen: WindowQuality;
  readonly alert: Alert;
}

export interface EpisodeRule {
  readonly version: number;
  /** Decades of ratio added for severity. */
  readonly gravity: number;
  readonly quietUs: number;
  /** Hash of the thresholds in force. */
  readonly config: string;
}

export class Episodes {
  #open = new RecentMap<Episode>(OPEN_MOST);
  #changed = new Map<string, Alert>();

  get forgotten(): number {
    return this.#open.forgotten;
  }

  /** Takes a finding of the newest window. */
  take(finding: SlowFinding, { row }: SeenWindow, rule: EpisodeRule): void {
    const key = `${finding.detector}\n${finding.entity}\n${finding.subject}`;
    const known = this.#open.peek(key);
    const isSame = known !== undefined && row.windowStartUs < known.alert.windowEndUs + rule.quietUs;
    const episode = isSame ? extend(known, finding, row, rule) : begin(finding, row, rule);
    this.#open.set(key, episode);
    this.#changed.set(episode.alert.id, episode.alert);
  }

  /** The alerts that are new or changed since this was asked last. */
  takeChanged(): Alert[] {
    const changed = [...this.#changed.values()];
    this.#changed = new Map();
    return changed;
  }

  /** Says of every open alert that it changed: for a store that may know a later state of it. */
  repeat(): void {
    for (const [, { alert }] of this.#open.entries()) this.#changed.set(alert.id, alert);
  }

  encode(writer: ByteWriter): void {
    writer.varint(this.#open.forgotten);
    writer.varint(this.#open.size);
    for (const [key, { ratio, seen, alert }] of this.#open.entries()) {
      writer.text(key);
      writer.f64(ratio);
      writer.text(JSON.stringify({ seen, alert }));
    }
  }

  static decode(reader: ByteReader): Episodes {
    const episodes = new Episodes();
    const forgotten = reader.varint();
    for (let left = reader.bounded(OPEN_MOST, 'episodes'); left > 0; left--) {
      const key = reader.text(600);
      const ratio = reader.f64();
      const told = JSON.parse(reader.text(ALERT_CHARACTERS)) as Pick<Episode, 'seen' | 'alert'>;
      episodes.#open.set(key, { ratio, ...told });
    }
    episodes.#open.forgotten = forgotten;
    return episodes;
  }
}

type Row = SeenWindow['row'];

function begin(finding: SlowFinding, row: Row, rule: EpisodeRule): Episode {
  const { sensor, windowStartUs, windowEndUs, complete } = row;
  const windowUs = windowEndUs - windowStartUs;
  const { detector, entity, subject, firstUs, lastUs } = finding;
  // From the window of the first packet that counts, however long before the one in which it was enough.
  const firstStartUs = Math.min(windowStartUs, Math.floor(firstUs / windowUs) * windowUs);
  const span = { windowStartUs: firstStartUs, windowEndUs, firstPacketUs: firstUs, lastPacketUs: lastUs };
  const id = hexName(`${sensor}\n${detector}\n${entity}\n${subject}\nhistory\n${windowStartUs}`);
  const facts = { id, sensor, detector, detectorVersion: rule.version, entity };
  return episodeOf({ ...facts, ...span, windows: 1, complete }, finding, finding, { rule, seen: windowQuality(row) });
}

function extend(known: Episode, finding: SlowFinding, row: Row, rule: EpisodeRule): Episode {
  const { alert } = known;
  const grown = {
    ...alert,
    windowEndUs: row.windowEndUs,
    firstPacketUs: Math.min(alert.firstPacketUs, finding.firstUs),
    lastPacketUs: Math.max(alert.lastPacketUs, finding.lastUs),
    windows: alert.windows + 1,
    complete: alert.complete && row.complete,
  };
  const isPeak = finding.ratio >= known.ratio;
  const peak = isPeak ? finding : { ...alert, ratio: known.ratio };
  const contributors =
    finding.detector === 'unlike-history'
      ? mergeContributors(alert.contributors, finding.contributors, CONTRIBUTOR_LIMIT)
      : peak.contributors;
  const seen = addQuality(known.seen, windowQuality(row));
  return episodeOf(grown, { ...peak, contributors }, finding, { rule, seen });
}

type Told = Pick<SlowFinding, 'ratio' | 'summary' | 'reasons' | 'contributors' | 'attack'>;
type Span = Pick<
  Alert,
  | 'id'
  | 'sensor'
  | 'detector'
  | 'detectorVersion'
  | 'entity'
  | 'windowStartUs'
  | 'windowEndUs'
  | 'firstPacketUs'
  | 'lastPacketUs'
  | 'windows'
  | 'complete'
>;

interface Judged {
  readonly rule: EpisodeRule;
  readonly seen: WindowQuality;
}

function episodeOf(span: Span, told: Told, { filter }: SlowFinding, { rule, seen }: Judged): Episode {
  const { ratio, summary, reasons, contributors, attack } = told;
  const alert: Alert = {
    ...span,
    severity: severityOf(ratio, rule.gravity),
    score: rounded(ratio / (1 + ratio)),
    state: 'confirmed',
    summary,
    reasons: weighReasons(reasons),
    contributors: contributors.slice(0, CONTRIBUTOR_LIMIT),
    attack,
    quality: alertQuality(seen),
    config: rule.config,
    filter: { ...filter, fromUs: span.firstPacketUs, toUs: span.lastPacketUs + 1 },
    isFromHistory: true,
  };
  return { ratio, seen, alert };
}
