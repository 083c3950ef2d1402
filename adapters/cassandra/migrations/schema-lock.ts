/**
 * The lock that lets one runner at a time change a keyspace's schema: one row, taken and kept by lightweight
 * transactions, which vanishes by its TTL when its holder dies.
 */
import type { Client, types } from 'cassandra-driver';
import { PipelineError } from '@tapline/core/errors';

export interface LockOptions {
  readonly keyspace: string;
  /** Unique to this run. */
  readonly holder: string;
  /** For people who find the lock taken: program, host, process. */
  readonly who: string;
  /** How long the row outlives a holder that died. */
  readonly ttlSeconds: number;
  /** How long to wait for a lock that somebody else holds. */
  readonly waitMs: number;
  /** Called once, when waiting begins. */
  readonly onWait: (message: string) => void;
  /** Ends the waiting. */
  readonly signal: AbortSignal | undefined;
}

const POLL_MS = 500;
/** Lightweight transactions may collide or time out without anything being wrong: that many in a row are not chance. */
const TRIES = 5;

export function lockTable(keyspace: string): string {
  return `CREATE TABLE IF NOT EXISTS ${keyspace}.schema_lock (
  name text PRIMARY KEY,
  holder text,
  who text,
  since timestamp
)`;
}

export class SchemaLock {
  readonly #client: Client;
  readonly #options: LockOptions;
  #timer: NodeJS.Timeout | undefined;
  #confirmedMs = 0;
  #renewal: Promise<void> | undefined;
  #lost = false;

  private constructor(client: Client, options: LockOptions) {
    this.#client = client;
    this.#options = options;
  }

  /**
   * Takes the lock, waiting for another holder.
   * @throws PipelineError STORE, retriable, that says who holds it when it does not come free in time
   */
  static async take(client: Client, options: LockOptions): Promise<SchemaLock> {
    const lock = new SchemaLock(client, options);
    await lock.#take();
    const everyMs = (options.ttlSeconds * 1000) / 3;
    // What a renewal that failed leaves to say, `confirm` says.
    lock.#timer = setInterval(() => void lock.#renewOnce().catch(() => undefined), everyMs);
    return lock;
  }

  async #take(): Promise<void> {
    const { keyspace, holder, who, ttlSeconds, waitMs, onWait } = this.#options;
    const cql = `INSERT INTO ${keyspace}.schema_lock (name, holder, who, since) VALUES ('schema', ?, ?, ?)
      IF NOT EXISTS USING TTL ${ttlSeconds}`;
    const deadlineMs = performance.now() + waitMs;
    for (let isFirst = true; ; isFirst = false) {
      const askedMs = performance.now();
      const row = await this.#transaction(cql, [holder, who, new Date()]);
      // A transaction that timed out may have been carried out: then the row names this run already.
      if (row['[applied]'] === true || row['holder'] === holder) {
        this.#confirmedMs = askedMs;
        return;
      }
      const since = row['since'] instanceof Date ? ` since ${row['since'].toISOString().slice(0, 19)}Z` : '';
      const held = `the schema of ${keyspace} is being changed by ${String(row['who'])}${since}`;
      if (performance.now() >= deadlineMs || this.#options.signal?.aborted === true) {
        throw new PipelineError(
          'STORE',
          `${held}: try again when it is done; should it have died, its lock ends within ${ttlSeconds} s`,
          { retriable: true },
        );
      }
      if (isFirst) onWait(`${held}; waiting for it`);
      await new Promise((done) => setTimeout(done, POLL_MS));
    }
  }

  /**
   * Makes sure that the lock is still ours; to be called before every change.
   * @throws PipelineError STORE, retriable, when it was lost, for example because the machine slept
   */
  async confirm(): Promise<void> {
    const ageMs = performance.now() - this.#confirmedMs;
    if (!this.#lost && ageMs > (this.#options.ttlSeconds * 1000) / 2) await this.#renewOnce();
    if (this.#lost) {
      throw new PipelineError(
        'STORE',
        `the lock on the schema of ${this.#options.keyspace} ran out while this run was away: run it again`,
        { retriable: true },
      );
    }
  }

  #renewOnce(): Promise<void> {
    this.#renewal ??= this.#renew().finally(() => (this.#renewal = undefined));
    return this.#renewal;
  }

  async #renew(): Promise<void> {
    const { keyspace, holder, who, ttlSeconds } = this.#options;
    const askedMs = performance.now();
    const row = await this.#transaction(
      `UPDATE ${keyspace}.schema_lock USING TTL ${ttlSeconds} SET holder = ?, who = ?, since = ?
        WHERE name = 'schema' IF holder = ?`,
      [holder, who, new Date(), holder],
    );
    if (row['[applied]'] === true) this.#confirmedMs = askedMs;
    else this.#lost = true;
  }

  /** Gives the lock back; failing that, its TTL does. */
  async release(): Promise<void> {
    clearInterval(this.#timer);
    await this.#renewal?.catch(() => undefined);
    const { keyspace, holder } = this.#options;
    await this.#transaction(`DELETE FROM ${keyspace}.schema_lock WHERE name = 'schema' IF holder = ?`, [holder]).catch(
      () => undefined,
    );
  }

  async #transaction(cql: string, parameters: unknown[]): Promise<types.Row> {
    for (let tries = 1; ; tries++) {
      try {
        const result = await this.#client.execute(cql, parameters, { prepare: true });
        return result.rows[0]!;
      } catch (error) {
        if (tries >= TRIES) throw error;
        await new Promise((done) => setTimeout(done, POLL_MS));
      }
    }
  }
}
