/** Everything about one packet: what is stored of it, column by column, and its bytes where frames were kept. */
import { h, type Child, type VNode } from '../dom/vnode.ts';
import { whole } from '../format/numbers.ts';
import { hostHref } from '../state/links.ts';
import { hexDump } from './hex-dump.ts';
import type { View } from './model.ts';
import { pending } from './panel.ts';

const LINKED = ['source', 'destination', 'outerSource', 'outerDestination'];

/** Null while no packet is opened. */
export function packetPanel(view: View): VNode | null {
  const { detail: remote, state } = view.model;
  if (remote.address === null) return null;
  const { value } = remote;
  const title = value === null ? 'Packet' : `Packet ${whole(value.line.number)}`;
  const link = (name: string, text: string): Child => {
    const href = LINKED.includes(name) ? hostHref(state, text) : undefined;
    return href === undefined ? text : h('a', { href }, text);
  };
  return h(
    'section',
    { class: 'panel panel-packet', key: 'packet', tabindex: -1, 'aria-labelledby': 'packet-title' },
    h(
      'header',
      { class: 'panel-head' },
      h('h2', { id: 'packet-title' }, title),
      h('span', { class: 'panel-when' }, value === null ? '' : `of session ${value.line.session}`),
      h(
        'button',
        {
          type: 'button',
          class: 'icon close-packet',
          'aria-label': 'Close the packet',
          onclick: () => {
            view.actions.openPacket(null);
          },
        },
        '×',
      ),
    ),
    h(
      'div',
      { class: 'panel-body' },
      value === null
        ? pending(view, remote)
        : [
            ...hexDump(view),
            h('h3', {}, 'What is stored of it'),
            h(
              'dl',
              { class: 'packet-fields' },
              value.fields.map((field) =>
                h(
                  'div',
                  { key: field.name, title: field.meaning },
                  h('dt', {}, field.name),
                  h('dd', {}, link(field.name, field.value)),
                ),
              ),
            ),
          ],
    ),
  );
}
