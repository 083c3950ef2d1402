/** Steady writing into a Cassandra table, at LOCAL_QUORUM, that remembers which rows the database has acknowledged. */
import { setTimeout as sleep } from 'node:timers/promises';
import { types, type Client } from 'cassandra-driver';

/** Rows written at once, all of one partition, as the line writes a batch of packets. */
const ROWS_PER_WRITE = 20;
export const ROWS_PER_BUCKET = 25 * ROWS_PER_WRITE;
/** Under a thousand rows a second: a load that a node notices, and that leaves processor time to start another one. */
const WRITERS = 3;
const PAUSE_MS = 60;
const RETRY_MS = 20;
/** A database that refuses this often is not one that writes go on with. */
const MAX_REFUSED = 2000;

/** What row `id` holds, so that a reader can tell a right value from any other. */
export function rowValue(id: number): string {
  return `${id}:`.padEnd(150, String(id));
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

  /** Waits until so many rows more are acknowledged; rejects when that takes longer than `limitMs`. */
  async progress(rows: number, limitMs: number): Promise<void> {
    const goal = this.#acknowledged.size + rows;
    const deadline = performance.now() + limitMs;
    while (this.#acknowledged.size < goal) {
      if (performance.now() > deadline) {
        const { size } = this.#acknowledged;
        throw new Error(`writes do not go on: ${size} of ${goal} rows, ${this.#refused} writes refused`);
      }
      await sleep(RETRY_MS);
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#writers);
  }

  async #write(): Promise<void> {
    while (this.#running()) {
      const first = this.#next;
      this.#next += ROWS_PER_WRITE;
      const ids = Array.from({ length: ROWS_PER_WRITE }, (_, index) => first + index);
      while (this.#running()) {
        if (await this.#attempt(ids)) {
          for (const id of ids) this.#acknowledged.add(id);
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

  /** Whether the rows were acknowledged. */
  async #attempt(ids: readonly number[]): Promise<boolean> {
    const rows = ids.map((id) => ({
      query: this.#insert,
      params: [Math.floor(id / ROWS_PER_BUCKET), id, rowValue(id)],
    }));
    const consistency = types.consistencies.localQuorum;
    try {
      await this.#client.batch(rows, { prepare: true, logged: false, isIdempotent: true, consistency });
      return true;
    } catch (error) {
      this.#refused += 1;
      if (this.#refused > MAX_REFUSED) throw error;
      return false;
    }
  }
}
