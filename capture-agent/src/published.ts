/** Up to where the broker has acknowledged the batches of each session, without holes. */
import type { Heartbeat } from '@tapline/core/ledger/heartbeat';
import type { BatchHeader } from '@tapline/core/wire/batch-header';

export class Published {
  readonly #upTo = new Map<string, number>();

  /**
   * Says that a batch was acknowledged.
   * @param leftover whether it comes from a spool that an earlier process left: what was before it is published then,
   *   because records leave a spool in order
   */
  add({ sensor, session, sequence }: BatchHeader, leftover: boolean): void {
    const key = `${sensor}/${session}`;
    const before = this.#upTo.get(key) ?? (leftover ? sequence - 1 : -1);
    this.#upTo.set(key, sequence === before + 1 ? sequence : before);
  }

  /** Sequence of the last batch before the first hole, -1 = none. */
  upTo({ sensor, session, lastBatch }: Heartbeat, leftover: boolean): number {
    return this.#upTo.get(`${sensor}/${session}`) ?? (leftover ? lastBatch : -1);
  }
}
