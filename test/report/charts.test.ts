import { beforeAll, describe, expect, test } from 'vitest';
import { HOSTILE_TEXT, hostileAlert } from '../fixtures/report-alerts.ts';
import { makeReportData, SENSOR, START_US, type ReportData } from '../fixtures/report-data.ts';
import type { KpiRow } from '@tapline/core/kpi/kpi-row';
import { seriesGaps, trafficSeries } from '@tapline/core/report/series';
import { conversations } from '@tapline/core/report/conversations';
import { portBin, portMap } from '@tapline/core/report/host-ports';
import { rangeTops, rangeTotals } from '@tapline/core/report/tops';
import { hostSeries } from '@tapline/core/report/host-report';
import { alertLanes } from '../../report/src/charts/alert-lanes.ts';
import { directions, hostTraffic } from '../../report/src/charts/host-traffic.ts';
import { intervalDots } from '../../report/src/charts/interval-dots.ts';
import { barList } from '../../report/src/charts/bar-list.ts';
import { matrix, pairsOf } from '../../report/src/charts/matrix.ts';
import { networkFlows } from '../../report/src/charts/network-flows.ts';
import { coarser, portMapChart } from '../../report/src/charts/port-map.ts';
import { ratioBars } from '../../report/src/charts/ratio-bars.ts';
import { sankeyChart } from '../../report/src/charts/sankey.ts';
import { severityMark } from '../../report/src/charts/severity-mark.ts';
import { timeline, type TimelineData } from '../../report/src/charts/timeline.ts';
import { bucketsBefore, totalRate, trafficBuckets } from '../../report/src/charts/traffic-buckets.ts';
import { markup } from '../../report/src/dom/vnode.ts';

let data: ReportData;
beforeAll(async () => {
  data = await makeReportData();
});

const golden = (name: string): string => `../golden/charts/${name}`;

const timelineData = (changes: Partial<TimelineData> & { closedToUs?: number } = {}): TimelineData => {
  const range = changes.range ?? { fromUs: START_US, toUs: START_US + 360e6 };
  const rows = data.rows.filter((row) => row.windowEndUs > range.fromUs && row.windowStartUs < range.toUs);
  const gaps = seriesGaps(rows, range, changes.closedToUs ?? range.toUs);
  return {
    buckets: trafficBuckets(trafficSeries(rows, range), gaps, range, 'packets'),
    before: [],
    gaps,
    range,
    unit: 'packets/s',
    alerts: data.alerts,
    selectedAlert: null,
    selectedWindow: null,
    brush: null,
    cursorUs: null,
    alertHref: (id) => `#${encodeURIComponent(id)}`,
    ...changes,
  };
};

