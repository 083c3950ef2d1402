/** Searches of the report API against the packets themselves. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { PacketDetail } from '@tapline/core/report/packet-detail';
import type { SearchPage } from '@tapline/core/report/search-report';
import type { ApiError } from '@tapline/core/report/snapshot';
import { noCodec } from '@tapline/core/wire/no-codec';
import { createReport, type ReportApi, type ReportResponse } from '@tapline/functions/stages/report';
import { SEARCH_BATCHES_MOST } from '@tapline/functions/stages/report/search';
import { makeReportData, SENSOR, SESSION, START_US, type ReportData } from '../fixtures/report-data.ts';
import type { PlainPacket } from '../fixtures/report-packets.ts';

let data: ReportData;
let api: ReportApi;
beforeAll(async () => {
  data = await makeReportData();
  api = createReport({ results: data.results, packets: data.batches, ledger: data.ledger, codecs: [noCodec] });
});

const ask = (path: string, parameters: Record<string, string>, of = api): Promise<ReportResponse> =>
  of({ method: 'GET', path: `/api/v1/${path}`, query: new URLSearchParams(parameters), ifNoneMatch: null });

const search = async (q: string, more: Record<string, string> = {}): Promise<SearchPage> => {
  const response = await ask('search', { q, limit: '1000', ...more });
  expect(response.status, response.body).toBe(200);
  return JSON.parse(response.body) as SearchPage;
};

/** Numbers of every packet that is found, page after page. */
const numbersOf = async (q: string): Promise<number[]> => {
  const numbers: number[] = [];
  for (let after: string | null = ''; after !== null;) {
    const page: SearchPage = await search(q, after === '' ? {} : { after });
    numbers.push(...page.packets.map(({ number }) => number));
    after = page.next;
  }
  return numbers;
};

const expected = (test: (packet: PlainPacket) => boolean): number[] =>
  data.packets.flatMap((packet, index) => (test(packet) ? [index + 1] : []));

const RESOLVER = '192.168.10.3';
const onPort = (port: number) => (packet: PlainPacket) => packet.sourcePort === port || packet.destinationPort === port;
const isClient = (address: string): boolean => address.startsWith('192.168.10.');

