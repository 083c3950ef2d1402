/**
 * A sensor's history: everything that needs longer memory than the windows around a window, as one deterministic fold over
 * its final windows in time order. The same windows give the same alerts, in one go or with the state written down and
 * read again after any of them.
 */
import { PipelineError } from '../errors.ts';
import type { Alert, DetectorName } from '../detect/alert.ts';
import { configHash } from '../detect/config.ts';
import type { UsualRow } from '../detect/usual.ts';
import { ByteReader } from '../sketch/byte-reader.ts';
import { ByteWriter } from '../sketch/byte-writer.ts';
import { BeaconMemory } from './beacon.ts';
import { HISTORY_CONFIG } from './config.ts';
import { Episodes, type EpisodeRule } from './episodes.ts';
import { ExfiltrationMemory } from './exfiltration.ts';
import { FEATURES } from './features.ts';
import { KpiModel, LEARNING_WINDOWS, type Reading } from './kpi-model.ts';
import { RarityMemory } from './rarity.ts';
import { scoreRow, type ScoreRow } from './score-row.ts';
import { SlowScanMemory } from './slow-scan.ts';
import type { SeenWindow, SlowDetector, SlowFinding } from './slow-finding.ts';
import { TokenModel } from './token-model.ts';
import { unlikeHistory } from './unlike-history.ts';
import { UsualMemory } from './usual-memory.ts';

const VERSION = 3;
/** The first versions with what is usual for hosts, and with tokens; those before are read, and begin to learn that. */
const USUAL_SINCE = 2;
const TOKENS_SINCE = 3;
const FEATURES_BEFORE_TOKENS = 18;
const DAY_US = 86_400e6;

export interface HistoryOptions {
  /** Alarms a day that the operator accepts of `unlike-history`, per sensor. */
  readonly falseAlarmsPerDay: number;
  /**
   * What is usual is learned from windows that end by this time, and stays as it is then; always learned when absent. What
   * pairs and hosts did is remembered on: an attack is made of it.
   */
  readonly learnUntilUs?: number | undefined;
}

/** How far a sensor's history has come. */
export interface HistorySummary {
  /** Windows that the KPI baseline has learned from. */
  readonly learnedWindows: number;
  /** Windows it needs before it says anything. */
  readonly neededWindows: number;
  readonly isLearning: boolean;
  /** Pairs, sources, conversations and episodes that found no room, or were seen in windows that had none, ever. */
  readonly folded: number;
}

export class History {
  readonly #options: HistoryOptions;
  #uptoUs = -Infinity;
  #folded = 0;
  #model = new KpiModel();
  #tokens = new TokenModel(HISTORY_CONFIG.tokens);
  #beacons = new BeaconMemory(HISTORY_CONFIG.beacon);
  #exfiltration = new ExfiltrationMemory(HISTORY_CONFIG.exfiltration);
  #scans = new SlowScanMemory(HISTORY_CONFIG.slowScan);
  #rarity = new RarityMemory(HISTORY_CONFIG.rarity);
  #usual = new UsualMemory();
  #episodes = new Episodes();
  #said: UsualRow[] = [];
  #scores: ScoreRow[] = [];

  constructor(options: HistoryOptions) {
    this.#options = options;
  }

  /** End of the last window that was taken; -Infinity before the first. */
  get uptoUs(): number {
    return this.#uptoUs;
  }

