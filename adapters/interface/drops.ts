/** Packets that were lost before they could be read, by the minute in which the kernel's counter said so. */
import { minuteStart } from '@tapline/core/ledger/minute';

export interface KernelDrop {
  readonly packets: number;
  /** When the counter was read: wall clock, whole microseconds. */
  readonly timeUs: number;
}

export class DropMeter {
  #total = 0;
  #waiting: KernelDrop[] = [];

  /** @param total packets dropped since the capture began, as read at `timeUs` */
  read(total: number, timeUs: number): void {
    const packets = total - this.#total;
    if (packets <= 0) return;
    this.#total = total;
    const last = this.#waiting.at(-1);
    // One entry a minute, so that hours in which nobody takes them cost nothing.
    if (last !== undefined && minuteStart(last.timeUs) === minuteStart(timeUs)) {
      this.#waiting[this.#waiting.length - 1] = { packets: last.packets + packets, timeUs };
    } else this.#waiting.push({ packets, timeUs });
  }

  /** What was read since the last call. */
  take(): readonly KernelDrop[] {
    const taken = this.#waiting;
    this.#waiting = [];
    return taken;
  }
}