describe('a search', () => {
  test.each<[string, (packet: PlainPacket) => boolean]>([
    [`src ${RESOLVER} and not tcp`, (packet) => packet.source === RESOLVER && packet.protocol !== 'TCP'],
    ['udp and port 53', (packet) => packet.protocol === 'UDP' && onPort(53)(packet)],
    ['arp or icmp', (packet) => packet.protocol === 'ARP' || packet.protocol === 'ICMP'],
    [
      'flags S and time 12:01',
      ({ tcpFlags, protocol, timeUs }) =>
        protocol === 'TCP' && tcpFlags === 2 && timeUs >= START_US + 60e6 && timeUs < START_US + 120e6,
    ],
    ['flags +R', ({ tcpFlags, protocol }) => protocol === 'TCP' && (tcpFlags & 4) !== 0],
    [
      'src 192.168.10.0/24 and dst 192.168.10.0/24',
      ({ source, destination }) => isClient(source) && isClient(destination),
    ],
    ['sport 440-450', ({ sourcePort }) => sourcePort !== null && sourcePort >= 440 && sourcePort <= 450],
    ['host 2001:db8:10::15', ({ source, destination }) => [source, destination].includes('2001:db8:10::15')],
  ])('for %s finds what is there and nothing else', async (q, test) => {
    const found = expected(test);
    expect(found.length).toBeGreaterThan(0);
    expect(await numbersOf(q)).toEqual(found);
  });

  test('without a time of its own finds packets of the shown time only, though batches reach beyond it', async () => {
    const [fromUs, toUs] = [START_US + 61e6, START_US + 62e6];
    const { packets, next } = await search('udp', { from: String(fromUs), to: String(toUs) });
    expect(next).toBeNull();
    expect(packets.map(({ number }) => number)).toEqual(
      expected(({ protocol, timeUs }) => protocol === 'UDP' && timeUs >= fromUs && timeUs < toUs),
    );
  });

  test('for an alert finds its packets, wherever the page was zoomed to', async () => {
    const alert = data.alerts.find(({ detector }) => detector === 'syn-flood')!;
    const page = await search(`alert ${alert.id}`, { from: String(START_US), to: String(START_US + 1e6) });
    expect(page.packets.length).toBeGreaterThan(0);
    expect(page.within.fromUs).toBe(alert.filter.fromUs);
    expect((await ask('search', { q: 'alert nobody' })).status).toBe(404);
  });

  test('says what it read and what it would read, and the question as CQL', async () => {
    const page = await search('time 12:01 and tcp', { limit: '10' });
    expect(page.plan!.packets).toBeGreaterThanOrEqual(page.scannedPackets);
    expect(page.plan!.batches).toBeLessThan(Math.ceil(data.packets.length / 4096));
    expect(page.query).toBe('time 12:01 and proto tcp');
    expect(page.cql.statement).toContain("minute IN ('2017-07-07T12:01:00.000Z')");
    expect((await search('tcp', { limit: '10', after: page.next! })).plan).toBeNull();
  });

  test('that is not understood is refused with the place', async () => {
    const response = await ask('search', { q: 'tcp and prot 80' });
    expect(response.status).toBe(400);
    const { error } = JSON.parse(response.body) as ApiError;
    expect(error.place).toEqual({ fromAt: 8, toAt: 12 });
    expect(error.message).toMatch(/not a word of this language/u);
  });

  test('that would read too much is refused with what to add, and with it, it is answered', async () => {
    const many = await makeReportData({ minutes: 1 });
    const wire = (await many.batches.getBatch(`${SENSOR}/${SESSION}/0`))!;
    const header = { sensor: SENSOR, session: SESSION, count: 4096, wireBytes: 0, malformed: 0, contentHash: '' };
    for (let sequence = 1; sequence <= SEARCH_BATCHES_MOST; sequence++) {
      const minTimeUs = START_US + sequence * 10_000;
      const times = { minTimeUs, maxTimeUs: minTimeUs + 9_999 };
      await many.batches.putBatch({ ...header, sequence, firstNumber: 1 + sequence * 4096, ...times }, wire);
    }
    const busy = createReport({ results: many.results, packets: many.batches, ledger: many.ledger, codecs: [noCodec] });
    const refused = await ask('search', { q: 'host 10.0.0.1' }, busy);
    expect(refused.status).toBe(422);
    const { error } = JSON.parse(refused.body) as ApiError;
    expect(error.code).toBe('TOO_BROAD');
    const time = /time (\S+)$/u.exec(error.message)![1]!;
    expect(time).toBe('2017-07-07T12:00:00..2017-07-07T12:00:20');
    expect((await ask('search', { q: `host 10.0.0.1 and time ${time}` }, busy)).status).toBe(200);
  });
});

describe('one packet', () => {
  test('has every column that its headers give, with its meaning', async () => {
    const { packets } = await search('tcp and flags S', { limit: '1' });
    const [line] = packets;
    const { session, number, timeUs } = line!;
    const response = await ask('packet', { session, number: String(number), at: String(timeUs) });
    const detail = JSON.parse(response.body) as PacketDetail;
    expect(detail.line).toEqual(line);
    const names = detail.fields.map(({ name }) => name);
    expect(names).toContain('tcpWindow');
    expect(names).not.toContain('icmpType');
    expect(detail.fields.find(({ name }) => name === 'flags')).toEqual({
      name: 'flags',
      value: 'S',
      meaning: "TCP flags in tcpdump's letters",
    });
  });

  test('that is not there is not found, and one that is half named is refused', async () => {
    expect((await ask('packet', { session: SESSION, number: '999999999', at: String(START_US) })).status).toBe(404);
    expect((await ask('packet', { session: SESSION })).status).toBe(400);
  });
});
