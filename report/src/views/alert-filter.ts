/** What the list of alerts is narrowed by: words, least severity, class, what people did, and how it is grouped. */
import { DETECTORS, SEVERITIES, type DetectorName, type Severity } from '@tapline/core/detect/alert';
import { h, type VNode } from '../dom/vnode.ts';
import {
  GROUPINGS,
  STANDINGS,
  WHOLE_LIST,
  type AlertListState,
  type Grouping,
  type Standing,
} from '../state/alert-list-state.ts';
import { withList } from '../state/url-state.ts';
import type { View } from './model.ts';

const STANDING_NAMES: Readonly<Record<Standing, string>> = {
  unmuted: 'not muted',
  new: 'new',
  acknowledged: 'acknowledged',
  muted: 'muted',
  all: 'whatever state',
};

const GROUPING_NAMES: Readonly<Record<Grouping, string>> = { none: 'one list', class: 'by class', entity: 'by entity' };

const severityName = (severity: Severity): string =>
  severity === 'low' ? 'any severity' : severity === 'critical' ? 'critical' : `${severity} and up`;

const change = (view: View, list: Partial<AlertListState>): void => {
  view.actions.go(withList(view.model.state, list), { replace: true });
};

const choice = <T extends string>(
  label: string,
  values: readonly T[],
  chosen: T,
  name: (value: T) => string,
  choose: (value: T) => void,
): VNode =>
  h(
    'select',
    {
      'aria-label': label,
      onchange: (event) => {
        choose((event.target as HTMLSelectElement).value as T);
      },
    },
    values.map((value) => h('option', { value, selected: value === chosen }, name(value))),
  );

/** Whether anything is left out that would be shown by default. */
export function isNarrowed({ text, least, detector, standing }: AlertListState): boolean {
  return text !== '' || least !== WHOLE_LIST.least || detector !== null || standing !== WHOLE_LIST.standing;
}

export function alertFilter(view: View): VNode {
  const { list } = view.model.state;
  return h(
    'div',
    { class: 'alert-filter', role: 'search', 'aria-label': 'Alerts' },
    h('input', {
      type: 'search',
      value: list.text,
      placeholder: 'Filter: 10.0.0.7, scan, T1046 …',
      'aria-label': 'Filter the alerts by words',
      title: 'Filter (/)',
      maxlength: 200,
      spellcheck: 'false',
      oninput: (event) => {
        change(view, { text: (event.target as HTMLInputElement).value });
      },
    }),
    choice('Least severity', SEVERITIES, list.least, severityName, (least) => {
      change(view, { least });
    }),
    choice<DetectorName | ''>(
      'Class',
      ['', ...DETECTORS],
      list.detector ?? '',
      (name) => (name === '' ? 'any class' : name),
      (name) => {
        change(view, { detector: name === '' ? null : name });
      },
    ),
    choice(
      'State',
      STANDINGS,
      list.standing,
      (name) => STANDING_NAMES[name],
      (standing) => {
        change(view, { standing });
      },
    ),
    choice(
      'Grouping',
      GROUPINGS,
      list.grouping,
      (name) => GROUPING_NAMES[name],
      (grouping) => {
        change(view, { grouping });
      },
    ),
  );
}
