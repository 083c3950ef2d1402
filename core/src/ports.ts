/**
 * The whole surface between the stages and the world. Adapters implement these; stages and tests see nothing else.
 * Every write is an upsert under a deterministic key, so doing it twice is doing it once (design §7).
 */
import type { Alert, Evidence } from './detect/alert.ts';
import type { UsualRow } from './detect/usual.ts';
import type { ScoreRow } from './history/score-row.ts';
import type { HostActivity } from './kpi/host-activity.ts';
import type { FlowSlice, KpiRow } from './kpi/kpi-row.ts';
import type { Heartbeat, WindowCount } from './ledger/heartbeat.ts';
import type { TriageEntry } from './triage/triage-entry.ts';
import type { BatchHeader } from './wire/batch-header.ts';

/** Compression of a batch body. `id` is stored in the header so that any build can tell what it cannot read. */
export interface Codec {
  readonly id: number;
  readonly name: string;
  compress(bytes: Uint8Array): Uint8Array;
  /** Throws PipelineError WIRE_CORRUPT when damaged or larger than `sizeLimit` bytes. */
  decompress(bytes: Uint8Array, sizeLimit: number): Uint8Array;
}

/** Hash for digests and ids: lower-case hex SHA-256. */
export type Sha256 = (text: string) => string;

/** The same hash over text that comes in pieces. */
export interface HashSink {
  update(part: string | Uint8Array): void;
  /** Ends the hash; no update after it. */
  hex(): string;
}

export interface WindowKey {
  readonly sensor: string;
  readonly windowStartUs: number;
}

export interface TimeRange {
  /** Inclusive. */
  readonly fromUs: number;
  /** Exclusive. */
  readonly toUs: number;
}

export const ALL_TIME: TimeRange = { fromUs: -Infinity, toUs: Infinity };

/** One batch's contribution to one window, as bytes (core/src/window/partial-codec.ts). */
export interface WindowCell {
  readonly batchId: string;
  readonly session: string;
  readonly sequence: number;
  readonly packets: number;
  readonly bytes: number;
  readonly partial: Uint8Array;
}

/** From which counts a window was last scored, so that only changed data makes a new revision. */
export interface EmittedWindow {
  readonly revision: number;
  readonly complete: boolean;
  readonly arrived: WindowCount;
  readonly announced: WindowCount;
}

/** What one session said it sent for a window, and what came of it; zeros for what is not known yet. */
export interface SessionWindow {
  readonly session: string;
  readonly arrived: WindowCount;
  readonly announced: WindowCount;
}

/** Everything about a window but the partials: small, so that completeness is checked without reading those. */
export interface WindowState extends WindowKey {
  /** Ascending by session. */
  readonly sessions: readonly SessionWindow[];
  readonly emitted: EmittedWindow | undefined;
  /** Arrival time of the newest cell or announcement. */
  readonly touchedUs: number;
}

/** Window state: Bigtable in the cloud, memory or SQLite embedded. */
export interface WindowStore {
  /** Stores the cell under (key, session, sequence); a second put of the same batch replaces the first. */
  put(key: WindowKey, cell: WindowCell): Promise<void>;
  /** The window's cells ordered by session, then sequence, each batch once. */
  read(key: WindowKey): AsyncIterable<WindowCell>;
  /** Announced totals of one session for a window; totals only grow, so the largest of each count wins. */
  announce(key: WindowKey, session: string, total: WindowCount): Promise<void>;
  /** Undefined for a window that nobody mentioned. */
  state(key: WindowKey): Promise<WindowState | undefined>;
  /** Of two revisions the later stays, in whatever order they come; of one revision what came last. */
  setEmitted(key: WindowKey, emitted: EmittedWindow): Promise<void>;
  /**
   * Windows of a sensor of which everything announced arrived and that need scoring (needsScoring), starting before
   * `beforeUs`; ascending, the first `limit` of them. Its cost must not grow with windows that wait for something.
   */
  ready(sensor: string, beforeUs: number, limit: number): Promise<WindowState[]>;
  /** Windows that need scoring and were last touched at `touchedUs` or before, longest ago first, `limit` at most. */
  stale(sensor: string, touchedUs: number, limit: number): Promise<WindowState[]>;
  /** Start of the sensor's first window that needs scoring; undefined when none does. */
  firstPending(sensor: string): Promise<number | undefined>;
}

