/**
 * What tcpdump says of its capture on standard error, on SIGUSR1 in one line and at its end in one line per counter:
 *
 *   tcpdump: 928 packets captured, 3000 packets received by filter, 2072 packets dropped by kernel
 *   928 packets captured
 */

const COUNTER = /(\d+) packets? (captured|received by filter|dropped by kernel|dropped by interface)\b/g;

/** Its counters have 32 bits. What seems to go forward by more than half of them was set back. */
const STEP_LIMIT = 2 ** 31;

type CounterName = 'captured' | 'received by filter' | 'dropped by kernel' | 'dropped by interface';

export class Statistics {
  readonly #said: Record<CounterName, number> = zeros();
  readonly #totals: Record<CounterName, number> = zeros();

  /** Takes one line; false when it holds no counters. */
  read(line: string): boolean {
    let found = false;
    for (const match of line.matchAll(COUNTER)) {
      found = true;
      this.#count(match[2] as CounterName, Number(match[1]));
    }
    return found;
  }

  #count(name: CounterName, value: number): void {
    const step = (value - this.#said[name]) >>> 0;
    this.#said[name] = value;
    if (step < STEP_LIMIT) this.#totals[name] += step;
  }

  /** Packets that tcpdump has written. */
  get captured(): number {
    return this.#totals.captured;
  }

  /** Packets that the expression had selected and the kernel's buffer had no room for. */
  get dropped(): number {
    return this.#totals['dropped by kernel'];
  }

  /**
   * Packets that the network card lost, whether or not anybody would have selected them. Before libpcap 1.10 also some
   * that were captured and that nobody else had a use for: no number for the books.
   */
  get droppedByInterface(): number {
    return this.#totals['dropped by interface'];
  }

  /** Packets that wait in the kernel's buffer. On Linux only: elsewhere the kernel counts what the filter refused, too. */
  get unread(): number {
    const { captured, 'received by filter': received, 'dropped by kernel': dropped } = this.#totals;
    return Math.max(0, received - dropped - captured);
  }
}

function zeros(): Record<CounterName, number> {
  return { captured: 0, 'received by filter': 0, 'dropped by kernel': 0, 'dropped by interface': 0 };
}
