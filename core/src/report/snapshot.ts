/**
 * The JSON of the report API, version 1: what the report stage answers and the page draws. Times are microseconds since
 * 1970 in event time, counts are packets, sizes are bytes on the wire; every array is in the order its comment says.
 */
import type { Suppressed } from '../detect/allow-list.ts';
import type { ExplainedAlert } from '../history/explain-usual.ts';
import type { KpiRow, TopEntry } from '../kpi/kpi-row.ts';
import type { LedgerTotals } from '../ledger/books.ts';
import type { SensorSummary, TimeRange } from '../ports.ts';
import type { TriageEntry } from '../triage/triage-entry.ts';
import type { Conversations } from './conversations.ts';
import type { ScoreSeries } from './score-series.ts';
import type { SensorFinding } from './sensor-health.ts';

/** The state of the run behind the report. `progress` is 0 to 1, or null when nobody can know. */
export interface RunStatus {
  readonly state: 'waiting' | 'running' | 'finished';
  readonly progress: number | null;
  /** What is being read, e.g. a file name; null when only the sensor knows. */
  readonly source: string | null;
  /** Speed of the replay as a factor of recorded time, 0 = as fast as possible, null = live, at a rate, or unknown. */
  readonly speed: number | null;
}

/** Batches that a hop did not accept. */
export interface BooksDiscrepancy {
  /** `sensor/session/12` or `sensor/session/12-15`. */
  readonly batches: string;
  /** The hop that lacks them, see HOPS. */
  readonly hop: string;
  /** Null when nobody can tell how many packets they held. */
  readonly packets: number | null;
}

/** The closed books of a sensor: packets offered and what became of them (design §6). `unexplained` 0 is the promise. */
export interface BooksSummary extends LedgerTotals {
  /** Event time up to which every packet is accounted for; null before the first heartbeat. */
  readonly closedToUs: number | null;
  /** Packets announced but not yet through every hop of a session that is still running. */
  readonly underWay: number;
  readonly discrepancies: readonly BooksDiscrepancy[];
  readonly discrepanciesLeftOff: number;
}

/** Traffic by class as columns: element i of every array belongs to the bucket that starts at startUs[i]. */
export interface TrafficSeries {
  readonly resolutionUs: number;
  /** Buckets with traffic only, ascending. */
  readonly startUs: readonly number[];
  /** One array per class, in the order of TRAFFIC_CLASSES. */
  readonly packets: readonly (readonly number[])[];
  readonly bytes: readonly (readonly number[])[];
}

/** A stretch of time in which the series does not tell the whole truth. */
export interface SeriesGap {
  readonly fromUs: number;
  readonly toUs: number;
  /**
   * `incomplete`: packets are known to be missing; `open`: nothing scored there yet, so nothing is known; `blind`: the
   * sensor sent no heartbeat, so nobody was looking.
   */
  readonly kind: 'incomplete' | 'open' | 'blind';
  readonly missingPackets: number;
}

/** The time before the range, as long as it, as far as anything is stored of it. */
export interface PreviousTime {
  /** Begins with the first window that is stored, so later than the range's length before it where that is all there is. */
  readonly range: TimeRange;
  /** In buckets of the same width as those of the range. */
  readonly series: TrafficSeries;
  /** Ascending, not overlapping. */
  readonly gaps: readonly SeriesGap[];
}

/** What the range holds in sum, over windows that are scored. */
export interface RangeTotals {
  readonly packets: number;
  readonly bytes: number;
  readonly windows: number;
  readonly incompleteWindows: number;
}

export interface RangeTops {
  readonly sources: readonly TopEntry[];
  readonly destinations: readonly TopEntry[];
  /** Key is `source > destination`. */
  readonly pairs: readonly TopEntry[];
  readonly services: readonly TopEntry[];
  readonly protocols: readonly TopEntry[];
  readonly icmpTypes: readonly TopEntry[];
}

export interface Overview {
  readonly version: 1;
  readonly sensor: string | null;
  readonly sensors: readonly SensorSummary[];
  readonly run: RunStatus;
  readonly books: BooksSummary;
  /** What is wrong with what the sensor is given, within the range; the gravest first. */
  readonly health: readonly SensorFinding[];
  /** Event time of everything the sensor has, with windows under way and time for which it is known to be blind; null when it has nothing. */
  readonly extent: TimeRange | null;
  /** What this answer covers; null when the sensor has nothing. */
  readonly range: TimeRange | null;
  readonly windowUs: number;
  readonly series: TrafficSeries;
  /** Ascending, not overlapping. */
  readonly gaps: readonly SeriesGap[];
  /** To compare with; null when nothing is stored of it. */
  readonly previous: PreviousTime | null;
  /** How unlike the sensor's history its windows are. */
  readonly scores: ScoreSeries;
  readonly totals: RangeTotals;
  /** Sums of the windows' own top lists, so a lower bound for whoever was not on every list; most packets first. */
  readonly tops: RangeTops;
  readonly conversations: Conversations;
  /** That overlap the range, most severe first, then newest first. */
  readonly alerts: readonly ExplainedAlert[];
  /** Alerts that the allow-list explains, by its rules; they are not among `alerts`. */
  readonly suppressed: readonly Suppressed[];
  /** Alerts that are usual for their host; they are not among `alerts` either, unless asked for. */
  readonly usualHidden: number;
  /** How many alerts were left off. */
  readonly alertsLeftOff: number;
  /** What people did about those of `alerts` that anybody has touched. A muted alert is among `alerts`: the page hides it. */
  readonly triage: readonly TriageMark[];
}