export interface StoredBatch extends BatchHeader {
  readonly id: string;
}

/** The packets themselves, kept as the batches they came in. */
export interface PacketStore {
  putBatch(header: BatchHeader, wire: Uint8Array): Promise<void>;
  /** Undefined when it is not there. */
  getBatch(id: string): Promise<Uint8Array | undefined>;
  /** Batches of a sensor that overlap the range, ascending by session and sequence. Only batches that can still be read. */
  batches(sensor: string, range: TimeRange): AsyncIterable<StoredBatch>;
  /** The same for one session, whatever the time. */
  sessionBatches(sensor: string, session: string): AsyncIterable<StoredBatch>;
}

/** Everything that scoring one window wrote; put together so that a window is replaced as a whole. */
export interface WindowResult {
  readonly kpi: KpiRow;
  readonly flows: readonly FlowSlice[];
  readonly evidence: readonly Evidence[];
  /** What the history needs of the window beside its row (core/src/history/observations.ts). */
  readonly observations?: Uint8Array;
}

/** A scored window as the history reads it. */
export interface PastWindow {
  readonly kpi: KpiRow;
  /** Undefined where a build that knew of none scored it. */
  readonly observations: Uint8Array | undefined;
}

/** Which end of a range a limit keeps. */
export type HostOrder = 'newest' | 'oldest';

export interface ResultStore {
  /** Replaces what the same window said before. */
  putWindow(result: WindowResult): Promise<void>;
  /** Rows of the windows that start in the range, ascending; at most `limit`. */
  kpis(sensor: string, range: TimeRange, limit?: number): Promise<KpiRow[]>;
  /** The same with their observations; a row and its observations are of one scoring. */
  pastWindows(sensor: string, range: TimeRange, limit: number): Promise<PastWindow[]>;
  /** Slices of the windows that start in the range, ascending by window, session and flow; at most `limit`. */
  flows(sensor: string, range: TimeRange, limit?: number): Promise<FlowSlice[]>;
  /**
   * What a host did, window by window, ascending: of the windows that start in the range the newest or the oldest
   * `limit` in which it was among the hosts that are kept (kpi/host-activity.ts). Both ends of the range are finite.
   */
  hostWindows(
    sensor: string,
    host: string,
    range: TimeRange,
    limit: number,
    first?: HostOrder,
  ): Promise<HostActivity[]>;
  /** The slices of one window that a host is an end of, ascending by session and flow; at most `limit`. */
  hostFlows(sensor: string, host: string, windowStartUs: number, limit: number): Promise<FlowSlice[]>;
  /** Evidence of the windows that start in the range, ascending by window, detector and entity. */
  evidence(sensor: string, range: TimeRange): Promise<Evidence[]>;
  /** Upsert by id. */
  putAlerts(alerts: readonly Alert[]): Promise<void>;
  /**
   * Gives alerts their state, each only if the store has it as it is given but for the state; otherwise somebody has
   * changed it, and it stays as it is. Never undoes a `putAlerts` of another process that began after this call.
   */
  concludeAlerts(alerts: readonly Alert[]): Promise<void>;
  /** Alerts whose windows overlap the range, ascending by first window, then id. */
  alerts(sensor: string, range: TimeRange): Promise<Alert[]>;
  alert(id: string): Promise<Alert | undefined>;
  /** Alerts of a sensor that are provisional, ascending by first window, then id; its cost must not grow with the others. */
  provisional(sensor: string): Promise<Alert[]>;
  /** Upsert by sensor, window, detector, feature and entity. */
  putUsual(rows: readonly UsualRow[]): Promise<void>;
  /** Of the windows that start in the range, those withdrawn too; ascending by window, detector, feature and entity. */
  usual(sensor: string, range: TimeRange): Promise<UsualRow[]>;
  /** Upsert by sensor and window: what the history said of them. */
  putScores(rows: readonly ScoreRow[]): Promise<void>;
  /** Of the windows that start in the range, those withdrawn too; ascending by window. */
  scores(sensor: string, range: TimeRange): Promise<ScoreRow[]>;
  /** Every sensor with a scored window, ascending by name. */
  sensors(): Promise<SensorSummary[]>;
}

