/** What the shown range amounts to, when nothing particular is chosen: the first answer to "what is happening". */
import type { Overview } from '@tapline/core/report/snapshot';
import { SEVERITIES } from '@tapline/core/detect/alert';
import { severityMark } from '../charts/severity-mark.ts';
import { barList } from '../charts/bar-list.ts';
import { h, type Child, type VNode } from '../dom/vnode.ts';
import { counted, percent, short, whole } from '../format/numbers.ts';
import { zonedRange } from '../format/times.ts';
import type { View } from './model.ts';
import { tile } from './tiles.ts';

const tiles = (overview: Overview, seconds: number): VNode => {
  const { totals, books } = overview;
  const incomplete = totals.incompleteWindows;
  return h(
    'dl',
    { class: 'tiles' },
    tile('Packets', short(totals.packets), `${short(totals.packets / seconds, '/s')} on average`),
    tile('Traffic', short(totals.bytes, 'B'), `${short((totals.bytes * 8) / seconds, 'bit/s')} on average`),
    tile('Mean size', totals.packets === 0 ? '–' : short(totals.bytes / totals.packets, 'B'), 'per packet'),
    tile('Windows', whole(totals.windows), incomplete === 0 ? 'all complete' : `${whole(incomplete)} incomplete`),
    tile('Malformed', whole(books.malformed), 'counted and kept'),
    tile('Dropped', whole(books.kernelDropped), 'before we saw them'),
  );
};

const severities = (overview: Overview): VNode =>
  h(
    'ul',
    { class: 'severity-counts', 'aria-label': 'Alerts by severity' },
    SEVERITIES.toReversed().map((severity) => {
      const count = overview.alerts.filter((alert) => alert.severity === severity).length;
      return h(
        'li',
        { class: `severity-${severity}${count === 0 ? ' none' : ''}` },
        severityMark(severity),
        h('strong', {}, whole(count)),
        ` ${severity}`,
      );
    }),
  );

const protocols = (overview: Overview): VNode =>
  barList(
    overview.tops.protocols.slice(0, 6).map((entry) => ({
      key: entry.key,
      value: entry.packets,
      text: `${short(entry.packets)} · ${percent(entry.packets / Math.max(1, overview.totals.packets))}`,
    })),
  );

export function summaryPanel(view: View): VNode {
  const overview = view.model.overview.value;
  const range = overview?.range ?? null;
  const body: Child[] =
    overview === null || range === null
      ? [h('p', { class: 'empty' }, overview === null ? 'Loading…' : 'Nothing yet.')]
      : [
          severities(overview),
          tiles(overview, Math.max(1, (range.toUs - range.fromUs) / 1e6)),
          h('h3', {}, 'Protocols by packets'),
          protocols(overview),
          h(
            'p',
            { class: 'hint' },
            `Choose one of ${counted(overview.alerts.length, 'alert')}, or click the time line for the indicators of a window.`,
          ),
        ];
  return h(
    'section',
    { class: 'panel panel-summary', key: 'summary', 'aria-labelledby': 'panel-title-summary' },
    h(
      'header',
      { class: 'panel-head' },
      h('h2', { id: 'panel-title-summary' }, 'In this range'),
      h('span', { class: 'panel-entity' }, range === null ? '' : zonedRange(range.fromUs, range.toUs)),
    ),
    h('div', { class: 'panel-body' }, body),
  );
}
