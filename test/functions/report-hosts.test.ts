/** The host answers of the report API against the packets themselves. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { ApiError } from '@tapline/core/report/snapshot';
import type { HostFlows, HostList, HostReport } from '@tapline/core/report/host-report';
import type { HostPorts } from '@tapline/core/report/host-ports';
import { noCodec } from '@tapline/core/wire/no-codec';
import { createReport, type ReportApi, type ReportResponse } from '@tapline/functions/stages/report';
import { makeReportData, START_US, WINDOW_US, type ReportData } from '../fixtures/report-data.ts';

const ATTACKER = '172.16.0.1';
let data: ReportData;
let api: ReportApi;
beforeAll(async () => {
  data = await makeReportData();
  api = createReport({ results: data.results, packets: data.batches, ledger: data.ledger, codecs: [noCodec] });
});

const ask = (target: string, ifNoneMatch: string | null = null): Promise<ReportResponse> => {
  const url = new URL(target, 'http://report.test');
  return api({ method: 'GET', path: url.pathname, query: url.searchParams, ifNoneMatch });
};

const read = async <T>(target: string): Promise<T> => {
  const response = await ask(target);
  expect(response.status, response.body).toBe(200);
  return JSON.parse(response.body) as T;
};

const bytesOf = (packets: readonly { readonly length: number }[]): number =>
  packets.reduce((sum, packet) => sum + packet.length, 0);

describe('the page of a host', () => {
  test('says what it sent and received, as the packets do', async () => {
    const report = await read<HostReport>(`/api/v1/hosts/${ATTACKER}`);
    const sent = data.packets.filter(({ source }) => source === ATTACKER);
    const received = data.packets.filter(({ destination }) => destination === ATTACKER);
    expect(report.totals).toMatchObject({
      packetsSent: sent.length,
      packetsReceived: received.length,
      bytesSent: bytesOf(sent),
      bytesReceived: bytesOf(received),
    });
    expect(report.series.packetsSent.reduce((sum, packets) => sum + packets, 0)).toBe(sent.length);
    const windowOf = (timeUs: number): number => Math.floor(timeUs / WINDOW_US) * WINDOW_US;
    const times = [...sent, ...received].map(({ timeUs }) => windowOf(timeUs)).sort((a, b) => a - b);
    expect([report.firstSeenUs, report.lastSeenUs]).toEqual([times[0], times.at(-1)]);
    expect(report.alerts.length).toBeGreaterThan(0);
    expect(report.range).toEqual({ fromUs: START_US, toUs: START_US + 360e6 });
  });

  test('zoomed holds only the windows of the time, and first and last seen stay those of all', async () => {
    const all = await read<HostReport>(`/api/v1/hosts/${ATTACKER}`);
    const [from, to] = [all.firstSeenUs!, all.firstSeenUs! + WINDOW_US];
    const one = await read<HostReport>(`/api/v1/hosts/${ATTACKER}?from=${from}&to=${to}`);
    expect(one.totals.windows).toBe(1);
    expect(one.series.startUs).toEqual([from]);
    expect([one.firstSeenUs, one.lastSeenUs]).toEqual([all.firstSeenUs, all.lastSeenUs]);
  });

  test('takes an address in any spelling, and nothing else', async () => {
    const report = await read<HostReport>(`/api/v1/hosts/${encodeURIComponent('2001:0DB8:0010:0:0:0:0:15')}`);
    expect(report.host).toBe('2001:db8:10::15');
    expect(report.totals.windows).toBeGreaterThan(0);
    const response = await ask(`/api/v1/hosts/${encodeURIComponent('<b>nobody</b>')}`);
    expect([response.status, (JSON.parse(response.body) as ApiError).error.message]).toEqual([
      400,
      'a host is named by its IP or MAC address',
    ]);
  });

  test('of a host that never was is empty, which is an answer', async () => {
    const report = await read<HostReport>('/api/v1/hosts/10.99.99.99');
    expect(report).toMatchObject({
      firstSeenUs: null,
      lastSeenUs: null,
      totals: { windows: 0 },
      peers: [],
      alerts: [],
    });
  });

  test('asked again costs no body', async () => {
    const first = await ask(`/api/v1/hosts/${ATTACKER}`);
    expect((await ask(`/api/v1/hosts/${ATTACKER}`, first.headers['ETag'])).status).toBe(304);
  });

  test('lists its flows newest windows first, and goes on to every one of them', async () => {
    const flows: string[] = [];
    let after = '';
    for (let pages = 0; pages < 400; pages++) {
      const page = await read<HostFlows>(`/api/v1/hosts/192.168.10.5/flows?limit=1000${after}`);
      flows.push(...page.flows.map(({ flow }) => String(flow)));
      expect(page.leftOff).toBe(0);
      if (page.next === null) break;
      after = `&after=${page.next}`;
    }
    const range = { fromUs: 0, toUs: 2 * START_US };
    const slices = (await data.results.flows('instance-1', range)).filter(
      ({ source, destination }) => source === '192.168.10.5' || destination === '192.168.10.5',
    );
    expect(flows.sort()).toEqual(slices.map(({ flow }) => String(flow)).sort());
  });
});

describe('the list of hosts', () => {
  test('has those with alerts first, then the largest, page by page', async () => {
    const whole = await read<HostList>('/api/v1/hosts?limit=1000');
    expect(whole.hosts.length).toBe(whole.total);
    const alerted = whole.hosts.filter(({ alerts }) => alerts > 0).length;
    expect(alerted).toBeGreaterThan(0);
    expect(whole.hosts.slice(0, alerted).every(({ alerts }) => alerts > 0)).toBe(true);
    const first = await read<HostList>('/api/v1/hosts?limit=3');
    const second = await read<HostList>(`/api/v1/hosts?limit=3&after=${first.next!}`);
    expect([...first.hosts, ...second.hosts]).toEqual(whole.hosts.slice(0, 6));
  });
});

describe('the ports of a host', () => {
  const portsOf = (destination: string): Set<number> =>
    new Set(
      data.packets
        .filter((packet) => packet.forward && packet.source === ATTACKER && packet.destination === destination)
        .map(({ destinationPort }) => destinationPort ?? 0),
    );

  test('are those of its packets, by whom it asked', async () => {
    const { rows, cells, flowsLeftOff, truncated } = await read<HostPorts>(`/api/v1/hosts/${ATTACKER}/ports`);
    expect(truncated).toBe(false);
    const victim = rows.find(({ host }) => host === '192.168.10.50')!;
    const ports = portsOf('192.168.10.50');
    ports.delete(0);
    expect(flowsLeftOff).toBe(0);
    expect(victim.ports).toBe(ports.size);
    const own = cells.filter(({ row }) => rows[row] === victim);
    expect(own.reduce((sum, cell) => sum + cell.ports, 0)).toBe(ports.size);
    expect(own.every(({ fromPort, toPort }) => ports.has(fromPort) && ports.has(toPort))).toBe(true);
  });

  test('of a host with more flows than are read say how many are left off', async () => {
    const least = 100;
    const { results: all } = data;
    const results = new Proxy(all, {
      get: (_, name: keyof typeof all) =>
        name === 'hostFlows'
          ? (sensor: string, host: string, startUs: number) => all.hostFlows(sensor, host, startUs, least)
          : all[name].bind(all),
    });
    const few = createReport({ results, packets: data.batches, ledger: data.ledger, codecs: [noCodec] });
    const query = new URLSearchParams();
    const { body } = await few({ method: 'GET', path: `/api/v1/hosts/${ATTACKER}/ports`, query, ifNoneMatch: null });
    const { rows, flowsLeftOff, flowsWithoutPorts } = JSON.parse(body) as HostPorts;
    const whole = await read<HostPorts>(`/api/v1/hosts/${ATTACKER}/ports`);
    const count = (map: Pick<HostPorts, 'rows'>): number => map.rows.reduce((sum, { flows }) => sum + flows, 0);
    expect(flowsLeftOff).toBeGreaterThan(0);
    expect(count({ rows }) + flowsWithoutPorts + flowsLeftOff).toBe(count(whole) + whole.flowsWithoutPorts);
  });

  test('of an address that is none are refused, and of one that was not there are none', async () => {
    expect((await ask('/api/v1/hosts/nobody/ports')).status).toBe(400);
    expect(await read<HostPorts>('/api/v1/hosts/192.0.2.200/ports')).toMatchObject({
      readFromUs: null,
      truncated: false,
      rows: [],
      cells: [],
    });
  });
});
