/** What a sensor says about its mirror, for scripts and for a terminal. */
import type { SensorFinding } from '@tapline/core/report/sensor-health';
import { formatInstant } from './format.ts';

/** A finding as scripts get it; times are null where only the sum of a session is known. */
export function healthJson({ kind, fromUs, toUs, part, whole, share, text }: SensorFinding): object {
  const instant = (timeUs: number | null): string | null => (timeUs === null ? null : formatInstant(timeUs));
  return { kind, from: instant(fromUs), to: instant(toUs), part, whole, share, text };
}

/** A line for each finding; none when nothing is wrong. */
export function healthLines(findings: readonly SensorFinding[]): string[] {
  return findings.map(({ text }) => `mirror   ${text}`);
}
