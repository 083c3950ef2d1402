/** Packs alerts into lanes above the traffic, so that bars and their labels never cover each other. */
import type { Alert } from '@tapline/core/detect/alert';

export interface AlertMark {
  readonly alert: Alert;
  readonly lane: number;
  readonly left: number;
  readonly right: number;
  readonly label: string;
  /** Where the label starts, or ends when it is before the bar. */
  readonly labelX: number;
  /** Beside the bar where there is room, else beneath it, which takes the next lane too. */
  readonly labelAt: 'after' | 'before' | 'below';
}

export interface AlertLanes {
  readonly marks: readonly AlertMark[];
  readonly lanes: number;
  /** Alerts for which there was no lane. */
  readonly leftOff: number;
}

const LABEL_GAP = 5;
const MARK_GAP = 8;
/** Widest advance of the label font, pixels per character: generous, because fonts differ. */
const CHARACTER = 6.3;

/** The first of `count` lanes in a row that are free from a place on. */
function freeLane(ends: readonly number[], from: number, count: number): number {
  for (let lane = 0; ; lane++) {
    const wanted = ends.slice(lane, lane + count);
    if (wanted.every((end) => end + MARK_GAP <= from)) return lane;
  }
}

/**
 * Places each alert in the first lane that has room for its bar and label, earliest first.
 * @param x event time in microseconds → pixels
 * @param limits pixels that marks may use, and how many lanes there are
 */
export function alertLanes(
  alerts: readonly Alert[],
  x: (timeUs: number) => number,
  limits: { readonly left: number; readonly right: number; readonly lanes: number; readonly minimum: number },
): AlertLanes {
  const ends: number[] = [];
  const marks: AlertMark[] = [];
  let leftOff = 0;
  for (const alert of alerts.toSorted((a, b) => a.windowStartUs - b.windowStartUs || (a.id < b.id ? -1 : 1))) {
    const start = Math.max(limits.left, x(alert.windowStartUs));
    const left = Math.min(start, limits.right - limits.minimum);
    const right = Math.min(limits.right, Math.max(x(alert.windowEndUs), left + limits.minimum));
    const label: string = alert.detector;
    const room = label.length * CHARACTER + LABEL_GAP;
    const labelAt = right + room <= limits.right ? 'after' : left - room >= 0 ? 'before' : 'below';
    const belowX = Math.max(0, Math.min(left, limits.right - room));
    const from = labelAt === 'before' ? left - room : labelAt === 'below' ? belowX : left;
    const until = labelAt === 'after' ? right + room : Math.max(right, labelAt === 'below' ? belowX + room : right);
    const lane = freeLane(ends, from, labelAt === 'below' ? 2 : 1);
    if (lane + (labelAt === 'below' ? 1 : 0) >= limits.lanes) {
      leftOff++;
      continue;
    }
    ends[lane] = until;
    if (labelAt === 'below') ends[lane + 1] = until;
    const labelX = { after: right + LABEL_GAP, before: left - LABEL_GAP, below: belowX }[labelAt];
    marks.push({ alert, lane, left, right, label, labelX, labelAt });
  }
  return { marks, lanes: ends.length, leftOff };
}
