/**
 * What the sensor says it sent, by window and by minute of event time. Totals are kept for recent windows and minutes
 * only (least recent use), so a capture that spans years costs no memory; `changed` yields what the next heartbeat says.
 */
import type { AnnouncedWindow, MinuteCount, WindowCount } from '@tapline/core/ledger/heartbeat';

/** Windows and minutes whose totals are remembered; beyond it a late packet starts a fresh total (design §5). */
const REMEMBERED = 65_536;

class RecentTotals<T extends { changed: boolean }> {
  readonly #totals = new Map<number, T>();
  #changed: number[] = [];

  /** The total of `startUs`, made by `create` when it is not remembered, marked as changed. */
  touch(startUs: number, create: () => T): T {
    let total = this.#totals.get(startUs);
    if (total === undefined) {
      total = create();
    } else {
      this.#totals.delete(startUs);
    }
    this.#totals.set(startUs, total);
    if (!total.changed) {
      total.changed = true;
      this.#changed.push(startUs);
    }
    return total;
  }

  get changedCount(): number {
    return this.#changed.length;
  }

  /** Totals that changed since the last call, ascending by start. */
  takeChanged(): [number, T][] {
    const taken: [number, T][] = [];
    for (const startUs of this.#changed.sort((a, b) => a - b)) {
      const total = this.#totals.get(startUs);
      if (total === undefined) continue;
      total.changed = false;
      taken.push([startUs, total]);
    }
    this.#changed = [];
    this.#forgetOldest();
    return taken;
  }

  /** Least recently touched first; called when nothing waits to be announced. */
  #forgetOldest(): void {
    for (const startUs of this.#totals.keys()) {
      if (this.#totals.size <= REMEMBERED) return;
      this.#totals.delete(startUs);
    }
  }
}

interface WindowTotal extends WindowCount {
  changed: boolean;
}

/** Why a packet that was offered is not sent. */
export type Unsent = 'kernelDropped' | 'self' | 'duplicate';

interface MinuteTotal {
  changed: boolean;
  kernelDropped: number;
  self: number;
  duplicate: number;
  sent: number;
  malformed: number;
  wireBytes: number;
}

export class SentTotals {
  readonly #windows = new RecentTotals<WindowTotal>();
  readonly #minutes = new RecentTotals<MinuteTotal>();

  /** Adds what one batch had in one window. */
  addWindow(startUs: number, packets: number, bytes: number): void {
    const total = this.#windows.touch(startUs, () => ({ changed: false, batches: 0, packets: 0, bytes: 0 }));
    total.batches += 1;
    total.packets += packets;
    total.bytes += bytes;
  }

  addMinute(startUs: number, packets: number, malformed: number, wireBytes: number): void {
    const total = this.#minute(startUs);
    total.sent += packets;
    total.malformed += malformed;
    total.wireBytes += wireBytes;
  }

  /** Adds packets that were offered and not sent. */
  addUnsent(startUs: number, why: Unsent, packets: number): void {
    this.#minute(startUs)[why] += packets;
  }

  #minute(startUs: number): MinuteTotal {
    return this.#minutes.touch(startUs, () => ({
      changed: false,
      kernelDropped: 0,
      self: 0,
      duplicate: 0,
      sent: 0,
      malformed: 0,
      wireBytes: 0,
    }));
  }

  /** Windows that wait to be announced. */
  get changedWindows(): number {
    return this.#windows.changedCount;
  }

  takeWindows(): AnnouncedWindow[] {
    return this.#windows
      .takeChanged()
      .map(([windowStartUs, { batches, packets, bytes }]) => ({ windowStartUs, batches, packets, bytes }));
  }

  /** What the kernel dropped of a live source, and what is left out here, was offered too (design §6). */
  takeMinutes(): MinuteCount[] {
    return this.#minutes
      .takeChanged()
      .map(([minuteStartUs, { kernelDropped, self, duplicate, sent, malformed, wireBytes }]) => ({
        minuteStartUs,
        offered: kernelDropped + self + duplicate + sent,
        kernelDropped,
        self,
        filtered: 0,
        duplicate,
        sent,
        malformed,
        wireBytes,
      }));
  }
}
