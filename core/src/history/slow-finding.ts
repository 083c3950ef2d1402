/** What a slow detector is: memory over windows in time order, and findings that episodes are made of. */
import type { Contributor, DetectorName, PacketFilter, Reason } from '../detect/alert.ts';
import type { ByteWriter } from '../sketch/byte-writer.ts';
import type { KpiRow } from '../kpi/kpi-row.ts';
import type { Observations } from './observations.ts';

/** A final window, as the history takes it. */
export interface SeenWindow {
  readonly row: KpiRow;
  readonly observations: Observations;
}

export interface SlowFinding {
  readonly detector: DetectorName;
  readonly entity: string;
  /** What besides the entity makes it a cause of its own, e.g. whom it talks to. */
  readonly subject: string;
  readonly ratio: number;
  readonly summary: string;
  readonly reasons: readonly Reason[];
  readonly contributors: readonly Contributor[];
  readonly attack: readonly string[];
  readonly firstUs: number;
  readonly lastUs: number;
  readonly filter: Omit<PacketFilter, 'fromUs' | 'toUs'>;
}

export interface SlowDetector {
  /** Findings at or above the floor. Windows come in time order, each once. */
  take(window: SeenWindow): SlowFinding[];
  /** What it had no room to remember, ever. */
  readonly forgotten: number;
  encode(writer: ByteWriter): void;
}
