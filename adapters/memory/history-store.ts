/** HistoryStore in memory: for tests, and for a line that need not outlive its process. */
import type { HistoryStore, StoredHistory } from '@tapline/core/ports';

export class MemoryHistoryStore implements HistoryStore {
  readonly #histories = new Map<string, StoredHistory>();

  load(sensor: string): Promise<StoredHistory | undefined> {
    return Promise.resolve(this.#histories.get(sensor));
  }

  save(sensor: string, bytes: Uint8Array, replaces: number): Promise<boolean> {
    const isNext = (this.#histories.get(sensor)?.version ?? 0) === replaces;
    if (isNext) this.#histories.set(sensor, { version: replaces + 1, bytes: bytes.slice() });
    return Promise.resolve(isNext);
  }
}
