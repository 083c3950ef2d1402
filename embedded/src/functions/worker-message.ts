/** What a worker tells the supervisor. */
import type { Counts } from '@tapline/core/cost/meter';
import type { ProcessUse } from '../cli/process-use.ts';

export type WorkerMessage =
  | { readonly kind: 'ready' }
  /** The worker cannot start, and another one could not either. */
  | { readonly kind: 'failed'; readonly message: string; readonly usage: boolean }
  | { readonly kind: 'counts'; readonly counts: Counts; readonly use: ProcessUse };
