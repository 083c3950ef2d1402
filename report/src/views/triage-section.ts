/** What people did about the alert, and the buttons to do it. */
import type { Alert } from '@tapline/core/detect/alert';
import type { AlertTriage } from '@tapline/core/report/snapshot';
import type { TriageEntry } from '@tapline/core/triage/triage-entry';
import { h, type Child, type VNode } from '../dom/vnode.ts';
import { zoneName } from '../format/time-zone.ts';
import { dateTime, zonedTime } from '../format/times.ts';
import type { View } from './model.ts';

const button = (text: string, key: string, action: () => void): VNode =>
  h('button', { type: 'button', title: `${text} (${key})`, 'aria-keyshortcuts': key, onclick: action }, text);

/** Acknowledge, note and mute; what is done already is offered to be taken back. */
export function triageButtons(view: View, alert: Alert): Child[] {
  const { actions, model } = view;
  if (model.triage.value?.writable !== true) return [];
  const { acknowledged, muted } = model.triage.value;
  const undo =
    ({ id }: TriageEntry) =>
    (): void => {
      actions.triage(alert.id, { action: 'undo', text: '', undoes: id });
    };
  return [
    acknowledged === null
      ? button('Acknowledge', 'a', () => {
          actions.triage(alert.id, { action: 'acknowledge', text: '' });
        })
      : h('button', { type: 'button', onclick: undo(acknowledged) }, 'Take acknowledgement back'),
    button('Note', 'n', () => {
      actions.showTriage({ action: 'note', alertId: alert.id });
    }),
    muted === null
      ? button('Mute', 'm', () => {
          actions.showTriage({ action: 'mute', alertId: alert.id });
        })
      : h('button', { type: 'button', onclick: undo(muted) }, 'Unmute'),
  ];
}

const WORDS: Readonly<Record<TriageEntry['action'], string>> = {
  acknowledge: 'acknowledged',
  note: 'noted',
  mute: 'muted',
  undo: 'took back',
};

const what = (entry: TriageEntry, { entries }: AlertTriage): string => {
  const { action, untilUs, undoes } = entry;
  if (untilUs !== undefined) return `muted until ${zonedTime(untilUs)}`;
  if (undoes === undefined) return WORDS[action];
  const taken = entries.find(({ id }) => id === undoes);
  return taken === undefined ? WORDS[action] : `took back “${WORDS[taken.action]}” of ${dateTime(taken.atUs)}`;
};

const line = (view: View, alert: Alert, entry: TriageEntry, triage: AlertTriage): VNode => {
  const isUndone = triage.entries.some(({ undoes }) => undoes === entry.id);
  const isOpen = !isUndone && entry.action === 'note' && triage.writable;
  return h(
    'li',
    { key: entry.id, class: isUndone ? 'undone' : null },
    h(
      'p',
      { class: 'triage-what' },
      h('time', { datetime: new Date(entry.atUs / 1000).toISOString() }, dateTime(entry.atUs)),
      ` ${entry.by} ${what(entry, triage)}`,
      isUndone ? ' (taken back)' : '',
      isOpen
        ? h(
            'button',
            {
              type: 'button',
              class: 'small',
              'aria-label': `Take this note back: ${entry.text.slice(0, 60)}`,
              onclick: () => {
                view.actions.triage(alert.id, { action: 'undo', text: '', undoes: entry.id });
              },
            },
            'Undo',
          )
        : null,
    ),
    entry.text === '' ? null : h('p', { class: 'triage-text' }, entry.text),
  );
};

export function triageSection(view: View, alert: Alert): VNode {
  const { value, error } = view.model.triage;
  const empty =
    value === null
      ? (error ?? 'Loading…')
      : !value.writable && value.entries.length === 0
        ? 'This report keeps no triage.'
        : 'Nobody has done anything about it yet.';
  return h(
    'section',
    { class: 'figure figure-triage', key: 'triage', 'aria-labelledby': 'title-triage' },
    h(
      'header',
      { class: 'figure-head' },
      h('h2', { id: 'title-triage' }, 'Triage'),
      h('p', { class: 'figure-note' }, `times are of the clock on the wall, ${zoneName()}`),
    ),
    h(
      'div',
      { class: 'figure-body' },
      value === null || value.entries.length === 0
        ? h('p', { class: 'empty' }, empty)
        : h(
            'ol',
            { class: 'triage-list' },
            value.entries.toReversed().map((entry) => line(view, alert, entry, value)),
          ),
    ),
  );
}
