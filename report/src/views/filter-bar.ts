/** The filter bar: a combobox that completes the words of docs/query.md, and marks what it does not understand. */
import { completions, type Completions, type KnownValues } from '@tapline/core/query/complete';
import { parseQuery, type QueryError } from '@tapline/core/query/parse-query';
import { dayStartUs } from '@tapline/core/query/query-time';
import { h, type Child, type VNode } from '../dom/vnode.ts';
import { utcClock } from '../format/times.ts';
import { serviceName } from '../format/services.ts';
import { withPage } from '../state/url-state.ts';
import type { Draft, View } from './model.ts';

const MINUTE_US = 60_000_000;
const LIST_ID = 'filter-choices';

/** What the overview knows that is worth offering. */
export function knownValues(view: View): KnownValues {
  const overview = view.model.overview.value;
  if (overview === null) return { hosts: [], ports: [], alerts: [], times: [] };
  const { tops, alerts } = overview;
  const keys = [...tops.sources, ...tops.destinations].map(({ key }) => key).filter((key) => key !== 'other');
  const ports = tops.services.flatMap(({ key }) => {
    const port = Number(key.split('/')[1]);
    return Number.isInteger(port) ? [{ port, name: serviceName(key) || key }] : [];
  });
  return {
    hosts: [...new Set(keys)],
    ports: [...new Map(ports.map((entry) => [entry.port, entry])).values()],
    alerts: alerts.map(({ id, detector, entity }) => ({ id, name: `${detector} ${entity}` })),
    times: alerts.slice(0, 8).map(({ firstPacketUs, lastPacketUs, detector, entity }) => ({
      text: `${utcClock(firstPacketUs)}..${utcClock(Math.ceil(lastPacketUs / MINUTE_US) * MINUTE_US)}`,
      name: `${detector} ${entity}`,
    })),
  };
}

/** The draft while somebody types, else what the address says. */
export function draftOf({ model }: View): Draft {
  const text = model.state.filter ?? '';
  return model.draft ?? { text, caret: text.length, open: false, choice: -1 };
}

function mistakeIn(view: View, text: string): QueryError | null {
  const range = view.model.state.range ?? view.model.overview.value?.range;
  const parsed = parseQuery(text, dayStartUs(range?.fromUs ?? 0));
  return 'error' in parsed ? parsed.error : null;
}

const typed = (view: View, input: HTMLInputElement, open: boolean): void => {
  view.actions.setDraft({ text: input.value, caret: input.selectionStart ?? input.value.length, open, choice: -1 });
};

const choose = (view: View, input: HTMLInputElement, offered: Completions, index: number): void => {
  const choice = offered.choices[index];
  if (choice === undefined) return;
  const head = `${input.value.slice(0, offered.fromAt)}${choice.text} `;
  input.value = head + input.value.slice(offered.toAt).trimStart();
  input.setSelectionRange(head.length, head.length);
  input.focus();
  typed(view, input, true);
};

const onKey = (view: View, event: KeyboardEvent, draft: Draft, offered: Completions): void => {
  const input = event.currentTarget as HTMLInputElement;
  const { length } = offered.choices;
  const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
  if (step !== 0 && length > 0) {
    event.preventDefault();
    const from = draft.open ? draft.choice : -1;
    view.actions.setDraft({
      ...draft,
      open: true,
      choice: (from + step + length + (from === -1 && step === -1 ? 1 : 0)) % length,
    });
  } else if (event.key === 'Enter' && draft.open && draft.choice >= 0) {
    event.preventDefault();
    choose(view, input, offered, draft.choice);
  } else if (event.key === 'Escape' && draft.open) {
    event.preventDefault();
    event.stopPropagation();
    view.actions.setDraft({ ...draft, open: false, choice: -1 });
  }
};

const list = (view: View, draft: Draft, offered: Completions): VNode =>
  h(
    'ul',
    { class: 'choices', id: LIST_ID, role: 'listbox', 'aria-label': 'Completions' },
    offered.choices.map(({ text, meaning }, index) =>
      h(
        'li',
        {
          key: text,
          id: `${LIST_ID}-${index}`,
          role: 'option',
          'aria-selected': String(index === draft.choice),
          // Before the blur that would close the list.
          onpointerdown: (event) => {
            event.preventDefault();
            const input = (event.currentTarget as Element).closest('form')!.querySelector('input')!;
            choose(view, input, offered, index);
          },
        },
        h('span', { class: 'choice-text' }, text),
        h('span', { class: 'choice-meaning' }, meaning),
      ),
    ),
  );

/** The text again with what is wrong in it marked, and why. */
const mistake = (text: string, error: QueryError): Child => {
  const end = Math.max(error.toAt, error.fromAt + 1);
  return h(
    'p',
    { class: 'mistake', id: 'filter-mistake', role: 'status' },
    h('code', {}, text.slice(0, error.fromAt), h('mark', {}, text.slice(error.fromAt, end) || '⎵'), text.slice(end)),
    ` ${error.message}`,
  );
};

export function filterBar(view: View): VNode {
  const draft = draftOf(view);
  const offered = completions(draft.text, draft.caret, knownValues(view));
  const isOpen = draft.open && offered.choices.length > 0;
  const error = mistakeIn(view, draft.text);
  // What is being completed is not wrong yet.
  const shownError = isOpen && error !== null && error.toAt >= draft.caret ? null : error;
  return h(
    'form',
    {
      class: 'filter-bar',
      role: 'search',
      'aria-label': 'Packets',
      onsubmit: (event) => {
        event.preventDefault();
        // What stands there now, which may be newer than what was drawn last.
        const { value: text } = (event.currentTarget as Element).querySelector('input')!;
        if (mistakeIn(view, text) !== null) {
          view.actions.setDraft({ text, caret: text.length, open: false, choice: -1 });
          return;
        }
        view.actions.go(withPage(view.model.state, 'packets', { filter: text.trim() || null }));
        view.actions.setDraft(null);
      },
    },
    h('input', {
      type: 'text',
      role: 'combobox',
      class: 'filter-input',
      value: draft.text,
      'aria-label': 'Filter',
      'aria-expanded': String(isOpen),
      'aria-controls': LIST_ID,
      'aria-autocomplete': 'list',
      'aria-activedescendant': isOpen && draft.choice >= 0 ? `${LIST_ID}-${draft.choice}` : null,
      'aria-invalid': shownError === null ? null : 'true',
      'aria-describedby': shownError === null ? null : 'filter-mistake',
      placeholder: 'every packet of the shown time; for example host 192.0.2.1 and port 443',
      autocomplete: 'off',
      autocapitalize: 'off',
      spellcheck: 'false',
      maxlength: 1000,
      oninput: (event) => {
        typed(view, event.currentTarget as HTMLInputElement, true);
      },
      onclick: (event) => {
        typed(view, event.currentTarget as HTMLInputElement, true);
      },
      onblur: () => {
        if (view.model.draft?.open === true) view.actions.setDraft({ ...view.model.draft, open: false, choice: -1 });
      },
      onkeydown: (event) => {
        onKey(view, event as KeyboardEvent, draft, offered);
      },
    }),
    h('button', { type: 'submit' }, 'Search'),
    isOpen
      ? list(view, draft, offered)
      : h('ul', { class: 'choices', id: LIST_ID, role: 'listbox', 'aria-label': 'Completions', hidden: true }),
    shownError === null ? null : mistake(draft.text, shownError),
  );
}
