/** Wakes whoever waits for a folder to change: by word of the operating system where it gives one, else by looking again. */
import { watch, type FSWatcher } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Network file systems tell nothing, and a full queue tells too little. */
const LOOK_MS = 500;
/** A busy writer changes a file with every packet: what it writes meanwhile is taken together. */
const GATHER_MS = 20;

export class FolderChanges {
  readonly #signal: AbortSignal | undefined;
  #watcher: FSWatcher | undefined;
  #changed = false;
  #wake: (() => void) | undefined;
  readonly #stir = (): void => {
    this.#changed = true;
    this.#wake?.();
  };

  constructor(folder: string, signal: AbortSignal | undefined) {
    this.#signal = signal;
    signal?.addEventListener('abort', this.#stir);
    try {
      this.#watcher = watch(folder, this.#stir);
      this.#watcher.on('error', () => this.#watcher?.close());
    } catch {
      // Too many watches, or a file system without them: looking again does it.
    }
  }

  /** Resolves when something has changed since the last call, or it is time to look again; rejects when aborted. */
  async next(): Promise<void> {
    await sleep(GATHER_MS);
    if (!this.#changed) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, LOOK_MS);
        this.#wake = (): void => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#changed = false;
    this.#signal?.throwIfAborted();
  }

  close(): void {
    this.#watcher?.close();
    this.#signal?.removeEventListener('abort', this.#stir);
  }
}
