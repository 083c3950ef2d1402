/** Which ports a host asked, and was asked for: where a scan is a line and a flood is a dot. */
import type { HostPorts, PortCell, PortRow } from '@tapline/core/report/host-ports';
import { portMapChart, rowName } from '../charts/port-map.ts';
import { h, type VNode } from '../dom/vnode.ts';
import { counted, short } from '../format/numbers.ts';
import { zonedTime } from '../format/times.ts';
import { hostHref, packetsHref } from '../state/links.ts';
import { figure, type Table } from './figure.ts';
import type { View } from './model.ts';
import { pending } from './panel.ts';
import { pointing, readOut } from './read-out.ts';

const NAME = 'host-ports';

const asTable = ({ rows, cells }: HostPorts): Table => ({
  columns: [
    { name: 'asked' },
    { name: 'lowest port', numeric: true },
    { name: 'highest port', numeric: true },
    { name: 'ports', numeric: true },
    { name: 'flows', numeric: true },
    { name: 'packets', numeric: true },
    { name: 'bytes', numeric: true },
  ],
  rows: cells.map(({ row, fromPort, toPort, ports, flows, packets, bytes }) => [
    rowName(rows[row]!),
    fromPort,
    toPort,
    ports,
    flows,
    packets,
    bytes,
  ]),
});

/** What the map is of, and what it is not. */
const standing = ({ readFromUs, truncated, flowsLeftOff, flowsWithoutPorts }: HostPorts): string =>
  [
    'Rows were asked, columns are the ports, a stronger colour is more: a scan is a line along, a sweep a line down, a flood one strong cell.',
    truncated && readFromUs !== null
      ? `Only from ${zonedTime(readFromUs)} on was read: zoom in for what was before.`
      : '',
    flowsLeftOff > 0 ? `${counted(flowsLeftOff, 'flow')} of crowded windows left off.` : '',
    flowsWithoutPorts > 0 ? `${counted(flowsWithoutPorts, 'flow')} without ports not shown.` : '',
  ]
    .filter((sentence) => sentence !== '')
    .join(' ');

export function hostPortsPanel(view: View, host: string): VNode {
  const { state, width, hostPorts } = view.model;
  const map = hostPorts.value?.host === host ? hostPorts.value : null;
  const measure = state.metric === 'packets' ? 'packets' : 'bytes';
  const cellHref = (row: PortRow, { fromPort, toPort }: PortCell): string | undefined => {
    const port = fromPort === toPort ? `port ${fromPort}` : `port ${fromPort}-${toPort}`;
    if (row.host === null) return packetsHref(state, `src ${host} and d${port}`);
    return packetsHref(
      state,
      row.host === host ? `host ${host} and ${port}` : `host ${host} and host ${row.host} and ${port}`,
    );
  };
  return figure(view, {
    name: NAME,
    title: 'Ports asked',
    picture: true,
    empty: map?.cells.length === 0 ? 'No flow with ports in this time.' : null,
    table: () => (map === null ? { columns: [], rows: [] } : asTable(map)),
    chart: () =>
      map === null
        ? [pending(view, hostPorts)]
        : [
            readOut(view, NAME, standing(map)),
            h(
              'div',
              { class: 'port-map-plot', ...pointing(view, NAME) },
              portMapChart(map, {
                width,
                measure,
                text: (value) => short(value, measure === 'packets' ? 'packets' : 'B'),
                rowHref: (row) => (row.host === null || row.host === host ? undefined : hostHref(state, row.host)),
                cellHref,
              }),
            ),
          ],
  });
}
