import { beforeAll, describe, expect, test } from 'vitest';
import type { PacketFilter } from '@tapline/core/detect/alert';
import { MemoryResultStore } from '@tapline/adapters/memory/result-store';
import { PipelineError } from '@tapline/core/errors';
import type { ApiError, AlertReport, Overview, PacketPage, WindowReport } from '@tapline/core/report/snapshot';
import { noCodec } from '@tapline/core/wire/no-codec';
import { createReport, type ReportApi, type ReportResponse } from '@tapline/functions/stages/report';
import { hostileAlert } from '../fixtures/report-alerts.ts';
import { makeReportData, SENSOR, SESSION, START_US, WINDOW_US, type ReportData } from '../fixtures/report-data.ts';
import type { PlainPacket } from '../fixtures/report-packets.ts';

let data: ReportData;
let api: ReportApi;
beforeAll(async () => {
  data = await makeReportData({ extraAlerts: [hostileAlert(SENSOR, START_US)] });
  api = createReport({ results: data.results, packets: data.batches, ledger: data.ledger, codecs: [noCodec] });
});

const ask = (target: string, ifNoneMatch: string | null = null, method = 'GET'): Promise<ReportResponse> => {
  const url = new URL(target, 'http://report.test');
  return api({ method, path: url.pathname, query: url.searchParams, ifNoneMatch });
};

const read = async <T>(target: string): Promise<T> => {
  const response = await ask(target);
  expect(response.status, response.body).toBe(200);
  return JSON.parse(response.body) as T;
};

const refusal = async (target: string): Promise<[number, string, string]> => {
  const response = await ask(target);
  const { error } = JSON.parse(response.body) as ApiError;
  return [response.status, error.code, error.message];
};

