/** How bad an alert is, from how far beyond its floor it went. */
import type { Severity } from './alert.ts';

/**
 * One step per decade beyond the floor (a detector's gravity gives a start): low from the floor on, medium from 0.5, high
 * from 1.25, critical from 2 decades. A repeat of the same size does not raise it.
 */
export function severityOf(ratio: number, gravity: number): Severity {
  const decades = Math.log10(Math.max(1, ratio)) + gravity;
  if (decades >= 2) return 'critical';
  if (decades >= 1.25) return 'high';
  return decades >= 0.5 ? 'medium' : 'low';
}
