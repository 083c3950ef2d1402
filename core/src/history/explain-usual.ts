/**
 * Alerts as they are shown: what is usual for their host joined to their reasons, and those that are no more than that told
 * from the others. Nothing of it is stored with the alerts: rows that the history writes later change what is shown.
 */
import { isFromWindows, type Alert, type Reason, type WeighedReason } from '../detect/alert.ts';
import { DETECTOR_CONFIG } from '../detect/config.ts';
import { figure, rounded, spanText } from '../detect/detector.ts';
import {
  compare,
  LEAST_PROBABILITY,
  USUAL_CLASSES,
  USUAL_CONFIG,
  type Comparison,
  type UsualClass,
  type UsualRow,
} from '../detect/usual.ts';
import { weighReasons } from '../detect/weigh-reasons.ts';
import { STATISTICS, usualEntity, type OwnedStatistic } from './host-sights.ts';

const DAY_US = 86_400e6;
/** An episode is told of again with every hour: rows so long before an alert are about it, too. */
export const ROWS_BEFORE_US = 3_600e6;

export interface AlertUsual {
  /** Of the reasons that have a baseline the one furthest beyond it. */
  readonly class: UsualClass;
  /** What is usual, in a sentence. */
  readonly text: string;
}

export interface ExplainedAlert extends Alert {
  /** Absent until the history has taken the alert's windows, about a minute, and where nothing is learned. */
  readonly usual?: AlertUsual;
}

/** @param rows of the sensors of the alerts, ascending in time, from ROWS_BEFORE_US before the first alert on */
export function explainUsual(alerts: readonly Alert[], rows: readonly UsualRow[]): ExplainedAlert[] {
  const byEntity = Map.groupBy(
    rows.filter(({ isWithdrawn }) => isWithdrawn !== true),
    keyOf,
  );
  return alerts.map((alert) => {
    const known = byEntity.get(keyOf({ ...alert, entity: usualEntity(alert) })) ?? [];
    return isFromWindows(alert) && known.length > 0 ? explain(alert, known) : alert;
  });
}

const keyOf = ({ sensor, detector, entity }: Pick<UsualRow, 'sensor' | 'detector' | 'entity'>): string =>
  `${sensor}\n${detector}\n${entity}`;

interface Explained {
  readonly reason: Reason;
  readonly usual: AlertUsual;
}

function explain(alert: Alert, rows: readonly UsualRow[]): ExplainedAlert {
  const near = rows.filter(
    ({ windowStartUs }) => windowStartUs >= alert.windowStartUs - ROWS_BEFORE_US && windowStartUs < alert.windowEndUs,
  );
  const explained = new Map<WeighedReason, Explained | undefined>();
  for (const reason of alert.reasons) {
    const statistic = statisticOf(alert, reason);
    // What did not reach its floor is not what the alert was raised for.
    if (statistic === undefined || reason.value < statistic.floor(DETECTOR_CONFIG)) continue;
    const own = near.filter(({ feature }) => feature === reason.feature);
    explained.set(reason, own.length === 0 ? undefined : explainReason(reason, statistic, own));
  }
  const known = [...explained.values()].flatMap((one) => one ?? []);
  if (known.length === 0) return alert;
  const worst = USUAL_CLASSES.findLast((name) => known.some(({ usual }) => usual.class === name))!;
  // A reason that nothing is known of may be more than usual.
  const isKnown = known.length === explained.size || worst === 'unusual';
  return {
    ...alert,
    reasons: weighReasons(alert.reasons.map((reason) => explained.get(reason)?.reason ?? unweighed(reason))),
    usual: {
      class: isKnown ? worst : 'learning',
      text: known.find(({ usual }) => usual.class === worst)!.usual.text,
    },
  };
}

const statisticOf = ({ detector }: Alert, { feature }: Reason): OwnedStatistic | undefined =>
  STATISTICS.find((one) => one.detector === detector && one.feature === feature);

function unweighed({ feature, value, unit, floor, baseline, ratio }: WeighedReason): Reason {
  return { feature, value, unit, floor, baseline, ratio };
}

/** The alert's value is that of its worst window, which may be one that the history has not reached or has not told of. */
function explainReason(reason: WeighedReason, statistic: OwnedStatistic, rows: readonly UsualRow[]): Explained {
  const compared = rows.map((row) => {
    const { value, floor } = reason;
    const comparison = compare(value, row.baseline, floor, row.windowEndUs - row.windowStartUs);
    // The row's own value may be larger: of a service's host it counts all ports.
    return { row, comparison, class: worse(comparison.class, row.comparison.class) };
  });
  const grave = USUAL_CLASSES.findLast((name) => compared.some((one) => one.class === name))!;
  const { row, comparison } = compared.findLast((one) => one.class === grave)!;
  const { p99 } = row.baseline;
  const text = grave === 'learning' ? learningText(row) : usualText(row, comparison, statistic, reason.value);
  return {
    reason: { ...unweighed(reason), baseline: grave === 'learning' ? null : p99, ratio: rounded(comparison.ratio) },
    usual: { class: grave, text },
  };
}

const worse = (a: UsualClass, b: UsualClass): UsualClass =>
  USUAL_CLASSES.indexOf(a) > USUAL_CLASSES.indexOf(b) ? a : b;

function learningText({ baseline, windowStartUs, windowEndUs }: UsualRow): string {
  const needed = Math.ceil(USUAL_CONFIG.learningUs / (windowEndUs - windowStartUs));
  return `learning what is usual for this host: ${figure(baseline.windows)} of ${figure(needed)} windows`;
}

function usualText(row: UsualRow, { probability }: Comparison, { floor, unit }: OwnedStatistic, value: number): string {
  const { baseline, spanWindows, windowStartUs, windowEndUs } = row;
  const least = Math.max(1, floor(DETECTOR_CONFIG) * USUAL_CONFIG.notedShare);
  const shown = (one: number): string => (one === 0 ? `below ${figure(least)}` : figure(one));
  const days = Math.round((10 * (windowStartUs - baseline.sinceUs)) / DAY_US) / 10;
  const times = baseline.p99 === 0 ? '' : `this is ${figure(value / baseline.p99)} times p99, `;
  const chance =
    probability <= LEAST_PROBABILITY ? `p < ${LEAST_PROBABILITY}` : `p = ${Number(probability.toPrecision(2))}`;
  return (
    `usual for this host: median ${shown(baseline.median)}, p99 ${shown(baseline.p99)} ${unit} ` +
    `in ${spanText(spanWindows * (windowEndUs - windowStartUs))} over ${days} day${days === 1 ? '' : 's'}; ${times}${chance}`
  );
}
