/** The flows of a host, newest windows first; earlier ones one button away. */
import type { FlowLine } from '@tapline/core/report/snapshot';
import { h, type Child, type VNode } from '../dom/vnode.ts';
import { counted, short } from '../format/numbers.ts';
import { inZone } from '../format/time-zone.ts';
import { clockTime, duration, isoTime, zonedTime } from '../format/times.ts';
import { hostHref } from '../state/links.ts';
import { figure, cellTable, type Table } from './figure.ts';
import type { View } from './model.ts';
import { pending } from './panel.ts';

const end = (address: string, port: number): string => {
  if (port === 0) return address;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
};

const COLUMNS = [
  { name: 'started' },
  { name: 'from' },
  { name: 'to' },
  { name: 'protocol' },
  { name: 'for', numeric: true },
  { name: 'bytes →', numeric: true },
  { name: '← bytes', numeric: true },
];

const link = (view: View, address: string, port: number): Child => {
  const href = hostHref(view.model.state, address);
  const text = end(address, port);
  return href === undefined ? text : h('a', { href }, text);
};

const cells = (view: View, flow: FlowLine): Child[] => [
  clockTime(flow.firstUs),
  link(view, flow.source, flow.sourcePort),
  link(view, flow.destination, flow.destinationPort),
  flow.protocol,
  duration(flow.lastUs - flow.firstUs),
  short(flow.bytesForward, 'B'),
  short(flow.bytesReverse, 'B'),
];

const csvTable = (flows: readonly FlowLine[]): Table => ({
  columns: [
    'session',
    'flow',
    inZone('first packet'),
    inZone('last packet'),
    'source',
    'source port',
    'destination',
    'destination port',
    'protocol',
    'packets forward',
    'packets reverse',
    'bytes forward',
    'bytes reverse',
  ].map((name) => ({ name })),
  rows: flows.map((flow) => [
    flow.session,
    flow.flow,
    isoTime(flow.firstUs),
    isoTime(flow.lastUs),
    flow.source,
    flow.sourcePort,
    flow.destination,
    flow.destinationPort,
    flow.protocol,
    flow.packetsForward,
    flow.packetsReverse,
    flow.bytesForward,
    flow.bytesReverse,
  ]),
});

export function hostFlowsPanel(view: View): VNode {
  const { page, trail } = view.model.hostFlows;
  const answer = page.value;
  const button = (text: string, enabled: boolean, trails: readonly string[]): VNode =>
    h(
      'button',
      {
        type: 'button',
        disabled: !enabled,
        onclick: () => {
          view.actions.turnHostFlows(trails);
        },
      },
      text,
    );
  const note =
    answer?.readFromUs == null
      ? ''
      : `${counted(answer.flows.length, 'flow')} from ${zonedTime(answer.readFromUs)} on` +
        (answer.leftOff > 0 ? `, ${counted(answer.leftOff, 'smaller one')} left off` : '');
  return figure(view, {
    name: 'host-flows',
    title: 'Flows',
    note: 'newest windows first, largest flows first',
    empty: answer?.flows.length === 0 ? 'No flow in this time.' : null,
    table: () => csvTable(answer?.flows ?? []),
    chart: () =>
      answer === null
        ? [pending(view, page)]
        : [
            h(
              'div',
              { class: 'pager' },
              button('← Later', trail.length > 1, trail.slice(0, -1)),
              button('Earlier →', answer.next !== null, [...trail, answer.next ?? '']),
              h('span', { class: 'pager-note', role: 'status' }, note),
            ),
            cellTable(
              COLUMNS,
              answer.flows.map((flow) => cells(view, flow)),
              'Flows of the host',
            ),
          ],
  });
}
