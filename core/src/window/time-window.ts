/** Event-time windows: [startUs, startUs + windowUs), aligned to 1970-01-01T00:00:00Z. */
import { PipelineError } from '../errors.ts';

export const SECOND_US = 1_000_000;
export const DEFAULT_WINDOW_US = 10 * SECOND_US;
/** One-second counters live inside a window, and a batch's partial must stay under 64 KB. */
export const MAX_WINDOW_US = 300 * SECOND_US;

/** Throws USAGE unless the width is whole seconds, from 1 s to 5 min. */
export function checkWindowWidth(windowUs: number): void {
  if (Number.isInteger(windowUs / SECOND_US) && windowUs >= SECOND_US && windowUs <= MAX_WINDOW_US) return;
  throw new PipelineError('USAGE', `a window is whole seconds from 1 to 300, not ${windowUs / SECOND_US}`);
}

/** Start of the window that holds `timeUs`; times before 1970 floor like any other. */
export function windowStart(timeUs: number, windowUs: number): number {
  return Math.floor(timeUs / windowUs) * windowUs;
}
