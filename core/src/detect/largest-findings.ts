/** Which of a window's findings are kept. */
import type { DetectorConfig } from './config.ts';
import type { Finding } from './detector.ts';

/** Those with the most of a feature, as many as the configuration allows; ties by entity: the same data keep the same ones. */
export function largestFindings(
  found: readonly Finding[],
  feature: string,
  { evidenceLimit }: DetectorConfig,
): Finding[] {
  const most = (one: Finding): number => one.features[feature]!;
  return found.toSorted((a, b) => most(b) - most(a) || (a.entity < b.entity ? -1 : 1)).slice(0, evidenceLimit);
}
