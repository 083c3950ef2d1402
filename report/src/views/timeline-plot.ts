/** What a chart on the time axis of the page stands in: it takes the pointer and the keys, and says which there are. */
import { h, type VNode } from '../dom/vnode.ts';
import type { View } from './model.ts';
import { timelineInput, type TimelineGeometry } from './timeline-input.ts';

/** @param what the chart shows, as the beginning of a sentence: `Traffic` */
export function timelinePlot(view: View, geometry: TimelineGeometry, what: string, chart: VNode): VNode {
  return h(
    'div',
    {
      class: 'timeline-plot',
      tabindex: 0,
      role: 'group',
      'aria-roledescription': 'time line',
      'aria-label': `${what} over time. Arrow keys move the cursor, plus and minus zoom, Enter opens the window under the cursor.`,
      ...timelineInput(view, geometry),
    },
    chart,
  );
}
