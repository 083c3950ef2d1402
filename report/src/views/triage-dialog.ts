/** Asks for the text of a note, or for the reason and the end of a mute. */
import { TRIAGE_TEXT_MOST } from '@tapline/core/triage/triage-entry';
import { h, type VNode } from '../dom/vnode.ts';
import type { TriageQuestion, View } from './model.ts';

const SPANS: readonly (readonly [string, number])[] = [
  ['8 hours', 8],
  ['a day', 24],
  ['a week', 7 * 24],
  ['four weeks', 28 * 24],
  ['half a year', 182 * 24],
];
const USUAL_HOURS = 7 * 24;

const submit = (view: View, { action, alertId }: TriageQuestion, event: Event): void => {
  event.preventDefault();
  const fields = new FormData(event.target as HTMLFormElement);
  const written = fields.get('text');
  const text = typeof written === 'string' ? written.replaceAll('\r\n', '\n').trim() : '';
  const untilUs = (Date.now() + Number(fields.get('hours')) * 3_600_000) * 1000;
  view.actions.triage(alertId, action === 'mute' ? { action, text, untilUs } : { action, text });
};

const howLong = (): VNode =>
  h(
    'label',
    {},
    'for ',
    h(
      'select',
      { name: 'hours' },
      SPANS.map(([name, hours]) => h('option', { value: hours, selected: hours === USUAL_HOURS }, name)),
    ),
  );

/** Always in the document, so that opening it moves nothing; its fields are new for each question. */
export function triageDialog(view: View): VNode {
  const { question } = view.model;
  const isMute = question?.action === 'mute';
  const close = (): void => {
    view.actions.showTriage(null);
  };
  return h(
    'dialog',
    { class: 'triage-dialog', key: 'triage-dialog', 'aria-labelledby': 'triage-dialog-title', onclose: close },
    question === null
      ? h('h2', { id: 'triage-dialog-title' }, 'Triage')
      : h(
          'form',
          {
            key: `${question.action} ${question.alertId}`,
            onsubmit: (event) => {
              submit(view, question, event);
            },
          },
          h('h2', { id: 'triage-dialog-title' }, isMute ? 'Mute this alert' : 'Note about this alert'),
          isMute
            ? h(
                'p',
                {},
                'It is left out of the list and stays countable. Nothing is deleted, and the next alert is shown again.',
              )
            : null,
          h(
            'label',
            { class: 'triage-field' },
            isMute ? 'Why?' : 'Note',
            h('textarea', {
              name: 'text',
              rows: isMute ? 2 : 4,
              required: true,
              maxlength: TRIAGE_TEXT_MOST,
              autofocus: true,
            }),
          ),
          isMute ? howLong() : null,
          h(
            'p',
            { class: 'panel-actions' },
            h('button', { type: 'submit', class: 'primary' }, isMute ? 'Mute' : 'Save note'),
            h('button', { type: 'button', onclick: close }, 'Cancel'),
          ),
        ),
  );
}

/** What was just done, with the way back; read out, and gone after a while. */
export function toast(view: View): VNode {
  const { said } = view.model;
  return h(
    'div',
    { class: 'toast', key: 'toast', role: 'status', 'aria-live': 'polite', hidden: said === null },
    said === null ? null : h('span', {}, said.text),
    said?.undo === undefined
      ? null
      : h(
          'button',
          {
            type: 'button',
            onclick: () => {
              view.actions.undoTriage();
            },
          },
          'Undo',
        ),
  );
}