describe('charts', () => {
  test('the time line stacks traffic, marks alerts and hatches the incomplete window', async () => {
    const svg = markup(timeline(timelineData(), { width: 800, height: 300 }));
    await expect(svg).toMatchFileSnapshot(golden('timeline.svg'));
  });

  test('the time line of a phone, zoomed, with cursor, brush, window and chosen alert', async () => {
    const range = { fromUs: START_US + 180e6, toUs: START_US + 260e6 };
    const chosen = {
      range,
      selectedAlert: data.alerts[2]!.id,
      selectedWindow: { fromUs: START_US + 200e6, toUs: START_US + 210e6 },
      brush: { fromUs: START_US + 215e6, toUs: START_US + 230e6 },
      cursorUs: START_US + 230e6,
    };
    const svg = markup(timeline(timelineData(chosen), { width: 330, height: 260 }));
    await expect(svg).toMatchFileSnapshot(golden('timeline-phone.svg'));
  });

  test('the time before is a line over the traffic, moved onto it, and ends where nothing is stored', async () => {
    const range = { fromUs: START_US + 180e6, toUs: START_US + 240e6 };
    const rows = data.rows.filter((row) => row.windowStartUs >= START_US + 130e6 && row.windowEndUs <= range.fromUs);
    const previous = {
      range: { fromUs: START_US + 130e6, toUs: range.fromUs },
      series: trafficSeries(rows, { fromUs: START_US + 120e6, toUs: range.fromUs }),
      gaps: [],
    };
    const before = bucketsBefore(previous, range, 'packets');
    expect(before[0]!.startUs).toBe(range.fromUs + 10e6);
    expect(before.at(-1)!.endUs).toBe(range.toUs);
    const sum = before.reduce((total, bucket) => total + totalRate(bucket), 0);
    expect(Math.round(sum)).toBe(rows.reduce((total, row) => total + row.arrived.packets, 0));
    const svg = markup(timeline(timelineData({ range, before }), { width: 800, height: 300 }));
    await expect(svg).toMatchFileSnapshot(golden('timeline-before.svg'));
    // A range that was asked for meanwhile is another: its time before is not known yet.
    expect(bucketsBefore(previous, { fromUs: START_US, toUs: START_US + 60e6 }, 'packets')).toEqual([]);
  });

  test('a time before with far more traffic does not press what is now to the ground', () => {
    const range = { fromUs: START_US, toUs: START_US + 60e6 };
    const height = (factor: number): number => {
      const { buckets } = timelineData({ range });
      const before = buckets.map((bucket) => ({ ...bucket, rates: bucket.rates!.map((rate) => rate * factor) }));
      const svg = markup(timeline(timelineData({ range, before }), { width: 800, height: 300 }));
      const area = /class="area class-tcp" d="([^"]*)"/u.exec(svg)![1]!;
      const places = [...area.matchAll(/[,V](\d+(?:\.\d+)?)/gu)].map(([, y]) => Number(y));
      return Math.max(...places) - Math.min(...places);
    };
    expect(height(1000)).toBe(height(2));
    expect(height(1000)).toBeGreaterThan(50);
  });

  test.each([
    ['sankey', 1000, 12],
    ['sankey-phone', 330, 4],
  ])('ribbons between networks are as wide as their traffic: %s', async (name, width, most) => {
    const flows = networkFlows(conversations(data.rows), 'bytes', most);
    const total = rangeTotals(data.rows).bytes;
    expect(flows.links.reduce((sum, { value }) => sum + value, 0)).toBe(total);
    for (const side of ['source', 'destination'] as const) {
      const nodes = flows.nodes.filter((node) => node.side === side);
      expect(nodes.length).toBeLessThanOrEqual(most + 1);
      expect(nodes.reduce((sum, { value }) => sum + value, 0)).toBe(total);
    }
    const svg = sankeyChart(flows, {
      width,
      text: (value) => `${value} B`,
      nodeHref: (node) => (node.host === null ? undefined : `#${node.host}`),
      linkHref: ({ source, destination }) => `#${source.name}-${destination.name}`,
    });
    await expect(markup(svg)).toMatchFileSnapshot(golden(`${name}.svg`));
  });

  test('of how much of the traffic both ends are known, or one, is said', () => {
    const all = conversations(data.rows);
    const { bothEnds, oneEnd, nodes } = networkFlows(all, 'packets', 12);
    expect(bothEnds).toBeCloseTo(all.listed.packets / rangeTotals(data.rows).packets, 10);
    expect(oneEnd).toBeGreaterThan(0);
    expect(bothEnds + oneEnd).toBeLessThanOrEqual(1);
    // Folded away or not, what is on no list is never among the others.
    const few = networkFlows(all, 'packets', 2).nodes;
    for (const side of ['source', 'destination'] as const) {
      const unlisted = (some: typeof nodes): number | undefined =>
        some.find((node) => node.side === side && node.kind === 'unlisted')?.value;
      expect(unlisted(few)).toBe(unlisted(nodes));
    }
  });

  test.each([
    ['port-map', 1000],
    ['port-map-phone', 330],
  ])('the map of ports has a line for the scan and a dot for the flood: %s', async (name, width) => {
    const scanned = '192.168.10.50';
    const windows = await data.results.hostWindows(SENSOR, scanned, { fromUs: START_US, toUs: START_US + 360e6 }, 100);
    const slices = await Promise.all(
      windows.map(({ windowStartUs }) => data.results.hostFlows(SENSOR, scanned, windowStartUs, 2000)),
    );
    const map = portMap(scanned, slices.flat());
    const own = map.cells.filter(({ row }) => row === 0);
    const strongest = own.toSorted((a, b) => b.packets - a.packets)[0]!;
    expect(own.length).toBeGreaterThan(20);
    expect(strongest.bin).toBe(portBin(80));
    const svg = portMapChart(map, {
      width,
      measure: 'packets',
      text: (value) => `${value} packets`,
      rowHref: ({ host }) => (host === null ? undefined : `#${host}`),
      cellHref: (_, { fromPort, toPort }) => `#${fromPort}-${toPort}`,
    });
    await expect(markup(svg)).toMatchFileSnapshot(golden(`${name}.svg`));
  });

  test('neighbouring columns of ports join without losing a packet', () => {
    const cell = { row: 0, fromPort: 80, toPort: 80, ports: 1, flows: 2, packets: 3, bytes: 4 };
    const cells = [
      { ...cell, bin: 10 },
      { ...cell, bin: 11, fromPort: 110, toPort: 120, ports: 5 },
      { ...cell, bin: 11, row: 1 },
    ];
    expect(coarser(cells, 2)).toEqual([
      { ...cell, bin: 5, fromPort: 80, toPort: 120, ports: 6, flows: 4, packets: 6, bytes: 8 },
      { ...cell, bin: 5, row: 1 },
    ]);
  });

  test('ratio bars show value, floor and what is usual', async () => {
    await expect(markup(ratioBars(data.alerts[2]!.reasons))).toMatchFileSnapshot(golden('ratio-bars.html'));
  });

  test('the matrix puts the busiest first and shades by order of magnitude', async () => {
    const pairs = pairsOf(rangeTops(data.rows).pairs, 'packets');
    const options = {
      width: 560,
      text: (value: number) => `${value} packets`,
      href: (a: string, b: string) => `#${a}-${b}`,
    };
    await expect(markup(matrix(pairs, options))).toMatchFileSnapshot(golden('matrix.svg'));
  });

  test('a host’s traffic goes up for what it sent and down for what it received', async () => {
    const range = { fromUs: START_US, toUs: START_US + 360e6 };
    const host = '192.168.10.50';
    const windows = await data.results.hostWindows(SENSOR, host, range, 100);
    const gaps = seriesGaps(data.rows, range, range.toUs);
    const buckets = trafficBuckets(directions(hostSeries(windows, range, 10e6)), gaps, range, 'packets');
    const sent = buckets.reduce((sum, bucket) => sum + bucket.rates![0]! * 10, 0);
    expect(Math.round(sent)).toBe(data.packets.filter(({ source }) => source === host).length);
    const { unit, alerts, selectedAlert, brush, cursorUs, alertHref } = timelineData();
    const shown = { buckets, gaps, range, unit, alerts, selectedAlert, brush, cursorUs, alertHref };
    await expect(markup(hostTraffic(shown, { width: 800, height: 280 }))).toMatchFileSnapshot(
      golden('host-traffic.svg'),
    );
  });

  test('intervals are lines as wide as the doubt', async () => {
    const rows = [
      { key: 'port scan', share: 1, low: 0.158, high: 1, text: '2 of 2' },
      { key: 'nothing', share: null, low: null, high: null, text: '0 of 0' },
    ];
    await expect(markup(intervalDots(rows, 500, 'shares'))).toMatchFileSnapshot(golden('interval-dots.svg'));
  });

  test('a label that has no room beside its bar stands beneath it, in a lane of its own', () => {
    const [first, second] = [data.alerts[0]!, data.alerts[1]!];
    const limits = { left: 0, right: 300, lanes: 6, minimum: 7 };
    const x = (timeUs: number): number => (timeUs - START_US) / 1e6;
    const wide = { ...first, windowStartUs: START_US + 10e6, windowEndUs: START_US + 290e6 };
    const later = { ...second, windowStartUs: START_US + 20e6, windowEndUs: START_US + 30e6 };
    const { marks } = alertLanes([wide, later], x, limits);
    expect(marks.map(({ labelAt, lane }) => [labelAt, lane])).toEqual([
      ['below', 0],
      ['after', 2],
    ]);
  });

  test('bars share one scale from zero', async () => {
    const rows = [
      { key: '10.0.0.1', value: 40, text: '40' },
      { key: '10.0.0.2', value: 10, text: '10', note: 'dns', href: '#x' },
      { key: '10.0.0.3', value: 0, text: '0' },
    ];
    await expect(markup(barList(rows))).toMatchFileSnapshot(golden('bar-list.html'));
  });

  test('severity is readable without colour', () => {
    const filled = (['low', 'medium', 'high', 'critical'] as const).map(
      (severity) => markup(severityMark(severity)).match(/class="on"/gu)?.length,
    );
    expect(filled).toEqual([1, 2, 3, 4]);
  });
});

