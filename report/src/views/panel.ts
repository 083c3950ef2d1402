/** The frame of the side panel: a title, a way to close it, and its loading and error states. */
import { h, type Child, type VNode } from '../dom/vnode.ts';
import { withPanel } from '../state/url-state.ts';
import { formatState } from '../state/url-state.ts';
import type { Remote, View } from './model.ts';

export function panel(view: View, name: string, title: readonly Child[], body: readonly Child[]): VNode {
  return h(
    'section',
    { class: `panel panel-${name}`, key: name, 'aria-labelledby': `panel-title-${name}` },
    h(
      'header',
      { class: 'panel-head' },
      h('h2', { id: `panel-title-${name}`, tabindex: -1 }, title),
      h(
        'a',
        {
          class: 'close',
          href: formatState(withPanel(view.model.state, {})),
          'aria-label': 'Close',
          title: 'Close (Esc)',
        },
        '×',
      ),
    ),
    h('div', { class: 'panel-body' }, body),
  );
}

/** What to show while something is not there: an error with a way to try again, or a quiet line. */
export function pending(view: View, remote: Remote<unknown>): VNode {
  if (remote.error === null) return h('p', { class: 'empty', 'aria-busy': 'true' }, 'Loading…');
  return h(
    'div',
    { class: 'notice', role: 'alert' },
    h('p', {}, remote.error),
    h(
      'button',
      {
        type: 'button',
        onclick: () => {
          view.actions.retry();
        },
      },
      'Try again',
    ),
  );
}