  get summary(): HistorySummary {
    const forgotten = this.#memories.reduce(
      (sum, memory) => sum + memory.forgotten,
      this.#episodes.forgotten + this.#usual.forgotten,
    );
    return {
      learnedWindows: this.#model.windows,
      neededWindows: LEARNING_WINDOWS,
      isLearning: this.#model.isLearning,
      folded: this.#folded + forgotten,
    };
  }

  get #memories(): readonly SlowDetector[] {
    return [this.#beacons, this.#exfiltration, this.#scans, this.#rarity];
  }

  /** Takes the sensor's next window. Throws RangeError for one that is not after all before it. */
  take(window: SeenWindow): void {
    const { windowStartUs, windowEndUs } = window.row;
    if (windowStartUs < this.#uptoUs) throw new RangeError(`window ${windowStartUs} is older than the history`);
    this.#uptoUs = windowEndUs;
    this.#folded += window.observations.folded;
    for (const memory of this.#memories) {
      for (const finding of memory.take(window)) this.#episodes.take(finding, window, ruleOf(finding));
    }
    const reading = this.#judgeKpis(window);
    this.#scores.push(scoreRow(window.row, reading, this.#model.windows));
    for (const row of this.#usual.take(window)) this.#said.push(row);
  }

  /** Undefined for a window that is not judged. */
  #judgeKpis(window: SeenWindow): Reading | undefined {
    const { row, observations } = window;
    // What is known to be missing says nothing of the network.
    if (!row.complete) return undefined;
    const { outboundBytes, tokens } = observations;
    const facts = { outboundBytes, tokenSurprise: this.#tokens.surprise(tokens) };
    const values = FEATURES.map((feature) => feature.value(row, facts));
    const windowUs = row.windowEndUs - row.windowStartUs;
    const { falseAlarmsPerDay, learnUntilUs } = this.#options;
    const isFrozen = learnUntilUs !== undefined && row.windowEndUs > learnUntilUs;
    const reading = this.#model.take(values, row.windowStartUs, { windowUs, falseAlarmsPerDay, isFrozen });
    if (reading.isAlarm) this.#raise(window, reading);
    if (reading.isLearned) this.#tokens.learn(tokens, row.windowStartUs, reading.isAlarm);
    return reading;
  }

  #raise(window: SeenWindow, reading: Reading): void {
    const { falseAlarmsPerDay, learnUntilUs } = this.#options;
    const windowUs = window.row.windowEndUs - window.row.windowStartUs;
    const finding = unlikeHistory(window, reading, (falseAlarmsPerDay * windowUs) / DAY_US, this.#tokens);
    this.#episodes.take(finding, window, {
      version: 2,
      gravity: 0,
      quietUs: HISTORY_CONFIG.unlikeHistory.quietWindows * windowUs + 1,
      config: configHash({ ...HISTORY_CONFIG, falseAlarmsPerDay, ...(learnUntilUs !== undefined && { learnUntilUs }) }),
    });
  }

  /** Alerts that are new or changed since this was asked last, all of them confirmed. */
  takeChanged(): Alert[] {
    return this.#episodes.takeChanged();
  }

  /** What is usual for the hosts of the evidence since this was asked last, in time order. */
  takeUsual(): UsualRow[] {
    return this.#said.splice(0);
  }

  /** A row of each window that was taken since this was asked last, in time order. */
  takeScores(): ScoreRow[] {
    return this.#scores.splice(0);
  }

  /** Has takeChanged say every open alert again. */
  repeat(): void {
    this.#episodes.repeat();
  }

  encode(): Uint8Array {
    const writer = new ByteWriter(65_536);
    writer.u8(VERSION);
    writer.f64(this.#uptoUs);
    writer.varint(this.#folded);
    this.#model.encode(writer);
    for (const memory of this.#memories) memory.encode(writer);
    this.#episodes.encode(writer);
    this.#usual.encode(writer);
    this.#tokens.encode(writer);
    return writer.finish();
  }

  /** @throws PipelineError WIRE_VERSION when another version wrote it, WIRE_CORRUPT when it is damaged */
  static decode(bytes: Uint8Array, options: HistoryOptions): History {
    const reader = new ByteReader(bytes);
    const version = reader.u8();
    if (version < 1 || version > VERSION)
      throw new PipelineError('WIRE_VERSION', `a history of version ${version}, this build reads ${VERSION}`);
    const history = new History(options);
    history.#uptoUs = reader.f64();
    history.#folded = reader.varint();
    history.#model = KpiModel.decode(reader, version < TOKENS_SINCE ? FEATURES_BEFORE_TOKENS : FEATURES.length);
    history.#beacons = BeaconMemory.decode(reader, HISTORY_CONFIG.beacon);
    history.#exfiltration = ExfiltrationMemory.decode(reader, HISTORY_CONFIG.exfiltration);
    history.#scans = SlowScanMemory.decode(reader, HISTORY_CONFIG.slowScan);
    history.#rarity = RarityMemory.decode(reader, HISTORY_CONFIG.rarity);
    history.#episodes = Episodes.decode(reader);
    if (version >= USUAL_SINCE) history.#usual = UsualMemory.decode(reader);
    if (version >= TOKENS_SINCE) history.#tokens = TokenModel.decode(reader, HISTORY_CONFIG.tokens);
    reader.end();
    return history;
  }
}

const CONFIG = configHash(HISTORY_CONFIG);
const RULES: Partial<Record<DetectorName, EpisodeRule>> = {
  beacon: { version: 1, gravity: 0.5, quietUs: HISTORY_CONFIG.beacon.quietUs, config: CONFIG },
  exfiltration: { version: 1, gravity: 0.5, quietUs: HISTORY_CONFIG.exfiltration.quietUs, config: CONFIG },
  rarity: { version: 1, gravity: 0, quietUs: HISTORY_CONFIG.rarity.quietUs, config: CONFIG },
};
const SCAN_RULE: EpisodeRule = { version: 1, gravity: 0, quietUs: HISTORY_CONFIG.slowScan.quietUs, config: CONFIG };

function ruleOf({ detector }: SlowFinding): EpisodeRule {
  return RULES[detector] ?? SCAN_RULE;
}