/** The reasons of an alert in one window, in the order of AlertEvidence.reasons. */
export interface ReasonWindow {
  readonly startUs: number;
  readonly endUs: number;
  /** Whether the window was scored: of one that was not, nothing is known. */
  readonly scored: boolean;
  readonly complete: boolean;
  /** Null: below the bar, so that no number is kept. */
  readonly values: readonly (number | null)[];
}

/** What raised an alert. */
export interface AlertEvidence {
  readonly version: 1;
  /** Whether the thresholds of this build are those that judged the alert; otherwise `windows` may say something else than it. */
  readonly sameRules: boolean;
  readonly reasons: readonly Pick<ExplainedAlert['reasons'][number], 'feature' | 'unit' | 'floor' | 'baseline'>[];
  /** Ascending, from some time before the alert to some time after it; empty when it is not made from windows. */
  readonly windows: readonly ReasonWindow[];
  readonly windowsLeftOff: number;
  /** What the detector found in each window about the entity, ascending. */
  readonly rows: readonly {
    readonly windowStartUs: number;
    readonly windowEndUs: number;
    readonly features: Readonly<Record<string, number>>;
  }[];
  /** Statements that return them from Cassandra. */
  readonly cql: readonly string[];
  readonly cqlLeftOff: number;
}

/** Where an alert stands with the people who look at it. */
export interface TriageMark {
  /** Id of the alert. */
  readonly alert: string;
  readonly acknowledgedBy: string | null;
  /** The mute in force; `untilUs` by the clock on the wall. */
  readonly muted: { readonly reason: string; readonly untilUs: number; readonly by: string } | null;
  readonly notes: number;
}

/** What people did about one alert. */
export interface AlertTriage {
  readonly version: 1;
  /** Whether this report keeps any; who may write is another question. */
  readonly writable: boolean;
  /** Ascending in time: every deed, also what was taken back. */
  readonly entries: readonly TriageEntry[];
  readonly acknowledged: TriageEntry | null;
  readonly muted: TriageEntry | null;
  readonly notes: number;
}

/** How one KPI is to be read. */
export interface KpiReading {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly doc: string;
}

export interface WindowReport {
  readonly version: 1;
  readonly row: Omit<KpiRow, 'values'>;
  readonly kpis: readonly KpiReading[];
  readonly alerts: readonly ExplainedAlert[];
}

export interface AlertReport {
  readonly version: 1;
  readonly alert: ExplainedAlert;
}

/** Frames that were offered and cannot be had any more. */
export interface MissingFrames {
  readonly fromUs: number;
  /** Null = nobody knows until when. */
  readonly toUs: number | null;
  /** In words that follow the time, e.g. `rotated away, the record was full`. */
  readonly reason: string;
}

/** What can be had of the frames behind an alert. */
export interface AlertCapture {
  readonly version: 1;
  /** Where they come from, e.g. `the flight record` or a file's name; null when they cannot be had. */
  readonly from: string | null;
  /** A sentence that says why they cannot be had, and how they could; null when they can. */
  readonly reason: string | null;
  /** Null = they cannot be had, or are too many to be counted beforehand. */
  readonly packets: number | null;
  /** Captured bytes of the packets; null as `packets`. */
  readonly bytes: number | null;
  readonly missing: readonly MissingFrames[];
  /** Whether more may come: what they come from is still being written. */
  readonly open: boolean;
}

/** One packet as a person reads it. Absent numbers are null, absent texts are empty. */
export interface PacketLine {
  readonly session: string;
  readonly number: number;
  readonly timeUs: number;
  readonly timeNs: number;
  readonly source: string;
  readonly destination: string;
  readonly sourcePort: number | null;
  readonly destinationPort: number | null;
  readonly protocol: string;
  readonly length: number;
  /** tcpdump's letters, or `none`. */
  readonly flags: string;
  readonly ttl: number | null;
  /** What else the headers say, e.g. `seq 1 ack 2 win 512 data 0`. */
  readonly info: string;
  /** Names of the quality bits that are set. */
  readonly quality: readonly string[];
}

export interface PacketPage {
  readonly version: 1;
  /** By session, then number. */
  readonly packets: readonly PacketLine[];
  /** Where to go on, or null at the end. */
  readonly next: string | null;
  /** How much was looked at for this page; a page may be short because this is bounded. */
  readonly scannedBatches: number;
  readonly scannedPackets: number;
}

/** A flow within the asked range: the sum of its slices. */
export interface FlowLine {
  readonly session: string;
  readonly flow: number;
  readonly source: string;
  readonly destination: string;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly protocol: string;
  readonly firstUs: number;
  readonly lastUs: number;
  readonly packetsForward: number;
  readonly packetsReverse: number;
  readonly bytesForward: number;
  readonly bytesReverse: number;
}

export interface FlowPage {
  readonly version: 1;
  /** Most bytes first. */
  readonly flows: readonly FlowLine[];
  /** More slices matched than were read. */
  readonly truncated: boolean;
}

/** Every answer that is not 2xx or 304. */
export interface ApiError {
  readonly error: {
    readonly code:
      | 'BAD_REQUEST'
      | 'UNAUTHENTICATED'
      | 'FORBIDDEN'
      | 'NOT_FOUND'
      | 'METHOD'
      | 'CONFLICT'
      | 'TOO_BROAD'
      | 'TOO_LARGE'
      | 'UNSUPPORTED'
      | 'TOO_MANY'
      | 'UNAVAILABLE'
      | 'INTERNAL';
    readonly message: string;
    /** Characters of the query that are wrong. */
    readonly place?: { readonly fromAt: number; readonly toAt: number };
  };
}

/** How readers sign in, for the page: the one thing that the API tells somebody who has not. */
export interface SignInWay {
  readonly kind: 'firebase';
  /** Web API key of the project whose accounts sign in. */
  readonly apiKey: string;
}
