/** The alerts that a list state chooses, in groups, and how many it leaves out because they are muted. */
import { SEVERITIES, type Alert } from '@tapline/core/detect/alert';
import { techniqueText } from '@tapline/core/detect/techniques';
import type { TriageMark } from '@tapline/core/report/snapshot';
import type { AlertListState, Standing } from './alert-list-state.ts';

export interface ListedAlert {
  readonly alert: Alert;
  /** Undefined: nobody has touched it. */
  readonly mark: TriageMark | undefined;
}

export interface AlertGroup {
  /** Empty when nothing is grouped. */
  readonly name: string;
  readonly alerts: readonly ListedAlert[];
}

export interface ChosenAlerts {
  /** In the order of the first alert of each. */
  readonly groups: readonly AlertGroup[];
  readonly count: number;
  /** Left out for being muted, and for nothing else. */
  readonly muted: number;
}

const STANDS: Readonly<Record<Standing, (mark: TriageMark | undefined) => boolean>> = {
  unmuted: (mark) => mark?.muted == null,
  new: (mark) => mark?.muted == null && mark?.acknowledgedBy == null,
  acknowledged: (mark) => mark?.acknowledgedBy != null,
  muted: (mark) => mark?.muted != null,
  all: () => true,
};

const textOf = ({ alert, mark }: ListedAlert): string =>
  [
    alert.severity,
    alert.detector,
    alert.entity,
    alert.state,
    alert.summary,
    alert.id,
    ...alert.attack.map(techniqueText),
    ...alert.contributors.map(({ key }) => key),
    mark?.acknowledgedBy ?? '',
    mark?.muted?.reason ?? '',
  ]
    .join('\n')
    .toLowerCase();

/** Whether the alert is what the list asks for, but for what people did about it. */
function isWanted(one: ListedAlert, { text, least, detector }: AlertListState): boolean {
  if (SEVERITIES.indexOf(one.alert.severity) < SEVERITIES.indexOf(least)) return false;
  if (detector !== null && one.alert.detector !== detector) return false;
  const words = text.toLowerCase().split(/\s+/u).filter(Boolean);
  const haystack = words.length === 0 ? '' : textOf(one);
  return words.every((word) => haystack.includes(word));
}

/** @param alerts in the order they are to be shown in */
export function chooseAlerts(
  alerts: readonly Alert[],
  marks: readonly TriageMark[],
  list: AlertListState,
): ChosenAlerts {
  const markOf = new Map(marks.map((mark) => [mark.alert, mark]));
  const wanted = alerts.map((alert) => ({ alert, mark: markOf.get(alert.id) })).filter((one) => isWanted(one, list));
  const chosen = wanted.filter(({ mark }) => STANDS[list.standing](mark));
  const groups = Map.groupBy(chosen, ({ alert }) =>
    list.grouping === 'class' ? alert.detector : list.grouping === 'entity' ? alert.entity : '',
  );
  const hidesMuted = list.standing === 'unmuted' || list.standing === 'new';
  return {
    groups: [...groups].map(([name, members]) => ({ name, alerts: members })),
    count: chosen.length,
    muted: hidesMuted ? wanted.filter(({ mark }) => mark?.muted != null).length : 0,
  };
}
