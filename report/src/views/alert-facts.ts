/** What is known of an alert beside its reasons: when, how sure, which technique, which detector; for its panel and its page. */
import type { Alert } from '@tapline/core/detect/alert';
import { barList } from '../charts/bar-list.ts';
import { h, type Child, type VNode } from '../dom/vnode.ts';
import { counted, measured, percent } from '../format/numbers.ts';
import { duration, timeRange, zonedTime } from '../format/times.ts';
import { hostHref } from '../state/links.ts';
import { openAlert } from '../state/url-state.ts';
import type { View } from './model.ts';

/** The open alert: as it was fetched, else as the list has it. */
export function openedAlert({ model }: View): Alert | undefined {
  const id = openAlert(model.state);
  const fetched = model.alert.value?.alert;
  return fetched?.id === id ? fetched : model.overview.value?.alerts.find((alert) => alert.id === id);
}

const fact = (name: string, value: Child | readonly Child[]): Child[] => [h('dt', {}, name), h('dd', {}, value)];

/** A link that is only followed when somebody clicks it, and that tells the other side nothing of this page. */
const techniqueLink = (id: string): Child =>
  /^T\d{4}(?:\.\d{3})?$/u.test(id)
    ? h(
        'a',
        {
          href: `https://attack.mitre.org/techniques/${id.replace('.', '/')}/`,
          target: '_blank',
          rel: 'noopener noreferrer external',
          title: 'MITRE ATT&CK; leaves this page',
        },
        id,
      )
    : id;

const techniques = ({ attack }: Alert): Child[] =>
  attack.length === 0 ? ['–'] : attack.flatMap((id, index) => [index === 0 ? null : ', ', techniqueLink(id)]);

/** How far the data behind the alert can be trusted, and why no further. */
const trust = ({ quality: { confidence, doubts } }: Alert): Child[] =>
  doubts.length === 0
    ? ['nothing is known to be missing']
    : [
        `confidence ${percent(confidence)}, because`,
        h(
          'ul',
          {},
          doubts.map(({ text }) => h('li', {}, text)),
        ),
      ];

export function alertFacts(alert: Alert): VNode {
  return h(
    'dl',
    { class: 'facts' },
    fact('When', `${zonedTime(alert.firstPacketUs)} for ${duration(alert.lastPacketUs - alert.firstPacketUs)}`),
    fact('Windows', `${counted(alert.windows, 'window')}, ${timeRange(alert.windowStartUs, alert.windowEndUs)}`),
    fact('Score', percent(alert.score)),
    fact('Data', trust(alert)),
    fact('ATT&CK', techniques(alert)),
    fact('Detector', `${alert.detector} v${alert.detectorVersion}, thresholds ${alert.config}`),
    fact('Sensor', alert.sensor),
  );
}

/** Who stands behind it, the largest first; hosts lead to their pages. */
export function contributorList(view: View, { contributors }: Alert): VNode {
  return barList(
    contributors.map(({ key, value, unit }) => {
      const href = hostHref(view.model.state, key);
      return { key, value, text: measured(value, unit), ...(href === undefined ? {} : { href }) };
    }),
  );
}
