/** What a worker tells the supervisor. */
import type { Counts } from '@tapline/core/cost/meter';

export type WorkerMessage =
  | { readonly kind: 'ready' }
  /** The worker cannot start, and another one could not either. */
  | { readonly kind: 'failed'; readonly message: string; readonly usage: boolean }
  | { readonly kind: 'counts'; readonly counts: Counts; readonly use: ProcessUse };

/** What a process took of the machine since it started. */
export interface ProcessUse {
  readonly cpuMs: number;
  readonly peakRssBytes: number;
}
