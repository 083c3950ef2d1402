/** What of the list of alerts is shown, and how: part of the page's state, and so of its URL. */
import { DETECTORS, SEVERITIES, type DetectorName, type Severity } from '@tapline/core/detect/alert';

/** By what people did about an alert: `unmuted` is what everybody begins with. */
export const STANDINGS = ['unmuted', 'new', 'acknowledged', 'muted', 'all'] as const;
export type Standing = (typeof STANDINGS)[number];

export const GROUPINGS = ['none', 'class', 'entity'] as const;
export type Grouping = (typeof GROUPINGS)[number];

export interface AlertListState {
  /** Words that must all be found in an alert. */
  readonly text: string;
  /** Least severity. */
  readonly least: Severity;
  readonly detector: DetectorName | null;
  readonly standing: Standing;
  readonly grouping: Grouping;
}

export const WHOLE_LIST: AlertListState = {
  text: '',
  least: 'low',
  detector: null,
  standing: 'unmuted',
  grouping: 'none',
};

const TEXT_LIMIT = 200;

/** Never throws; what is not understood is the default. */
export function readAlertList(parameters: URLSearchParams): AlertListState {
  const one = <T extends string>(values: readonly T[], name: string): T | undefined =>
    values.find((value) => value === parameters.get(name));
  return {
    text: (parameters.get('find') ?? '').slice(0, TEXT_LIMIT),
    least: one(SEVERITIES, 'least') ?? WHOLE_LIST.least,
    detector: one(DETECTORS, 'class') ?? null,
    standing: one(STANDINGS, 'show') ?? WHOLE_LIST.standing,
    grouping: one(GROUPINGS, 'group') ?? WHOLE_LIST.grouping,
  };
}

/** The parameters of a list state; what is default is left out. */
export function alertListParameters(list: AlertListState): [string, string][] {
  const { text, least, detector, standing, grouping } = list;
  const found: [string, string, string][] = [
    ['find', text, ''],
    ['least', least, WHOLE_LIST.least],
    ['class', detector ?? '', ''],
    ['show', standing, WHOLE_LIST.standing],
    ['group', grouping, WHOLE_LIST.grouping],
  ];
  return found.filter(([, value, usual]) => value !== usual).map(([name, value]) => [name, value]);
}
