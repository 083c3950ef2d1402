/** The hosts of the shown time: those with alerts first, then the largest; and the way to any other by its address. */
import { parseAddress } from '@tapline/core/packet/address';
import type { HostLine } from '@tapline/core/report/host-report';
import { h, type Child, type VNode } from '../dom/vnode.ts';
import { counted, short, whole } from '../format/numbers.ts';
import { inZone, zoneName } from '../format/time-zone.ts';
import { clockTime, isoTime } from '../format/times.ts';
import { hostHref } from '../state/links.ts';
import { HOSTS_PER_PAGE } from '../state/questions.ts';
import { withPage } from '../state/url-state.ts';
import { figure, cellTable, type Table } from './figure.ts';
import type { View } from './model.ts';
import { pending } from './panel.ts';

const COLUMNS = [
  { name: 'host' },
  { name: 'alerts', numeric: true },
  { name: 'sent', numeric: true },
  { name: 'received', numeric: true },
  { name: 'first seen', numeric: true, wide: true },
  { name: 'last seen', numeric: true, wide: true },
];

const cells = (view: View, line: HostLine): Child[] => [
  h('a', { href: hostHref(view.model.state, line.host) ?? null }, line.host),
  line.alerts === 0 ? '' : h('strong', { class: 'alert-count' }, whole(line.alerts)),
  short(line.bytesSent, 'B'),
  short(line.bytesReceived, 'B'),
  line.firstUs === null ? '–' : clockTime(line.firstUs),
  line.lastUs === null ? '–' : clockTime(line.lastUs),
];

const csvTable = (hosts: readonly HostLine[]): Table => ({
  columns: [
    { name: 'host' },
    ...['alerts', 'bytes sent', 'bytes received', 'packets sent', 'packets received', 'windows'].map((name) => ({
      name,
      numeric: true,
    })),
    { name: inZone('first seen') },
    { name: inZone('last seen') },
  ],
  rows: hosts.map((line) => [
    line.host,
    line.alerts,
    line.bytesSent,
    line.bytesReceived,
    line.packetsSent,
    line.packetsReceived,
    line.windows,
    line.firstUs === null ? '' : isoTime(line.firstUs),
    line.lastUs === null ? '' : isoTime(line.lastUs),
  ]),
});

/** Any host, also one that is on no list. */
const finder = (view: View): VNode =>
  h(
    'form',
    {
      class: 'finder',
      role: 'search',
      onsubmit: (event) => {
        event.preventDefault();
        const input = (event.currentTarget as HTMLFormElement).querySelector('input')!;
        const address = input.value.trim();
        const known = parseAddress(address) !== undefined;
        input.setCustomValidity(known ? '' : 'An IP or MAC address, for example 192.0.2.1');
        if (known) view.actions.go(withPage(view.model.state, 'hosts', { subject: address }));
        else input.reportValidity();
      },
      oninput: (event) => {
        (event.target as HTMLInputElement).setCustomValidity('');
      },
    },
    h('input', {
      type: 'text',
      name: 'host',
      'aria-label': 'Address of a host',
      placeholder: 'address of a host',
      autocomplete: 'off',
      spellcheck: 'false',
      maxlength: 64,
    }),
    h('button', { type: 'submit' }, 'Go'),
  );

export function hostsPage(view: View): VNode[] {
  const { hosts, hostsShown } = view.model;
  const list = hosts.value;
  const rest = list === null ? 0 : list.total - list.hosts.length;
  return [
    figure(view, {
      name: 'hosts',
      title: 'Hosts',
      note: list === null ? '' : whole(list.total),
      controls: [finder(view)],
      empty: list?.total === 0 ? 'No host in this time.' : null,
      table: () => csvTable(list?.hosts ?? []),
      chart: () =>
        list === null
          ? [pending(view, hosts)]
          : [
              cellTable(
                COLUMNS,
                list.hosts.map((line) => cells(view, line)),
                'Hosts',
              ),
              h(
                'p',
                { class: 'hint' },
                `With alerts first, then by bytes. Sums over the 20 largest senders and receivers of each window, so lower bounds for the small ones. Times are in ${zoneName()}.`,
              ),
              rest > 0
                ? h(
                    'button',
                    {
                      type: 'button',
                      onclick: () => {
                        view.actions.showHosts(hostsShown + HOSTS_PER_PAGE);
                      },
                    },
                    `Show more of ${counted(rest, 'other')}`,
                  )
                : null,
            ],
    }),
  ];
}
