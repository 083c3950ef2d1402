/** The packets behind the open alert, or of the host, pair, port or service that was clicked, over the page's whole width. */
import { h, type VNode } from '../dom/vnode.ts';
import { zonedRange } from '../format/times.ts';
import { openAlert, type PacketQuery } from '../state/url-state.ts';
import type { View } from './model.ts';
import { packetTable } from './packet-table.ts';
import { panel } from './panel.ts';

/** The query in words: `host 10.0.0.1 and 10.0.0.2, port 443, tcp`. */
export function queryText(query: PacketQuery): string {
  const parts = [
    query.host === null ? '' : query.peer === null ? `host ${query.host}` : `${query.host} and ${query.peer}`,
    query.port === null ? '' : `port ${query.port}`,
    query.protocol ?? '',
  ];
  return parts.filter((part) => part !== '').join(', ');
}

/** Null when nothing is chosen whose packets could be shown. */
export function packetsPanel(view: View): VNode | null {
  const { query } = view.model.state;
  if (openAlert(view.model.state) !== null) {
    const title = h('h2', { id: 'panel-title-packets' }, 'Packets behind the alert');
    const head = h('header', { class: 'panel-head' }, title);
    const body = h('div', { class: 'panel-body' }, packetTable(view));
    return h(
      'section',
      { class: 'panel panel-packets', key: 'alert-packets', 'aria-labelledby': 'panel-title-packets' },
      head,
      body,
    );
  }
  if (query === null) return null;
  const range = view.model.overview.value?.range;
  const when = range ? zonedRange(range.fromUs, range.toUs) : '';
  const text = queryText(query);
  const title = [
    'Packets of ',
    h('span', { class: 'panel-entity', title: text }, text),
    h('span', { class: 'panel-when' }, when),
  ];
  return panel(view, 'packets', title, [packetTable(view)]);
}
