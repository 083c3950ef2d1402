/** Packets by a filter: the bar, what the search read, the same question as CQL, the packets, and everything about one. */
import type { SearchPage } from '@tapline/core/report/search-report';
import { h, type Child, type VNode } from '../dom/vnode.ts';
import { counted, whole } from '../format/numbers.ts';
import { UTC, zoneName } from '../format/time-zone.ts';
import { dateTime, zonedRange, zonedTime } from '../format/times.ts';
import { hostHref } from '../state/links.ts';
import { csv } from './figure.ts';
import { filterBar } from './filter-bar.ts';
import type { View } from './model.ts';
import { packetGrid } from './packet-grid.ts';
import { packetsAsTable } from './packet-table.ts';
import { pending } from './panel.ts';

/** What it cost, in what is read: batches are found by time, and each is a partition where Cassandra keeps them. */
const costText = ({ packets, scannedPackets, scannedBatches, next }: SearchPage, plan: SearchPage['plan']): string => {
  const found = `${counted(packets.length, 'packet')}${next === null ? '' : ' so far'}`;
  const read = `${counted(scannedPackets, 'row')} of ${counted(scannedBatches, 'batch', 'batches')} read for this page`;
  const all =
    plan === null ? '' : `; the whole time has ${whole(plan.packets)} in ${counted(plan.batches, 'partition')}`;
  return `${found}. ${read}${all}.`;
};

const cql = ({ cql: { statement, leftOut, minutesLeftOut } }: SearchPage): VNode =>
  h(
    'details',
    { class: 'search-cql', key: 'cql' },
    h('summary', {}, 'The same question in CQL'),
    h('pre', { tabindex: 0, 'aria-label': 'CQL statement' }, h('code', {}, statement)),
    leftOut.length === 0
      ? null
      : h('p', {}, `CQL cannot say: ${leftOut.join('; ')}. The statement finds these packets and others.`),
    minutesLeftOut === 0 ? null : h('p', {}, `Ask again for the ${counted(minutesLeftOut, 'minute')} after these.`),
    h(
      'p',
      {},
      'For table packets, which has a row per packet at modest rates only (docs/cql.md). This page reads the batches instead, which hold every packet: those of the time, by partition key, one by one.',
    ),
  );

const pager = (view: View, page: SearchPage): VNode => {
  const { trail } = view.model.search;
  const button = (text: string, enabled: boolean, next: readonly string[]): VNode =>
    h(
      'button',
      {
        type: 'button',
        disabled: !enabled,
        onclick: () => {
          view.actions.turnSearch(next);
        },
      },
      text,
    );
  return h(
    'div',
    { class: 'pager' },
    button('← Back', trail.length > 1, trail.slice(0, -1)),
    button('Next →', page.next !== null, [...trail, page.next ?? '']),
    h('span', { class: 'pager-note', role: 'status' }, costText(page, view.model.searchPlan)),
    h(
      'button',
      {
        type: 'button',
        disabled: page.packets.length === 0,
        onclick: () => {
          view.actions.save('tapline-packets.csv', csv(packetsAsTable(page.packets)));
        },
      },
      'CSV',
    ),
  );
};

const LINKED = ['source', 'destination', 'outerSource', 'outerDestination'];

const detail = (view: View): VNode | null => {
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
    { class: 'panel panel-packet', key: 'packet', 'aria-labelledby': 'packet-title' },
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
            h(
              'p',
              { class: 'hint' },
              'All that is stored of it: its headers in columns. The bytes themselves are in the flight record, if the sensor keeps one (tapline export).',
            ),
          ],
    ),
  );
};

const results = (view: View): Child[] => {
  const { page } = view.model.search;
  if (page.error !== null) return [pending(view, page)];
  if (page.value === null) return [h('p', { class: 'empty', 'aria-busy': 'true' }, 'Searching…')];
  const { packets, next, within } = page.value;
  const nothing =
    next === null
      ? `No packet matches between ${dateTime(within.fromUs)} and ${zonedTime(within.toUs)}.`
      : 'None among those read so far: the search goes on with Next.';
  return [
    pager(view, page.value),
    packets.length === 0 ? h('p', { class: 'empty' }, nothing) : packetGrid(view, packets),
    cql(page.value),
  ];
};

/** The filter takes one zone only, so that a search means the same to everybody. */
const utcNote = (): Child =>
  zoneName() === UTC
    ? null
    : h('p', { class: 'hint' }, `Times in the filter are UTC, those of the list ${zoneName()}.`);

export function packetsPage(view: View): (VNode | null)[] {
  const { page } = view.model.search;
  const when = page.value === null ? '' : zonedRange(page.value.within.fromUs, page.value.within.toUs);
  return [
    h(
      'section',
      { class: 'panel panel-search', key: 'search', 'aria-labelledby': 'search-title' },
      h(
        'header',
        { class: 'panel-head' },
        h('h2', { id: 'search-title' }, 'Packets'),
        h('span', { class: 'panel-when' }, when),
      ),
      h('div', { class: 'panel-body' }, filterBar(view), utcNote(), results(view)),
    ),
    detail(view),
  ];
}
