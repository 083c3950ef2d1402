/** One host: what it sent and received, with whom, on which services, what is said about it, and its flows. */
import type { Alert } from '@tapline/core/detect/alert';
import type { TopEntry } from '@tapline/core/kpi/kpi-row';
import type { HostReport } from '@tapline/core/report/host-report';
import { barList } from '../charts/bar-list.ts';
import { severityMark } from '../charts/severity-mark.ts';
import { h, type Child, type VNode } from '../dom/vnode.ts';
import { percent, short, whole } from '../format/numbers.ts';
import { serviceName } from '../format/services.ts';
import { inZone } from '../format/time-zone.ts';
import { dateTime, timeRange, zonedTime } from '../format/times.ts';
import { hostHref, packetsHref } from '../state/links.ts';
import { formatState, withPage, withPanel } from '../state/url-state.ts';
import { figure, type Table } from './figure.ts';
import { hostFlowsPanel } from './host-flows-panel.ts';
import { hostPortsPanel } from './host-ports-panel.ts';
import { hostTrafficPanel } from './host-traffic-panel.ts';
import type { View } from './model.ts';
import { pending } from './panel.ts';
import { tile } from './tiles.ts';

/** Rows of a ranked list; its table has all. */
const SHOWN_MOST = 10;

const tiles = ({ totals }: HostReport): VNode =>
  h(
    'dl',
    { class: 'tiles' },
    tile('Sent', short(totals.bytesSent, 'B'), `${short(totals.packetsSent)} packets`),
    tile('Received', short(totals.bytesReceived, 'B'), `${short(totals.packetsReceived)} packets`),
    tile('Peers', whole(totals.peersMost), 'most in one window'),
    tile('Ports contacted', whole(totals.portsContactedMost), 'most in one window'),
    tile('Flows', whole(totals.flowsMost), 'most in one window'),
    tile('Windows', whole(totals.windows), 'in which it was seen'),
  );

const seen = (report: HostReport): string => {
  if (report.firstSeenUs === null || report.lastSeenUs === null) return 'not among the hosts that are kept';
  return `first seen ${dateTime(report.firstSeenUs)}, last seen ${zonedTime(report.lastSeenUs + report.windowUs)}`;
};

const head = (view: View, host: string, report: HostReport | null): VNode =>
  h(
    'section',
    { class: 'panel page-head', key: 'head', 'aria-labelledby': 'host-title' },
    h(
      'header',
      { class: 'panel-head' },
      h('h2', { id: 'host-title' }, 'Host ', h('span', { class: 'host-name' }, host)),
      h('span', { class: 'panel-when' }, report === null ? '' : seen(report)),
      h(
        'span',
        { class: 'figure-tools' },
        h('a', { class: 'button', href: packetsHref(view.model.state, `host ${host}`) }, 'Its packets'),
        h('a', { class: 'button', href: formatState(withPage(view.model.state, 'hosts')) }, 'All hosts'),
      ),
    ),
    h('div', { class: 'panel-body' }, report === null ? pending(view, view.model.host) : body(view, report)),
  );

const body = (view: View, report: HostReport): Child[] => {
  if (report.totals.windows > 0) return [tiles(report), readNote(report)];
  const elsewhere = report.firstSeenUs === null ? '' : ' It was there at other times.';
  return [
    h(
      'p',
      { class: 'empty' },
      `Nothing is kept of this host in this time.${elsewhere} Of each window the 100 hosts with the most bytes and the 100 with the most flows are kept; the packets of all others are there, too: `,
      h('a', { href: packetsHref(view.model.state, `host ${report.host}`) }, 'look for them'),
      '.',
    ),
  ];
};

const readNote = ({ range, read }: HostReport): Child =>
  read.fromUs === range.fromUs
    ? null
    : h('p', { class: 'hint' }, `Only from ${zonedTime(read.fromUs)} on was read: zoom in for what was before.`);

