/** The generator's agenda: a binary min-heap of (time, item) in typed arrays, so that an event costs no allocation. */

export class EventQueue {
  /** Time of the event `pop` returned last, in microseconds. */
  timeUs = 0;
  size = 0;
  private readonly times: Float64Array;
  private readonly items: Uint32Array;

  constructor(capacity: number) {
    this.times = new Float64Array(capacity);
    this.items = new Uint32Array(capacity);
  }

  push(timeUs: number, item: number): void {
    const { times, items } = this;
    if (this.size === times.length) throw new RangeError('the event queue is full');
    let hole = this.size++;
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      if (times[parent]! <= timeUs) break;
      times[hole] = times[parent]!;
      items[hole] = items[parent]!;
      hole = parent;
    }
    times[hole] = timeUs;
    items[hole] = item;
  }

  /** Removes the earliest event and returns its item; `timeUs` then holds its time. The queue must not be empty. */
  pop(): number {
    const { times, items } = this;
    const result = items[0]!;
    this.timeUs = times[0]!;
    const last = --this.size;
    const lastTime = times[last]!;
    let hole = 0;
    for (;;) {
      let child = 2 * hole + 1;
      if (child >= last) break;
      if (child + 1 < last && times[child + 1]! < times[child]!) child++;
      if (times[child]! >= lastTime) break;
      times[hole] = times[child]!;
      items[hole] = items[child]!;
      hole = child;
    }
    times[hole] = lastTime;
    items[hole] = items[last]!;
    return result;
  }
}
