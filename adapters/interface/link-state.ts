/** Whether an interface is up, as Linux says it; other systems leave it to the program that captures. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = '/sys/class/net';
const UP = 0x1;

export type LinkState = 'up' | 'down' | 'gone';

/** Undefined where the kernel does not say: on other systems, and of what is no interface, such as `any`. */
export class Link {
  readonly #flags: string;
  readonly #isKnown: boolean;

  constructor(name: string) {
    this.#flags = join(FOLDER, name, 'flags');
    this.#isKnown = existsSync(this.#flags);
  }

  /** Its state now. */
  get state(): LinkState | undefined {
    if (!this.#isKnown) return undefined;
    try {
      return (Number(readFileSync(this.#flags, 'utf8')) & UP) === 0 ? 'down' : 'up';
    } catch {
      return 'gone';
    }
  }
}
