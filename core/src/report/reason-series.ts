/**
 * The numbers that raised an alert, window by window: what its detector says of the evidence that is stored. Where a window
 * says nothing the entity stayed below the bar, so no number is kept of it, and none is made up here.
 */
import { subjectOf } from '../detect/alert-fold.ts';
import type { Alert, Evidence } from '../detect/alert.ts';
import { DETECTOR_CONFIG, type DetectorConfig } from '../detect/config.ts';
import { DETECTOR_LIST } from '../detect/registry.ts';
import type { KpiRow } from '../kpi/kpi-row.ts';
import type { TimeRange } from '../ports.ts';
import type { ReasonWindow } from './snapshot.ts';

/** Empty when the alert is not made from the evidence of windows. */
export function reasonSeries(
  alert: Alert,
  evidence: readonly Evidence[],
  rows: readonly Pick<KpiRow, 'windowStartUs' | 'complete'>[],
  range: TimeRange,
  windowUs: number,
  config: DetectorConfig = DETECTOR_CONFIG,
): ReasonWindow[] {
  const detector = DETECTOR_LIST.find(({ name }) => name === alert.detector);
  if (detector === undefined || alert.isFromHistory === true) return [];
  const own = evidence.filter((one) => one.detector === alert.detector && one.entity === alert.entity);
  const completeness = new Map(rows.map((row) => [row.windowStartUs, row.complete]));
  const lookbackUs = detector.lookbackWindows(config) * windowUs;
  const windows: ReasonWindow[] = [];
  for (let startUs = range.fromUs; startUs < range.toUs; startUs += windowUs) {
    const last = own.find(({ windowStartUs }) => windowStartUs === startUs);
    const recent = last === undefined ? [] : own.filter((one) => isWithin(one, startUs - lookbackUs, last));
    const verdict = last === undefined ? null : detector.judge(recent, config);
    const values = alert.reasons.map(
      ({ feature }) => verdict?.reasons.find((reason) => reason.feature === feature)?.value ?? null,
    );
    const complete = completeness.get(startUs);
    windows.push({
      startUs,
      endUs: startUs + windowUs,
      scored: complete !== undefined,
      complete: complete === true,
      values,
    });
  }
  return windows;
}

const isWithin = (one: Evidence, fromUs: number, last: Evidence): boolean =>
  one.windowStartUs >= fromUs && one.windowStartUs <= last.windowStartUs && subjectOf(one) === subjectOf(last);
