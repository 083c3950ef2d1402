/** The controls that every chart over time has: what is measured, and the way back to the whole time. */
import { h, type Child, type VNode } from '../dom/vnode.ts';
import { METRICS } from '../state/url-state.ts';
import type { View } from './model.ts';

export function metricSwitch(view: View): VNode {
  return h(
    'div',
    { class: 'switch', role: 'group', 'aria-label': 'Measure' },
    METRICS.map((metric) =>
      h(
        'button',
        {
          type: 'button',
          'aria-pressed': String(view.model.state.metric === metric),
          onclick: () => {
            view.actions.go({ ...view.model.state, metric }, { replace: true });
          },
        },
        metric === 'packets' ? 'packets/s' : 'bits/s',
      ),
    ),
  );
}

export function zoomOut(view: View): Child {
  return h(
    'button',
    {
      type: 'button',
      class: 'zoom-out',
      title: 'Show the whole time (0)',
      'aria-label': 'All: show the whole time',
      disabled: view.model.state.range === null,
      onclick: () => {
        view.actions.go({ ...view.model.state, range: null });
      },
    },
    'All',
  );
}