export interface SensorSummary {
  readonly sensor: string;
  /** Windows that were scored. */
  readonly windows: number;
  readonly firstUs: number;
  readonly lastUs: number;
}

/** A sensor's history record, and the number of times it was written. */
export interface StoredHistory {
  readonly version: number;
  readonly bytes: Uint8Array;
}

/** Where the histories of sensors are kept: the only thing that is written under a condition (docs/history.md). */
export interface HistoryStore {
  load(sensor: string): Promise<StoredHistory | undefined>;
  /**
   * Writes what follows version `replaces`, 0 where nothing is stored yet; the new version is one more.
   * @returns false, with nothing written, when somebody has written since
   */
  save(sensor: string, bytes: Uint8Array, replaces: number): Promise<boolean>;
}

/** What names an alert where its triage is kept. */
export type TriageSubject = Pick<Alert, 'id' | 'sensor' | 'windowStartUs'>;

/** What people did about alerts. Entries are added and never changed; the alerts themselves are not touched. */
export interface TriageStore {
  /**
   * Adds an entry under (alert, its id). Of two under one id the first stands, whatever the second says.
   * @returns the entry that stands
   */
  add(alert: TriageSubject, entry: TriageEntry): Promise<TriageEntry>;
  /** The entries of each alert that has any, ascending in time, then by id. */
  entries(alerts: readonly TriageSubject[]): Promise<ReadonlyMap<string, readonly TriageEntry[]>>;
}

/**
 * The hops after the sensor, in order. Each says per batch what it accepted. A line in one process has no bridge, and
 * then nothing is ever bridged (core/src/ledger/books.ts).
 */
export const HOPS = ['bridged', 'parsed', 'windowed', 'stored'] as const;
export type Hop = (typeof HOPS)[number];

export interface HopEntry {
  readonly sensor: string;
  readonly session: string;
  readonly sequence: number;
  readonly hop: Hop;
  readonly packets: number;
  readonly bytes: number;
  readonly malformed: number;
  /** The same packets by minute of event time, ascending. */
  readonly minutes: readonly { readonly minuteStartUs: number; readonly packets: number; readonly bytes: number }[];
}

export interface LedgerStore {
  /** Upsert under (sensor, session, sequence, hop). */
  accept(entry: HopEntry): Promise<void>;
  putHeartbeat(heartbeat: Heartbeat): Promise<void>;
  /** The heartbeat with the highest sequence of each session of a sensor, or of each of these sessions that sent any; ascending by session. */
  lastHeartbeats(sensor: string, sessions?: readonly string[]): Promise<Heartbeat[]>;
  /**
   * The same of the sessions that have said no goodbye, and of one that has, if there is any. Asked with every message: its
   * cost should not grow with the sessions that are over.
   */
  openHeartbeats(sensor: string): Promise<Heartbeat[]>;
  /** Announced minutes of a session that start in the range, ascending; for each the largest announcement. */
  minutes(sensor: string, session: string, range?: TimeRange): Promise<Heartbeat['minutes'][number][]>;
  /** Ascending by sequence. */
  entries(sensor: string, session: string, hop: Hop): AsyncIterable<HopEntry>;
  /** Every session that sent a heartbeat or of which a hop accepted a batch, ascending by sensor, then session. */
  sessions(): Promise<{ sensor: string; session: string }[]>;
}

/** One topic to publish to. Resolves when the service has acknowledged the message, and then it will not be lost. */
export interface Publisher {
  /**
   * @param payload any bytes, at most 9 MB
   * @param attributes small texts beside it, which not every bridge keeps: nothing may depend on them
   * @throws PipelineError STORE, retriable unless the message itself can never be published
   */
  publish(payload: Uint8Array, attributes?: Readonly<Record<string, string>>): Promise<void>;
}

export interface Clock {
  nowUs(): number;
}
