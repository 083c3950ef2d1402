/** Packets as lines a tcpdump reader knows, one page at a time, with the same rows as CSV. */
import type { PacketLine, PacketPage } from '@tapline/core/report/snapshot';
import { h, type Child, type VNode } from '../dom/vnode.ts';
import { counted, whole } from '../format/numbers.ts';
import { inZone } from '../format/time-zone.ts';
import { exactTime, isoTime } from '../format/times.ts';
import { hostHref } from '../state/links.ts';
import { csv, type Table } from './figure.ts';
import type { View } from './model.ts';
import { pending } from './panel.ts';

/** `192.0.2.1:443`, `[2001:db8::1]:443`, or the address alone. */
export const endpointText = (address: string, port: number | null): string => {
  if (port === null) return address === '' ? '–' : address;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
};

const hostLink = (view: View, address: string, port: number | null): VNode => {
  const href = hostHref(view.model.state, address);
  const text = endpointText(address, port);
  return h('td', { title: address }, href === undefined ? text : h('a', { href }, text));
};

const line = (view: View, packet: PacketLine): VNode =>
  h(
    'tr',
    { class: packet.quality.length > 0 ? 'odd-packet' : null },
    h('td', { class: 'numeric' }, whole(packet.number)),
    h('td', { class: 'numeric' }, exactTime(packet.timeUs, packet.timeNs)),
    hostLink(view, packet.source, packet.sourcePort),
    hostLink(view, packet.destination, packet.destinationPort),
    h('td', {}, packet.protocol),
    h('td', {}, packet.flags),
    h('td', { class: 'numeric' }, whole(packet.length)),
    h(
      'td',
      {},
      packet.info,
      packet.quality.length > 0 ? h('span', { class: 'tag tag-quality' }, packet.quality.join(' ')) : null,
    ),
  );

const headings = (): readonly (readonly [string, boolean])[] => [
  ['number', true],
  [inZone('time'), true],
  ['source', false],
  ['destination', false],
  ['protocol', false],
  ['flags', false],
  ['length', true],
  ['details', false],
];

/** The packets as a table, to save. */
export const packetsAsTable = (packets: readonly PacketLine[]): Table => ({
  columns: [{ name: 'session' }, ...headings().map(([name]) => ({ name })), { name: 'quality' }],
  rows: packets.map((packet) => [
    packet.session,
    packet.number,
    isoTime(packet.timeUs),
    endpointText(packet.source, packet.sourcePort),
    endpointText(packet.destination, packet.destinationPort),
    packet.protocol,
    packet.flags,
    packet.length,
    packet.info,
    packet.quality.join(' '),
  ]),
});

const button = (text: string, enabled: boolean, action: () => void): VNode =>
  h('button', { type: 'button', disabled: !enabled, onclick: action }, text);

const pager = (view: View, page: PacketPage): VNode => {
  const { actions, model } = view;
  const scanned = `${counted(page.packets.length, 'packet')} of ${whole(page.scannedPackets)} looked at`;
  return h(
    'div',
    { class: 'pager' },
    button('← Back', model.packets.trail.length > 1, actions.previousPackets),
    button('Next →', page.next !== null, actions.nextPackets),
    h('span', { class: 'pager-note', role: 'status' }, scanned),
    button('CSV', page.packets.length > 0, () => {
      actions.save('tapline-packets.csv', csv(packetsAsTable(page.packets)));
    }),
  );
};

/** The page of packets the model holds. */
export function packetTable(view: View): VNode {
  const { page } = view.model.packets;
  if (page.value === null) return h('div', { class: 'packets' }, pending(view, page));
  const { packets, next } = page.value;
  const nothing = next === null ? 'No packet matches.' : 'None on this page: the search goes on with Next.';
  const rows: Child =
    packets.length === 0
      ? h('p', { class: 'empty' }, nothing)
      : h(
          'div',
          { class: 'table-scroll packet-scroll', tabindex: 0, role: 'region', 'aria-label': 'Packets' },
          h(
            'table',
            { class: 'packet-lines' },
            h(
              'thead',
              {},
              h(
                'tr',
                {},
                headings().map(([name, numeric]) => h('th', { scope: 'col', class: numeric ? 'numeric' : null }, name)),
              ),
            ),
            h(
              'tbody',
              {},
              packets.map((packet) => line(view, packet)),
            ),
          ),
        );
  return h('div', { class: 'packets' }, pager(view, page.value), rows);
}
