/** The choice of the time zone that the page writes its times in. */
import { h, type VNode } from '../dom/vnode.ts';
import { LOCAL, localZone, UTC, zoneNames } from '../format/time-zone.ts';
import type { View } from './model.ts';

const option = (value: string, text: string, chosen: string): VNode =>
  h('option', { key: value, value, selected: value === chosen }, text);

/** Hundreds of them, so made once for each choice: `patch` passes over what it has seen. */
let made: { readonly chosen: string; readonly options: readonly VNode[] } | null = null;

const options = (chosen: string): readonly VNode[] => {
  if (made?.chosen === chosen) return made.options;
  const names = zoneNames().filter((name) => name !== UTC);
  // A link may name a zone by another of its names than the list has.
  const known = [UTC, LOCAL, ...names].includes(chosen) ? names : [chosen, ...names];
  made = {
    chosen,
    options: [
      option(UTC, UTC, chosen),
      option(LOCAL, `Local: ${localZone()}`, chosen),
      h(
        'optgroup',
        { label: 'All time zones' },
        known.map((name) => option(name, name, chosen)),
      ),
    ],
  };
  return made.options;
};

export function zoneChoice(view: View): VNode {
  const { state } = view.model;
  return h(
    'select',
    {
      class: 'zone',
      'aria-label': 'Time zone',
      title: 'Time zone of all times on the page',
      value: state.zone,
      onchange: (event) => {
        view.actions.go({ ...state, zone: (event.target as HTMLSelectElement).value }, { replace: true });
      },
    },
    options(state.zone),
  );
}
