/** The packets of a host, a pair, a port or a protocol in the shown range: where a click on a name leads. */
import { h, type VNode } from '../dom/vnode.ts';
import { timeRange } from '../format/times.ts';
import type { PacketQuery } from '../state/url-state.ts';
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

export function packetsPanel(view: View, query: PacketQuery): VNode {
  const range = view.model.overview.value?.range;
  const when = range ? `${timeRange(range.fromUs, range.toUs)} UTC` : '';
  return panel(
    view,
    'packets',
    ['Packets of ', h('span', { class: 'panel-entity', title: queryText(query) }, queryText(query))],
    [h('p', { class: 'panel-when' }, when), packetTable(view)],
  );
}
