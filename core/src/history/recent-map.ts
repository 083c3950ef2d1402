/** A map that holds so many keys at most: what was not touched for longest is forgotten, and counted. */
export class RecentMap<T> {
  readonly #limit: number;
  readonly #items = new Map<string, T>();
  /** Keys that were forgotten for want of room. */
  forgotten = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#items.size;
  }

  peek(key: string): T | undefined {
    return this.#items.get(key);
  }

  /** The item of a key, made if it is new, as the one touched last. */
  touch(key: string, make: () => T): T {
    const item = this.#items.get(key) ?? make();
    this.set(key, item);
    return item;
  }

  /** Returns the item that was forgotten for it, if one was. */
  set(key: string, item: T): T | undefined {
    this.#items.delete(key);
    this.#items.set(key, item);
    if (this.#items.size <= this.#limit) return undefined;
    const [oldest] = this.#items;
    this.#items.delete(oldest![0]);
    this.forgotten++;
    return oldest![1];
  }

  delete(key: string): void {
    this.#items.delete(key);
  }

  /** Touched longest ago first. */
  entries(): MapIterator<[string, T]> {
    return this.#items.entries();
  }
}
