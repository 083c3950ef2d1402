/** A set of 32-bit hashes as one growing open-addressed table: a sketch per key must not cost an object per element. */

export class HashSet {
  size = 0;
  /** Hash + 1 would not fit, so zero (free) and the hash zero are told apart by `#hasZero`. */
  #slots = new Uint32Array(8);
  #hasZero = false;

  /** The hashes are random already: their low bits are the place to begin. */
  add(hash: number): void {
    if (hash === 0) {
      if (!this.#hasZero) this.size++;
      this.#hasZero = true;
      return;
    }
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    for (let found = this.#slots[slot]!; found !== 0; found = this.#slots[slot]!) {
      if (found === hash) return;
      slot = (slot + 1) & mask;
    }
    this.#slots[slot] = hash;
    this.size++;
    if (this.size * 2 > this.#slots.length) this.#grow();
  }

  /** The hashes, in no order that means anything. */
  values(): Uint32Array {
    const all = new Uint32Array(this.size);
    let at = this.#hasZero ? 1 : 0;
    for (let slot = 0; slot < this.#slots.length; slot++) if (this.#slots[slot] !== 0) all[at++] = this.#slots[slot]!;
    return all;
  }

  #grow(): void {
    const old = this.#slots;
    const slots = new Uint32Array(old.length * 4);
    const mask = slots.length - 1;
    for (let index = 0; index < old.length; index++) {
      const hash = old[index]!;
      if (hash === 0) continue;
      let slot = hash & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = hash;
    }
    this.#slots = slots;
  }
}
