/** Which alerts are shown, and which only counted: an operator's allow-list explains some, and what is usual for a host others. */
import { applyAllowList, type AllowList, type Suppressed } from '../detect/allow-list.ts';
import type { Alert } from '../detect/alert.ts';
import type { UsualRow } from '../detect/usual.ts';
import { explainUsual, type ExplainedAlert } from './explain-usual.ts';

export interface PresentedAlerts {
  /** In the order they came. */
  readonly shown: readonly ExplainedAlert[];
  /** Rules that suppressed any, in the order of the list. */
  readonly suppressed: readonly Suppressed[];
  /** Alerts that are not shown because they are usual for their host. */
  readonly usualHidden: number;
}

export interface Presentation {
  readonly allowList: AllowList;
  /** As explainUsual takes them. */
  readonly usual: readonly UsualRow[];
  /** Whether what is usual is shown, too. */
  readonly withUsual: boolean;
}

export function presentAlerts(
  alerts: readonly Alert[],
  { allowList, usual, withUsual }: Presentation,
): PresentedAlerts {
  const { shown, suppressed } = applyAllowList(alerts, allowList);
  const explained = explainUsual(shown, usual);
  const left = withUsual ? explained : explained.filter((alert) => alert.usual?.class !== 'usual');
  return { shown: left, suppressed, usualHidden: explained.length - left.length };
}