describe('truth in the time line', () => {
  test('what the books do not vouch for is a gap, what they do is zero', () => {
    const range = { fromUs: START_US, toUs: START_US + 400e6 };
    const rows = data.rows.filter((row) => row.windowStartUs !== START_US + 100e6);
    const closedToUs = START_US + 370e6;
    const gaps = seriesGaps(rows, range, closedToUs);
    const buckets = trafficBuckets(trafficSeries(rows, range), gaps, range, 'packets');
    const at = (second: number): number[] | null => (buckets[second]!.rates as number[] | null) ?? null;
    expect(at(104)).toEqual([0, 0, 0, 0, 0]);
    expect(at(365)).toEqual([0, 0, 0, 0, 0]);
    expect(at(375)).toBeNull();
    expect(gaps.map(({ kind, missingPackets }) => [kind, missingPackets])).toEqual([
      ['incomplete', 812],
      ['open', 0],
    ]);
  });

  test('every packet of the range is in exactly one bucket, whatever the resolution', () => {
    for (const seconds of [360, 1501, 20_000, 3_000_000]) {
      const range = { fromUs: START_US, toUs: START_US + seconds * 1e6 };
      const series = trafficSeries(data.rows, range);
      const buckets = trafficBuckets(series, [], range, 'packets');
      const sum = buckets.reduce((total, bucket) => total + totalRate(bucket) * (series.resolutionUs / 1e6), 0);
      expect(Math.round(sum)).toBe(data.packets.length);
      expect(buckets.length).toBeLessThanOrEqual(1502);
    }
  });

  test('hostile text stays text in every chart', () => {
    const alert = hostileAlert(SENSOR, START_US);
    const pairs = [{ source: HOSTILE_TEXT, destination: HOSTILE_TEXT, value: 3 }];
    const options = { width: 400, text: String, href: () => '#' };
    const row = {
      topPairs: [{ key: `${HOSTILE_TEXT} > ${HOSTILE_TEXT}`, packets: 3, bytes: 3 }],
      topSources: [],
      topDestinations: [],
      arrived: { packets: 3, bytes: 3 },
    } as unknown as KpiRow;
    const flows = networkFlows(conversations([row]), 'packets', 12);
    const flowOptions = { width: 400, text: String, nodeHref: () => '#', linkHref: () => '#' };
    const drawn = [
      markup(sankeyChart(flows, flowOptions)),
      markup(timeline(timelineData({ alerts: [alert] }), { width: 400, height: 200 })),
      markup(ratioBars(alert.reasons)),
      markup(matrix(pairs, options)),
      markup(barList([{ key: HOSTILE_TEXT, value: 1, text: HOSTILE_TEXT }])),
    ].join('\n');
    expect(/<(?:img|script)/u.test(drawn)).toBe(false);
    expect(drawn.includes('&lt;img')).toBe(true);
    // A right-to-left override would let a packet rewrite the line it stands in.
    expect(drawn.includes('\u202e')).toBe(false);
    expect(drawn.includes('⟨U+202E⟩gnp.exe')).toBe(true);
  });

  test('alerts that find no lane are counted, not lost', () => {
    const many = Array.from({ length: 60 }, (_, index) => ({
      ...data.alerts[0]!,
      id: `copy-${String(index).padStart(2, '0')}`,
    }));
    const svg = markup(timeline(timelineData({ alerts: many }), { width: 800, height: 300 }));
    const drawn = svg.match(/class="mark /gu)?.length ?? 0;
    expect(svg).toContain(`+${60 - drawn} more in the list`);
    expect(drawn).toBe(6);
  });
});
