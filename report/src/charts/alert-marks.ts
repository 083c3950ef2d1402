/** Alerts as bars above a chart over time, each a link, on the axis they share. */
import type { Alert } from '@tapline/core/detect/alert';
import { h, type Child } from '../dom/vnode.ts';
import { alertLanes, type AlertLanes } from './alert-lanes.ts';
import { band, pixel, type TimelineFrame } from './time-frame.ts';

export interface MarkedAlerts {
  readonly alerts: readonly Alert[];
  readonly selectedAlert: string | null;
  readonly alertHref: (id: string) => string;
}

const LANE = 19;
const BAR = 9;
/** From a bar's label beside it to the same beneath it: closer than a lane, so that it is seen to belong. */
const LABEL_BELOW = 14;
const LANES_MOST = 6;
const LANES_LEAST = 2;

/** The lanes of some alerts, and where the plot beneath them begins. */
export function lanesAbove(
  alerts: readonly Alert[],
  frame: Omit<TimelineFrame, 'top'>,
): { readonly lanes: AlertLanes; readonly frame: TimelineFrame } {
  const lanes = alertLanes(alerts, frame.x, { ...frame, lanes: LANES_MOST, minimum: 7 });
  return { lanes, frame: { ...frame, top: 10 + Math.max(LANES_LEAST, lanes.lanes) * LANE } };
}

/** How many alerts found no lane. */
export function leftOffText(lanes: AlertLanes, frame: TimelineFrame): Child {
  if (lanes.leftOff === 0) return null;
  const text = `+${lanes.leftOff} more in the list`;
  return h('text', { class: 'left-off', x: frame.right, y: 12, 'text-anchor': 'end' }, text);
}

export function alertMarks(lanes: AlertLanes, data: MarkedAlerts): Child[] {
  return lanes.marks.map((mark) => {
    const { alert } = mark;
    const chosen = alert.id === data.selectedAlert;
    const y = 4 + mark.lane * LANE;
    return h(
      'a',
      {
        key: alert.id,
        class: `mark severity-${alert.severity}${chosen ? ' chosen' : ''}${alert.state === 'withdrawn' ? ' withdrawn' : ''}`,
        href: data.alertHref(alert.id),
        tabindex: -1,
        'aria-label': `${alert.severity} ${alert.detector} ${alert.entity}`,
      },
      h('title', {}, `${alert.severity}: ${alert.summary}`),
      h('rect', {
        class: 'mark-hit',
        x: pixel(mark.left - 3),
        y: y - 4,
        width: pixel(mark.right - mark.left + 6),
        height: LANE,
      }),
      h('rect', {
        class: 'mark-bar',
        x: pixel(mark.left),
        y,
        width: pixel(mark.right - mark.left),
        height: BAR,
        rx: 2,
      }),
      h(
        'text',
        {
          x: pixel(mark.labelX),
          y: y + BAR - 0.5 + (mark.labelAt === 'below' ? LABEL_BELOW : 0),
          'text-anchor': mark.labelAt === 'before' ? 'end' : 'start',
        },
        mark.label,
      ),
    );
  });
}

/** The chosen alert's time, behind the traffic. */
export function chosenSpan(data: MarkedAlerts, frame: TimelineFrame): Child {
  const alert = data.alerts.find(({ id }) => id === data.selectedAlert);
  if (alert === undefined) return null;
  return band({ fromUs: alert.windowStartUs, toUs: alert.windowEndUs }, `mark-span severity-${alert.severity}`, frame);
}
