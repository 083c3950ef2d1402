/** `/alerts/<id>/evidence`: what raised an alert, window by window, the rows it was judged from, and the CQL that returns them. */
import { isFromWindows, type Alert } from '@tapline/core/detect/alert';
import { configHash, DETECTOR_CONFIG } from '@tapline/core/detect/config';
import type { TimeRange } from '@tapline/core/ports';
import { evidenceCql } from '@tapline/core/report/evidence-cql';
import { reasonSeries } from '@tapline/core/report/reason-series';
import type { AlertEvidence } from '@tapline/core/report/snapshot';
import type { ReportPorts } from '../report.ts';
import { findAlert } from './alerts.ts';

/** Windows shown before and after the alert, so that it is seen to begin and to end. */
const AROUND = 6;
/** Windows of one answer. */
const WINDOWS_MOST = 360;
const CQL_MOST = 20;

/** A length to go by while no window of the alert is stored any more. */
const DEFAULT_WINDOW_US = 10_000_000;

export async function alertEvidence(ports: ReportPorts, _query: URLSearchParams, id: string): Promise<AlertEvidence> {
  const alert = await findAlert(ports, id);
  const { sensor, windowStartUs, windowEndUs } = alert;
  const [first] = await ports.results.kpis(sensor, { fromUs: windowStartUs, toUs: windowEndUs }, 1);
  const windowUs = first === undefined ? DEFAULT_WINDOW_US : first.windowEndUs - first.windowStartUs;
  const whole = rangeAround(alert, windowUs);
  const range = { ...whole, toUs: Math.min(whole.toUs, whole.fromUs + WINDOWS_MOST * windowUs) };
  const isShown = isFromWindows(alert);
  const evidence = isShown ? await ports.results.evidence(sensor, range) : [];
  const rows = isShown ? await ports.results.kpis(sensor, range) : [];
  const own = evidence.filter(({ detector, entity }) => detector === alert.detector && entity === alert.entity);
  const cql = isShown ? evidenceCql(alert) : [];
  return {
    version: 1,
    sameRules: alert.config === configHash(DETECTOR_CONFIG),
    reasons: alert.reasons.map(({ feature, unit, floor, baseline }) => ({ feature, unit, floor, baseline })),
    windows: reasonSeries(alert, own, rows, range, windowUs),
    windowsLeftOff: Math.round((whole.toUs - range.toUs) / windowUs),
    rows: own.map((one) => ({
      windowStartUs: one.windowStartUs,
      windowEndUs: one.windowEndUs,
      features: one.features,
    })),
    cql: cql.slice(0, CQL_MOST),
    cqlLeftOff: Math.max(0, cql.length - CQL_MOST),
  };
}

const rangeAround = ({ windowStartUs, windowEndUs }: Alert, windowUs: number): TimeRange => ({
  fromUs: windowStartUs - AROUND * windowUs,
  toUs: windowEndUs + AROUND * windowUs,
});
