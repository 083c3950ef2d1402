/**
 * Packets as lines of equal height of which only those in sight are in the document, however many there are. A grid with
 * one tab stop: arrow keys move, Enter opens what is stored of the packet.
 */
import type { PacketLine } from '@tapline/core/report/snapshot';
import { h, type Child, type VNode } from '../dom/vnode.ts';
import { whole } from '../format/numbers.ts';
import { inZone } from '../format/time-zone.ts';
import { exactTime } from '../format/times.ts';
import { hostHref } from '../state/links.ts';
import type { View } from './model.ts';
import { endpointText } from './packet-table.ts';

/** As high as styles/packets.css makes a row. */
const ROW_PX = 22;
const SHOWN_PX = 462;
const BESIDE = 12;

const headings = (): readonly (readonly [name: string, numeric: boolean])[] => [
  ['number', true],
  [inZone('time'), true],
  ['source', false],
  ['destination', false],
  ['protocol', false],
  ['flags', false],
  ['length', true],
  ['details', false],
];

/** Hosts are links for the pointer; by the keyboard they are reached in the opened packet. */
const end = (view: View, address: string, port: number | null): Child => {
  const href = hostHref(view.model.state, address);
  const text = endpointText(address, port);
  return href === undefined ? text : h('a', { href, tabindex: -1 }, text);
};

const row = (view: View, packet: PacketLine, index: number): VNode => {
  const active = view.model.activePacket === index;
  const cell = (numeric: boolean, ...children: Child[]): VNode =>
    h('td', { class: numeric ? 'numeric' : null }, children);
  return h(
    'tr',
    {
      key: `${packet.session}/${packet.number}`,
      id: `packet-${index}`,
      'aria-rowindex': index + 2,
      'aria-selected': String(active),
      class: [packet.quality.length > 0 ? 'odd-packet' : '', index % 2 === 0 ? '' : 'striped'].join(' ').trim() || null,
      onclick: (event) => {
        if ((event.target as Element).closest('a') === null) view.actions.openPacket(index);
      },
    },
    h('td', { class: 'numeric wide' }, whole(packet.number)),
    cell(true, exactTime(packet.timeUs, packet.timeNs)),
    cell(false, end(view, packet.source, packet.sourcePort)),
    cell(false, end(view, packet.destination, packet.destinationPort)),
    cell(false, packet.protocol),
    cell(false, packet.flags),
    cell(true, whole(packet.length)),
    cell(
      false,
      packet.info,
      packet.quality.length > 0 ? h('span', { class: 'tag tag-quality' }, packet.quality.join(' ')) : null,
    ),
  );
};

const spacer = (key: string, rows: number): Child =>
  rows <= 0
    ? null
    : h(
        'tr',
        { key, class: 'spacer', 'aria-hidden': 'true' },
        h('td', { colspan: headings().length, style: { height: `${rows * ROW_PX}px` } }),
      );

const STEPS: Readonly<Record<string, number>> = {
  ArrowDown: 1,
  ArrowUp: -1,
  PageDown: 20,
  PageUp: -20,
  Home: -Infinity,
  End: Infinity,
};

const onKey = (view: View, event: KeyboardEvent, count: number): void => {
  const { activePacket } = view.model;
  const step = STEPS[event.key];
  if (event.key === 'Enter' || event.key === ' ') {
    event.preventDefault();
    view.actions.openPacket(Math.max(0, activePacket));
    return;
  }
  if (step === undefined) return;
  event.preventDefault();
  const next = Math.min(count - 1, Math.max(0, activePacket + step));
  const scroll = (event.currentTarget as Element).closest('.packet-scroll')!;
  const [top, bottom] = [next * ROW_PX, (next + 2) * ROW_PX];
  if (top < scroll.scrollTop) scroll.scrollTop = top;
  else if (bottom > scroll.scrollTop + scroll.clientHeight) scroll.scrollTop = bottom - scroll.clientHeight + 8;
  view.actions.setActivePacket(next);
};

export function packetGrid(view: View, packets: readonly PacketLine[]): VNode {
  const { packetScroll, activePacket } = view.model;
  const first = Math.max(0, Math.floor(packetScroll / ROW_PX) - BESIDE);
  const last = Math.min(packets.length, Math.ceil((packetScroll + SHOWN_PX) / ROW_PX) + BESIDE);
  const isDrawn = activePacket >= first && activePacket < last;
  return h(
    'div',
    {
      class: 'table-scroll packet-scroll',
      onscroll: (event) => {
        view.actions.setPacketScroll((event.currentTarget as Element).scrollTop);
      },
    },
    h(
      'table',
      {
        class: 'packet-lines',
        role: 'grid',
        tabindex: 0,
        'aria-label': 'Packets. Arrow keys move, Enter opens a packet.',
        'aria-rowcount': packets.length + 1,
        'aria-activedescendant': isDrawn ? `packet-${activePacket}` : null,
        onkeydown: (event) => {
          onKey(view, event as KeyboardEvent, packets.length);
        },
      },
      h(
        'thead',
        {},
        h(
          'tr',
          { 'aria-rowindex': 1 },
          headings().map(([name, numeric], index) => {
            const classes = index === 0 ? 'numeric wide' : numeric ? 'numeric' : null;
            return h('th', { scope: 'col', class: classes }, name);
          }),
        ),
      ),
      h(
        'tbody',
        {},
        spacer('above', first),
        packets.slice(first, last).map((packet, index) => row(view, packet, first + index)),
        spacer('below', packets.length - last),
      ),
    ),
  );
}
