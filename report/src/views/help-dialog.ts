/** The keys and what the page shows, in a modal dialog that the browser traps focus in. */
import { h, type VNode } from '../dom/vnode.ts';
import type { View } from './model.ts';

const KEYS: readonly (readonly [string, string])[] = [
  ['?', 'this help'],
  ['1 … 5', 'the pages, in the order of their links'],
  ['a', 'go to the alerts; arrow keys or j and k move, Enter opens, o opens the page of the alert'],
  ['/', 'filter the alerts'],
  ['a n m u', 'on an alert, in the list or on its page: acknowledge, note, mute, undo'],
  ['t', 'go to the time line; arrow keys move the cursor'],
  ['Enter', 'on the time line: the indicators of the window under the cursor'],
  ['+ −', 'on the time line: zoom in and out around the cursor'],
  ['Shift ← →', 'on the time line: pan while zoomed'],
  ['0', 'the whole time, following the newest packets'],
  ['m', 'packets or bits'],
  ['Esc', 'close what is open'],
];

const NOTES: readonly string[] = [
  'Drag over the time line to zoom. The address of the page keeps everything you chose: copy it to share it.',
  'All times are event times, as the sensor captured them, in the time zone that is chosen beside the date; the packet filter takes times in UTC. Lengths are bytes on the wire.',
  'Hatched stretches are incomplete: packets are known to be missing there. Empty stretches are not scored yet. Zero is drawn only where the books vouch for it.',
  'Unexplained counts the packets that entered the sensor and that no counter behind it accounts for.',
];

/** Always in the document, so that opening it moves nothing. */
export function helpDialog(view: View): VNode {
  const close = (): void => {
    view.actions.showHelp(false);
  };
  return h(
    'dialog',
    { class: 'help', key: 'help', 'aria-labelledby': 'help-title', onclose: close },
    h(
      'header',
      { class: 'panel-head' },
      h('h2', { id: 'help-title' }, 'Keys and help'),
      h('button', { type: 'button', class: 'icon', 'aria-label': 'Close', onclick: close }, '×'),
    ),
    h(
      'dl',
      { class: 'keys' },
      KEYS.map(([key, meaning]) => [h('dt', {}, h('kbd', {}, key)), h('dd', {}, meaning)]).flat(),
    ),
    NOTES.map((note) => h('p', {}, note)),
  );
}
