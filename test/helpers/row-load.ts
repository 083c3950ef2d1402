/** Steady writing into a Cassandra table, at LOCAL_QUORUM, that remembers which rows the database has acknowledged. */
import { setTimeout as sleep } from 'node:timers/promises';
import { types, type Client } from 'cassandra-driver';

export const ROWS_PER_BUCKET = 500;
/** A few hundred rows a second: load that a node notices, and that leaves processor time to start another one. */
const WRITERS = 6;
const PAUSE_MS = 10;
const RETRY_MS = 20;
/** A database that refuses this often is not one that writes go on with. */
const MAX_REFUSED = 10_000;

/** What row `id` holds, so that a reader can tell a right value from any other. */
export function rowValue(id: number): string {
  return `${id}:`.padEnd(300, String(id));
}

export class RowLoad {
  readonly #client: Client;
  readonly #insert: string;
  readonly #acknowledged = new Set<number>();
  readonly #writers: Promise<void>[] = [];
  #next = 0;
  #refused = 0;
  #stopped = false;

  /** `table` has columns bucket and id (both int, in this order the key) and value (text). */
  constructor(client: Client, table: string) {
    this.#client = client;
    this.#insert = `INSERT INTO ${table} (bucket, id, value) VALUES (?, ?, ?)`;
  }

  start(): void {
    for (let index = 0; index < WRITERS; index += 1) this.#writers.push(this.#write());
  }

  get acknowledged(): ReadonlySet<number> {
    return this.#acknowledged;
  }

  /** Attempts that ended with an error; their rows were tried again. */
  get refused(): number {
    return this.#refused;
  }

  /** Waits until so many rows more are acknowledged; rejects when that takes longer than `limitMs`. */
  async progress(rows: number, limitMs: number): Promise<void> {
    const goal = this.#acknowledged.size + rows;
    const deadline = performance.now() + limitMs;
    while (this.#acknowledged.size < goal) {
      if (performance.now() > deadline) {
        throw new Error(`writes do not go on: ${this.#acknowledged.size} of ${goal} rows after ${limitMs} ms`);
      }
      await sleep(RETRY_MS);
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#writers);
  }

  async #write(): Promise<void> {
    for (let id = this.#next++; this.#running(); id = this.#next++) {
      while (this.#running()) {
        if (await this.#attempt(id)) {
          this.#acknowledged.add(id);
          break;
        }
        await sleep(RETRY_MS);
      }
      await sleep(PAUSE_MS);
    }
  }

  #running(): boolean {
    return !this.#stopped;
  }

  /** Whether the row was acknowledged. */
  async #attempt(id: number): Promise<boolean> {
    const row = [Math.floor(id / ROWS_PER_BUCKET), id, rowValue(id)];
    const options = { prepare: true, isIdempotent: true, consistency: types.consistencies.localQuorum };
    try {
      await this.#client.execute(this.#insert, row, options);
      return true;
    } catch (error) {
      this.#refused += 1;
      if (this.#refused > MAX_REFUSED) throw error;
      return false;
    }
  }
}
