/** The rule of the allow-list that would leave out this alert and all that are like it: for what is harmless for good. */
import type { Alert } from '@tapline/core/detect/alert';
import { h, type VNode } from '../dom/vnode.ts';
import { utcDay } from '../format/times.ts';
import type { View } from './model.ts';

const MONTH_US = 30 * 86_400e6;

/** Ends a month after the alert: whoever takes it decides. */
export function ruleOf(alert: Alert): string {
  const { detector, sensor, filter, entity, lastPacketUs } = alert;
  const port = filter.port === undefined ? {} : { port: filter.port };
  const until = utcDay(lastPacketUs + MONTH_US);
  return JSON.stringify(
    { detector, entity: filter.host ?? entity, ...port, sensor, reason: 'say why it is harmless', until },
    null,
    2,
  );
}

export function allowRule(view: View, alert: Alert): VNode {
  const text = ruleOf(alert);
  return h(
    'details',
    { class: 'figure allow-rule', key: 'allow-rule' },
    h('summary', {}, 'Harmless for good?'),
    h(
      'p',
      { class: 'hint' },
      'A mute hides this alert. A rule like this in the allow-list (--allow) also leaves out the next ones, until it ends:',
    ),
    h(
      'pre',
      { class: 'cql', tabindex: 0, role: 'region', 'aria-label': 'Rule of the allow-list' },
      h('code', {}, text),
    ),
    h(
      'button',
      {
        type: 'button',
        'aria-label': 'Copy the rule',
        onclick: () => {
          view.actions.copy(text);
        },
      },
      view.model.copied === text ? 'Copied' : 'Copy',
    ),
  );
}