const table = (name: string, entries: readonly TopEntry[]): Table => ({
  columns: [{ name }, { name: 'packets', numeric: true }, { name: 'bytes', numeric: true }],
  rows: entries.map(({ key, packets, bytes }) => [key, packets, bytes]),
});

const ranked = (
  view: View,
  report: HostReport,
  entries: readonly TopEntry[],
  options: {
    readonly name: string;
    readonly title: string;
    readonly href: (key: string) => string | undefined;
    readonly note?: (key: string) => string;
  },
): VNode => {
  const total = Math.max(1, report.totals.bytesSent + report.totals.bytesReceived);
  return figure(view, {
    name: options.name,
    title: options.title,
    note: 'by bytes',
    empty: entries.length === 0 ? 'Nothing in this range.' : null,
    table: () => table(options.title.toLowerCase(), entries),
    chart: () => [
      barList(
        entries.slice(0, SHOWN_MOST).map(({ key, bytes }) => {
          const href = options.href(key);
          return {
            key,
            value: bytes,
            text: `${short(bytes, 'B')} · ${percent(Math.min(1, bytes / total))}`,
            note: options.note?.(key) ?? '',
            ...(href === undefined ? {} : { href }),
          };
        }),
      ),
    ],
  });
};

/** `tcp/443` as a filter: `tcp and port 443`. */
export function serviceFilter(key: string): string {
  const [protocol = '', port] = key.split('/');
  return port === undefined ? `proto ${protocol}` : `proto ${protocol} and port ${port}`;
}

const alertRow = (view: View, alert: Alert): VNode =>
  h(
    'li',
    { key: alert.id },
    h(
      'a',
      {
        class: `host-alert severity-${alert.severity}${alert.state === 'withdrawn' ? ' withdrawn' : ''}`,
        href: formatState(withPanel(view.model.state, { alert: alert.id })),
      },
      h('span', { class: 'alert-severity' }, severityMark(alert.severity), h('span', {}, alert.severity)),
      h('span', { class: 'alert-detector' }, alert.detector),
      h('span', { class: 'alert-when' }, timeRange(alert.firstPacketUs, alert.lastPacketUs)),
      h('span', { class: 'host-alert-text' }, alert.summary),
    ),
  );

const alerts = (view: View, report: HostReport): VNode =>
  figure(view, {
    name: 'host-alerts',
    title: 'Alerts',
    note: report.alerts.length === 0 ? 'none' : 'about it, or naming it',
    empty: report.alerts.length === 0 ? 'No alert names this host in this time.' : null,
    table: () => ({
      columns: ['severity', 'detector', 'entity', inZone('from'), inZone('to'), 'summary'].map((name) => ({ name })),
      rows: report.alerts.map(({ severity, detector, entity, firstPacketUs, lastPacketUs, summary }) => [
        severity,
        detector,
        entity,
        dateTime(firstPacketUs),
        dateTime(lastPacketUs),
        summary,
      ]),
    }),
    chart: () => [
      h(
        'ol',
        { class: 'host-alerts' },
        report.alerts.map((alert) => alertRow(view, alert)),
      ),
    ],
  });

export function hostPage(view: View, host: string): VNode[] {
  const report = view.model.host.value?.host === host ? view.model.host.value : null;
  const first = [head(view, host, report), hostTrafficPanel(view, report)];
  if (report === null) return first;
  const { state } = view.model;
  const both = (filter: string): string => packetsHref(state, `host ${host} and ${filter}`);
  return [
    ...first,
    hostPortsPanel(view, host),
    h(
      'div',
      { class: 'talkers', key: 'host-lists' },
      alerts(view, report),
      ranked(view, report, report.peers, {
        name: 'peers',
        title: 'Peers',
        href: (key) => hostHref(state, key),
      }),
      ranked(view, report, report.services, {
        name: 'host-services',
        title: 'Services',
        href: (key) => both(serviceFilter(key)),
        note: serviceName,
      }),
    ),
    hostFlowsPanel(view),
  ];
}
