/** Packets and bytes by a small numeric key (protocol, ICMP type and code), bounded, exact below the bound. */

/** Key that takes what does not fit any more. */
export const OTHER_KEY = 0xffff_ffff;

export class KeyedCounts {
  readonly limit: number;
  /** Key to [packets, bytes]. */
  readonly #counts = new Map<number, [number, number]>();

  constructor(limit: number) {
    this.limit = limit;
  }

  get size(): number {
    return this.#counts.size;
  }

  add(key: number, packets: number, bytes: number): void {
    const known = this.#counts.get(key);
    if (known !== undefined) {
      known[0] += packets;
      known[1] += bytes;
    } else if (this.#counts.size < this.limit || key === OTHER_KEY) this.#counts.set(key, [packets, bytes]);
    else this.add(OTHER_KEY, packets, bytes);
  }

  merge(other: KeyedCounts): void {
    for (const [key, packets, bytes] of other.entries()) this.add(key, packets, bytes);
  }

  /** [key, packets, bytes], ascending by key. */
  entries(): (readonly [key: number, packets: number, bytes: number])[] {
    return [...this.#counts]
      .map(([key, [packets, bytes]]) => [key, packets, bytes] as const)
      .sort((a, b) => a[0] - b[0]);
  }
}