describe('the overview', () => {
  test('adds up to the packets of the capture, in totals, series and books', async () => {
    const overview = await read<Overview>('/api/v1/overview');
    const bytes = data.packets.reduce((sum, packet) => sum + packet.length, 0);
    const summed = (columns: readonly (readonly number[])[]): number =>
      columns.flat().reduce((sum, count) => sum + count, 0);
    expect(overview.totals).toEqual({ packets: data.packets.length, bytes, windows: 36, incompleteWindows: 1 });
    expect(summed(overview.series.packets)).toBe(data.packets.length);
    expect(summed(overview.series.bytes)).toBe(bytes);
    expect(overview.books).toMatchObject({ offered: data.packets.length, stored: data.packets.length, unexplained: 0 });
    expect(overview.books.closedToUs).toBe(START_US + 360e6);
    expect(overview.run.state).toBe('finished');
  });

  test('of a range holds the windows and alerts that overlap it, most severe first', async () => {
    const [from, to] = [START_US + 185e6, START_US + 275e6];
    const overview = await read<Overview>(`/api/v1/overview?from=${from}&to=${to}`);
    expect(overview.alerts.map((alert) => alert.detector)).toEqual(['syn-flood', 'udp-flood']);
    expect(overview.totals.windows).toBe(10);
    expect(overview.gaps).toEqual([
      { fromUs: START_US + 240e6, toUs: START_US + 250e6, kind: 'incomplete', missingPackets: 812 },
    ]);
    expect(Math.min(...overview.series.startUs)).toBeGreaterThanOrEqual(from - 1e6);
    expect(Math.max(...overview.series.startUs)).toBeLessThan(to);
  });

  test('of a range holds the time before it, as far as any is stored', async () => {
    const seconds = (fromUs: number, toUs: number): number =>
      data.packets.filter(({ timeUs }) => timeUs >= fromUs && timeUs < toUs).length;
    const previousOf = async (from: number, to: number): Promise<Overview['previous']> =>
      (await read<Overview>(`/api/v1/overview?from=${from}&to=${to}`)).previous;
    const before = (await previousOf(START_US + 120e6, START_US + 180e6))!;
    expect(before.range).toEqual({ fromUs: START_US + 60e6, toUs: START_US + 120e6 });
    expect(before.series.packets.flat().reduce((sum, count) => sum + count, 0)).toBe(
      seconds(START_US + 60e6, START_US + 120e6),
    );
    const partly = (await previousOf(START_US + 20e6, START_US + 120e6))!;
    expect(partly.range).toEqual({ fromUs: START_US, toUs: START_US + 20e6 });
    const { series } = await read<Overview>(`/api/v1/overview?from=${START_US + 20e6}&to=${START_US + 120e6}`);
    expect(partly.series.resolutionUs).toBe(series.resolutionUs);
    expect(await previousOf(START_US, START_US + 120e6)).toBeNull();
    expect((await read<Overview>('/api/v1/overview')).previous).toBeNull();
    const lossy = (await previousOf(START_US + 270e6, START_US + 330e6))!;
    expect(lossy.gaps).toEqual([
      { fromUs: START_US + 240e6, toUs: START_US + 250e6, kind: 'incomplete', missingPackets: 812 },
    ]);
  });

  test('says how much of the traffic its conversations are', async () => {
    const { conversations, totals } = await read<Overview>('/api/v1/overview');
    const listed = data.rows.flatMap(({ topPairs }) => topPairs).reduce((sum, { bytes }) => sum + bytes, 0);
    expect(conversations.listed.bytes).toBe(listed);
    expect(listed).toBeLessThanOrEqual(totals.bytes);
    expect(conversations.links.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(totals.bytes);
  });

  test('names a missing batch when one was taken away', async () => {
    const robbed = await makeReportData();
    await robbed.batches.deleteBatch(`${SENSOR}/${SESSION}/3`);
    const poor = createReport({
      results: robbed.results,
      packets: robbed.batches,
      ledger: robbed.ledger,
      codecs: [noCodec],
    });
    const response = await poor({
      method: 'GET',
      path: '/api/v1/overview',
      query: new URLSearchParams(),
      ifNoneMatch: null,
    });
    const { books } = JSON.parse(response.body) as Overview;
    expect(books.unexplained).toBe(4096);
    expect(books.discrepancies).toEqual([{ batches: `${SENSOR}/${SESSION}/3`, hop: 'stored', packets: 4096 }]);
  });

  test('shows the seconds of windows under way, and counts a window that was scored meanwhile once', async () => {
    const second = (startUs: number) => ({ startUs, packets: [3, 0, 0, 0, 0], bytes: [300, 0, 0, 0, 0] });
    const window = (startUs: number, seconds: readonly number[]) => ({
      windowStartUs: startUs,
      windowEndUs: startUs + WINDOW_US,
      seconds: seconds.map((at) => second(startUs + at * 1e6)),
    });
    const endUs = START_US + 360e6;
    const early = [window(endUs - WINDOW_US, [1]), window(endUs, [0, 0, 2])];
    const { results, batches: packets, ledger } = data;
    const live = createReport({ results, packets, ledger, codecs: [noCodec], early: () => Promise.resolve(early) });
    const asked = { method: 'GET', path: '/api/v1/overview', query: new URLSearchParams(), ifNoneMatch: null };
    const overview = JSON.parse((await live(asked)).body) as Overview;
    const { series: before, totals } = await read<Overview>('/api/v1/overview');
    expect(overview.range).toEqual({ fromUs: START_US, toUs: endUs + WINDOW_US });
    expect(overview.extent).toEqual(overview.range);
    expect(overview.series.startUs).toEqual([...before.startUs, endUs, endUs + 2e6]);
    expect(overview.series.packets[0]!.slice(-2)).toEqual([6, 3]);
    expect(overview.totals).toEqual(totals);
  });

  test('of empty stores says that it waits, and of a sensor that is not there that it is not', async () => {
    const nothing = await makeReportData({ minutes: 0 });
    const empty = createReport({
      results: nothing.results,
      packets: nothing.batches,
      ledger: nothing.ledger,
      codecs: [],
    });
    const response = await empty({
      method: 'GET',
      path: '/api/v1/overview',
      query: new URLSearchParams(),
      ifNoneMatch: null,
    });
    expect(JSON.parse(response.body)).toMatchObject({
      sensor: null,
      range: null,
      run: { state: 'waiting' },
      alerts: [],
    });
    expect(await refusal('/api/v1/overview?sensor=nobody')).toEqual([404, 'NOT_FOUND', 'no such sensor']);
  });
});

describe('windows and alerts', () => {
  test('a window says its KPIs with unit and meaning, and its alerts', async () => {
    const report = await read<WindowReport>(`/api/v1/windows/${START_US + 19 * WINDOW_US}`);
    expect(report.row.windowStartUs).toBe(START_US + 190e6);
    const syn = report.kpis.find((kpi) => kpi.name === 'syn')!;
    expect(syn).toMatchObject({ unit: 'packets' });
    expect(syn.doc).not.toBe('');
    expect(syn.value).toBe(
      data.packets.filter(
        (packet) => packet.tcpFlags === 2 && packet.timeUs >= START_US + 190e6 && packet.timeUs < START_US + 200e6,
      ).length,
    );
    expect(report.alerts.map((alert) => alert.detector)).toEqual(['syn-flood']);
  });

  test('a window that was not scored is not found, and one that is no number is refused', async () => {
    expect((await refusal(`/api/v1/windows/${START_US + 1}`))[0]).toBe(404);
    expect((await refusal('/api/v1/windows/tomorrow'))[0]).toBe(400);
  });

  test('an alert is found under its id, whatever characters a packet put into it', async () => {
    const alert = data.alerts.find((known) => known.id.startsWith('hostile'))!;
    const report = await read<AlertReport>(`/api/v1/alerts/${encodeURIComponent(alert.id)}`);
    expect(report.alert).toEqual(alert);
    expect((await refusal('/api/v1/alerts/none'))[0]).toBe(404);
    expect((await refusal('/api/v1/alerts/%E0%A4%A'))[0]).toBe(400);
  });
});

const matches = (packet: PlainPacket, filter: Partial<PacketFilter>): boolean => {
  const { host, peer, port, protocol, fromUs = -Infinity, toUs = Infinity } = filter;
  const ends = [packet.source, packet.destination];
  if (packet.timeUs < fromUs || packet.timeUs >= toUs) return false;
  if (protocol !== undefined && packet.protocol.toLowerCase() !== protocol) return false;
  if (port !== undefined && packet.sourcePort !== port && packet.destinationPort !== port) return false;
  if (host !== undefined && peer !== undefined) return ends.includes(host) && ends.includes(peer);
  return host === undefined || ends.includes(host);
};

const numbersOf = (filter: Partial<PacketFilter>): number[] =>
  data.packets.flatMap((packet, index) => (matches(packet, filter) ? [index + 1] : []));

const allPages = async (target: string): Promise<PacketPage['packets'][number][]> => {
  const packets: PacketPage['packets'][number][] = [];
  for (let next: string | null = ''; next !== null;) {
    const page: PacketPage = await read<PacketPage>(
      `${target}${next === '' ? '' : `&after=${encodeURIComponent(next)}`}`,
    );
    packets.push(...page.packets);
    next = page.next;
  }
  return packets;
};

describe('packets', () => {
  const everything = `from=${START_US}&to=${START_US + 360e6}&limit=1000`;

  test.each<[string, Partial<PacketFilter>]>([
    ['host=192.168.10.3&protocol=udp', { host: '192.168.10.3', protocol: 'udp' }],
    ['host=172.16.0.1&peer=192.168.10.50', { host: '172.16.0.1', peer: '192.168.10.50' }],
    ['host=192.168.10.50&peer=172.16.0.1', { host: '172.16.0.1', peer: '192.168.10.50' }],
    ['port=22&protocol=tcp', { port: 22, protocol: 'tcp' }],
    ['host=2001:db8:10::15', { host: '2001:db8:10::15' }],
    ['host=2001:0db8:10:0::15&port=443', { host: '2001:db8:10::15', port: 443 }],
    ['protocol=icmp', { protocol: 'icmp' }],
    ['protocol=ipv6-icmp', { protocol: 'ipv6-icmp' }],
    ['protocol=arp', { protocol: 'arp' }],
    ['host=10.255.255.255', { host: '10.255.255.255' }],
  ])('%s are exactly those that a look at every packet finds, over all pages', async (query, filter) => {
    const packets = await allPages(`/api/v1/packets?${everything}&${query}`);
    expect(packets.map((packet) => packet.number)).toEqual(numbersOf(filter));
  });

  test('of a short time are its packets, page by page in the order of the capture', async () => {
    const within = { fromUs: START_US + 190e6, toUs: START_US + 191e6 };
    const packets = await allPages(`/api/v1/packets?from=${within.fromUs}&to=${within.toUs}&limit=7`);
    expect(packets.map((packet) => packet.number)).toEqual(numbersOf(within));
    const first = data.packets[packets[0]!.number - 1]!;
    expect(packets[0]).toMatchObject({
      session: SESSION,
      source: first.source,
      sourcePort: first.sourcePort,
      length: first.length,
    });
  });

  test('behind an alert are those of its filter', async () => {
    const alert = data.alerts.find((known) => known.detector === 'horizontal-scan')!;
    const packets = await allPages(`/api/v1/alerts/${encodeURIComponent(alert.id)}/packets?limit=50`);
    expect(packets.map((packet) => packet.number)).toEqual(numbersOf(alert.filter));
    expect(packets.length).toBeGreaterThan(200);
    expect(packets[0]).toMatchObject({
      flags: 'S',
      protocol: 'TCP',
      destinationPort: 22,
      info: expect.stringContaining('win 64240') as string,
    });
  });

  test('are searched a bounded piece at a time, and the search goes on where it stopped', async () => {
    const many = await makeReportData();
    const wire = (await many.batches.getBatch(`${SENSOR}/${SESSION}/0`))!;
    const header = {
      sensor: SENSOR,
      session: 'z-long',
      firstNumber: 1,
      count: 4096,
      wireBytes: 0,
      malformed: 0,
      contentHash: '',
    };
    for (let sequence = 0; sequence < 200; sequence++) {
      await many.batches.putBatch({ ...header, sequence, minTimeUs: START_US, maxTimeUs: START_US + 1e6 }, wire);
    }
    const long = createReport({ results: many.results, packets: many.batches, ledger: many.ledger, codecs: [noCodec] });
    const page = async (after: string): Promise<PacketPage> => {
      const query = new URLSearchParams(`${everything}&host=10.255.255.255${after}`);
      const response = await long({ method: 'GET', path: '/api/v1/packets', query, ifNoneMatch: null });
      return JSON.parse(response.body) as PacketPage;
    };
    const first = await page('');
    expect(first).toMatchObject({ packets: [], scannedBatches: 128 });
    const second = await page(`&after=${first.next!}`);
    expect(second.next).toBeNull();
    expect(first.scannedBatches + second.scannedBatches).toBe(Math.ceil(data.packets.length / 4096) + 200);
  });
});

describe('the API as a whole', () => {
  test('answers 304 without a body while nothing changed, and 200 once it did', async () => {
    const first = await ask('/api/v1/overview');
    const etag = first.headers['ETag']!;
    expect(first.headers['Cache-Control']).toBe('private, no-cache');
    expect(await ask('/api/v1/overview', etag)).toMatchObject({ status: 304, body: '' });
    expect(await ask('/api/v1/overview', `"other", ${etag}`)).toMatchObject({ status: 304 });
    expect(await ask('/api/v1/overview', '"other"')).toMatchObject({ status: 200 });
    const elsewhere = await ask(`/api/v1/overview?from=${START_US}&to=${START_US + 60e6}`, etag);
    expect(elsewhere.status).toBe(200);
  });

  test.each([
    ['/api/v1/overview?from=5', 'from and to belong together'],
    ['/api/v1/overview?from=9&to=9', 'to must be after from'],
    ['/api/v1/overview?from=1e9&to=2e9', /from must be a whole number/u],
    ['/api/v1/overview?from=99999999999999999&to=5', /from must be a whole number/u],
    ['/api/v1/packets?limit=0', 'limit must be a whole number from 1 to 1000'],
    ['/api/v1/packets?limit=1001', 'limit must be a whole number from 1 to 1000'],
    ['/api/v1/packets?host=example.com', 'host must be an IP or MAC address'],
    ['/api/v1/packets?host=10.0.0.1&peer=nobody', 'peer must be an IP or MAC address'],
    ['/api/v1/packets?port=65536', /port must be/u],
    ['/api/v1/packets?protocol=%3Cb%3E', 'protocol must be a name such as tcp'],
    ['/api/v1/packets?after=nonsense', 'after must be the next of an earlier page'],
    [`/api/v1/overview?sensor=${'x'.repeat(256)}`, 'sensor is longer than 255 characters'],
    ['/api/v1/flows?limit=many', /limit must be/u],
  ])('refuses %s and says why', async (target, message) => {
    const [status, code, text] = await refusal(target);
    expect([status, code]).toEqual([400, 'BAD_REQUEST']);
    expect(text).toMatch(message);
  });

  test('only reads, and only what there is', async () => {
    expect((await ask('/api/v1/overview', null, 'POST')).status).toBe(405);
    expect((await refusal('/api/v1/secrets'))[0]).toBe(404);
    expect((await refusal('/api/v2/overview'))[0]).toBe(404);
  });

  test('reports a failing store without its details, says whether trying again helps, and tells its owner', async () => {
    const heard: unknown[] = [];
    const failing = async (error: Error): Promise<ReportResponse> => {
      const results = Object.assign(new MemoryResultStore(), { sensors: () => Promise.reject(error) });
      const broken = createReport({ results, packets: data.batches, ledger: data.ledger, codecs: [] }, (cause) =>
        heard.push(cause),
      );
      return broken({ method: 'GET', path: '/api/v1/overview', query: new URLSearchParams(), ifNoneMatch: null });
    };
    const away = await failing(new PipelineError('STORE', 'the store does not answer', { retriable: true }));
    expect([away.status, JSON.parse(away.body)]).toEqual([
      503,
      { error: { code: 'UNAVAILABLE', message: 'the store does not answer' } },
    ]);
    const bug = await failing(new TypeError('secret path /etc'));
    expect(bug.status).toBe(500);
    expect(bug.body).not.toContain('secret');
    expect(heard).toHaveLength(2);
  });
});
