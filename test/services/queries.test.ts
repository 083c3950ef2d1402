/**
 * Every question of cql/queries on a real Cassandra, over the first minute of the bundled capture: what it answers is what
 * the stages wrote, which the same stages over memory say; and every file is CQL that can be pasted as it stands.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from 'cassandra-driver';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectCassandra } from '@tapline/adapters/cassandra/client';
import { Directory } from '@tapline/adapters/cassandra/directory';
import { CassandraHistoryStore } from '@tapline/adapters/cassandra/history-store';
import { CassandraLedgerStore } from '@tapline/adapters/cassandra/ledger-store';
import { CassandraPacketStore } from '@tapline/adapters/cassandra/packet-store';
import { CassandraResultStore } from '@tapline/adapters/cassandra/result-store';
import { CassandraTriageStore } from '@tapline/adapters/cassandra/triage-store';
import { guardSelect } from '@tapline/adapters/cassandra/select-guard';
import type { CassandraSession } from '@tapline/adapters/cassandra/session';
import { codecs } from '@tapline/adapters/codec/codecs';
import { openCapture } from '@tapline/adapters/file/source';
import { MemoryWindowStore } from '@tapline/adapters/memory/window-store';
import { CaptureReader } from '@tapline/core/pcap/capture-reader';
import type { FlowSlice, KpiRow } from '@tapline/core/kpi/kpi-row';
import { answer, statements, type AnswerOptions } from '@tapline/embedded/queries/cql-answer';
import { cqlQuestions, QUESTIONS_FOLDER } from '@tapline/embedded/queries/cql-questions';
import type { Row } from '@tapline/embedded/cli/rows-output';
import { generateFrames } from '../../tools/generate-capture/generator.ts';
import { HandClock } from '../contract/harness.ts';
import { CassandraKeyspace } from '../helpers/cassandra.ts';
import { CQLSH, runCqlsh } from '../helpers/cqlsh.ts';
import { describeWithServices } from '../helpers/services.ts';
import { startTapline } from '../helpers/tapline.ts';
import { cutMessages, memoryStores, StageLine, type Message, type Stores } from '../helpers/stage-line.ts';

const WINDOW_US = 10_000_000;
const SENSOR = 'instance-1';
/** As the examples have it. */
const SESSION = '434a0a2947f4902b';
const CAPTURE = join(import.meta.dirname, '../../captures/office-under-attack.pcap.zst');
const END_US = Date.parse('2026-11-24T04:17:30Z') * 1000;
const ALL = { fromUs: -Infinity, toUs: Infinity };
const clock = new HandClock();
const questions = cqlQuestions();

async function bundledMessages(): Promise<Message[]> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of openCapture(CAPTURE)) chunks.push(chunk.slice());
  return cutMessages({ sensor: SENSOR, session: SESSION, windowUs: WINDOW_US, arrivalUs: clock.timeUs }, (sink) => {
    const reader = new CaptureReader({
      frame: (...frame) => {
        if (frame[4] < END_US) sink.frame(...frame);
      },
    });
    for (const chunk of chunks) reader.feed(chunk);
    reader.end();
  });
}

const sum = (rows: readonly Row[], column: string): number =>
  rows.reduce((total, row) => total + (row[column] as number), 0);

const iso = (timeUs: number): string => new Date(timeUs / 1000).toISOString();

describeWithServices(['cassandra'], 'the questions', (settings) => {
  const keyspace = new CassandraKeyspace(settings, 'queries');
  let client: Client;
  let session: CassandraSession;
  let messages: Message[];
  /** What the same stages say over memory. */
  let expected: Stores;
  let kpis: KpiRow[];
  let slices: FlowSlice[];
  const said: string[] = [];

  function ask(
    name: string,
    options: Partial<Omit<AnswerOptions, 'values'>> & { values?: Record<string, string> } = {},
  ) {
    const question = questions.find((known) => known.name === name)!;
    const { values, ...rest } = options;
    return answer(client, question, {
      range: { fromMs: Date.parse('2026-11-24T04:00:00Z'), toMs: Date.parse('2026-11-24T05:00:00Z') },
      limit: 100_000,
      windowMs: WINDOW_US / 1000,
      say: (line) => said.push(line),
      values: new Map(Object.entries({ sensor: SENSOR, ...values })),
      ...rest,
    });
  }

  function cassandraStores(): Stores {
    const directory = new Directory(session, clock);
    return {
      windows: new MemoryWindowStore(clock),
      packets: new CassandraPacketStore(session, directory, { perSecond: 9000, codecs }),
      results: new CassandraResultStore(session, directory),
      ledger: new CassandraLedgerStore(session, directory),
      histories: new CassandraHistoryStore(session),
    };
  }

  beforeAll(async () => {
    await keyspace.make();
    session = await keyspace.open();
    client = await connectCassandra(keyspace.options);
    messages = await bundledMessages();
    expected = memoryStores(clock);
    for (const stores of [expected, cassandraStores()]) {
      const line = new StageLine(stores, clock, WINDOW_US);
      for (const message of messages) await line.deliver(message);
    }
    kpis = await expected.results.kpis(SENSOR, ALL);
    slices = await expected.results.flows(SENSOR, ALL);
    const [alert] = await expected.results.alerts(SENSOR, ALL);
    const seen = { id: 'request-1', action: 'note', text: 'seen', by: 'local', atUs: clock.nowUs() } as const;
    await new CassandraTriageStore(session).add(alert!, seen);
  });
  afterAll(async () => {
    await client.shutdown();
    await session.close();
    await keyspace.drop();
  }, 120_000);

  it.each(questions.map(({ name }) => name))('%s runs as it stands, and names its partitions', async (name) => {
    const cql = readFileSync(join(QUESTIONS_FOLDER, `${name}.cql`), 'utf8');
    await guardSelect(client, keyspace.options.keyspace, cql);
    const { rowLength } = await client.execute(cql, [], { prepare: false });
    // The bundled capture is whole, so nothing is incomplete; its hosts sent no heartbeat in 2023, when this clock stands.
    const isEmpty = name === 'incomplete-windows' || name === 'heartbeats' || name === 'unanswered';
    expect(rowLength > 0).toBe(!isEmpty);
  });

  it.runIf(CQLSH)('every question can be pasted into cqlsh, with other values too', async () => {
    const options = {
      values: new Map([['sensor', "it's; -- quoted"]]),
      range: {},
      limit: 3,
      windowMs: 10_000,
    };
    const files = questions.map(({ name }) => readFileSync(join(QUESTIONS_FOLDER, `${name}.cql`), 'utf8'));
    const rendered = questions.flatMap((question) => statements(question, options));
    const { stdout, stderr } = await runCqlsh(keyspace.options, [...files, ...rendered].join('\n'));
    expect(stderr).not.toMatch(/error|exception|invalid|line \d/i);
    expect(stdout.match(/^\(\d+ rows\)$/gm)).toHaveLength(2 * questions.length);
  });

  it('sensors, sessions and hours say where to look', async () => {
    expect(await ask('sensors', { values: {}, range: {} }).catch(() => 'refused')).toBe('refused');
    const all = { ...options(), values: new Map<string, string>() };
    expect(await answer(client, question('sensors'), all)).toMatchObject([{ sensor: SENSOR }]);
    expect(await answer(client, question('sessions'), all)).toMatchObject([{ session: SESSION }]);
    expect(await answer(client, question('hours'), all)).toEqual([
      {
        hour: '2026-11-24T04:00:00.000Z',
        windows: kpis.length,
        first_window: iso(kpis[0]!.windowStartUs),
        last_window: iso(kpis.at(-1)!.windowStartUs),
      },
    ]);
  });

  const question = (name: string) => questions.find((known) => known.name === name)!;
  const options = (): AnswerOptions => ({
    values: new Map(),
    range: {},
    limit: 50,
    windowMs: 10_000,
    say: (line) => said.push(line),
  });

  it('alerts, alerts-of-host, alert and evidence agree about an alert', async () => {
    const alerts = await expected.results.alerts(SENSOR, ALL);
    expect(alerts.length).toBeGreaterThan(0);
    const rows = await ask('alerts');
    expect(rows.map(({ id, score, summary }) => ({ id, score, summary }))).toEqual(
      alerts.map(({ id, score, summary }) => ({ id, score, summary })),
    );
    for (const alert of alerts) {
      const { id, detector, entity } = alert;
      expect((await ask('alerts-of-host', { values: { entity } })).map((row) => row['id'])).toContain(id);
      const [whole] = await answer(client, question('alert'), { ...options(), values: new Map([['id', id]]) });
      expect(JSON.parse(whole!['row'] as string)).toEqual(alert);
      const evidence = await ask('evidence', {
        values: { detector, entity },
        range: { fromMs: alert.windowStartUs / 1000, toMs: alert.windowEndUs / 1000 },
      });
      expect(evidence).toHaveLength(alert.windows);
    }
  });

  it('windows, traffic by second, minute and hour, and kpi give the sums of the windows', async () => {
    const packets = kpis.reduce((total, kpi) => total + kpi.values['packets']!, 0);
    const windows = await ask('windows');
    expect(windows.map((row) => [row['window_start'], row['packets'], row['bytes'], row['syn']])).toEqual(
      kpis.map(({ windowStartUs, values }) => [iso(windowStartUs), values['packets'], values['bytes'], values['syn']]),
    );
    for (const name of ['traffic-per-second', 'traffic-per-minute', 'traffic-per-hour']) {
      expect(sum(await ask(name), 'packets'), name).toBe(packets);
    }
    expect(sum(await ask('kpi', { values: { kpi: 'tcpPackets' } }), 'value')).toBe(
      kpis.reduce((total, kpi) => total + kpi.values['tcpPackets']!, 0),
    );
    expect(await ask('incomplete-windows')).toEqual([]);
  });

  it('the top lists are those of the minutes, added up and sorted', async () => {
    for (const name of ['top-talkers', 'top-pairs', 'top-services', 'icmp-types', 'protocols']) {
      const rows = await ask(name);
      expect(rows.length, name).toBeGreaterThan(1);
      expect(new Set(rows.map((row) => row['key'])).size, name).toBe(rows.length);
    }
    const protocols = await ask('protocols');
    const tcp = kpis.flatMap((kpi) => kpi.protocols).filter(({ key }) => key === 'TCP');
    expect(protocols.find((row) => row['key'] === 'TCP')).toMatchObject({
      packets: tcp.reduce((total, entry) => total + entry.packets, 0),
      bytes: tcp.reduce((total, entry) => total + entry.bytes, 0),
    });
    const counts = protocols.map((row) => row['packets'] as number);
    expect(counts).toEqual([...counts].sort((a, b) => b - a));
  });

  it('flows, long-flows, flows-of-host, dns, unanswered and host are made of the slices of the windows', async () => {
    const flows = new Map<number, FlowSlice[]>();
    for (const slice of slices) flows.set(slice.flow, [...(flows.get(slice.flow) ?? []), slice]);
    const rows = await ask('flows');
    expect(rows).toHaveLength(flows.size);
    for (const row of rows) {
      const own = flows.get(row['flow'] as number)!;
      const total = own.reduce((bytes, slice) => bytes + slice.bytesForward, 0);
      expect([row['source'], row['destination_port'], row['bytes_forward']]).toEqual([
        own[0]!.source,
        own[0]!.destinationPort,
        total,
      ]);
    }
    const longest = Math.max(...[...flows.values()].map((own) => own.at(-1)!.lastUs - own[0]!.firstUs));
    expect((await ask('long-flows', { limit: 1 }))[0]!['seconds']).toBeCloseTo(longest / 1e6, 2);

    const host = '192.168.50.80';
    const started = slices.filter(({ source }) => source === host);
    expect(await ask('flows-of-host', { values: { host } })).toHaveLength(
      new Set(started.map(({ flow }) => flow)).size,
    );
    const sent = slices.reduce(
      (bytes, slice) =>
        bytes +
        (slice.source === host ? slice.bytesForward : 0) +
        (slice.destination === host ? slice.bytesReverse : 0),
      0,
    );
    expect(sum(await ask('host', { values: { host } }), 'bytes_sent')).toBe(sent);
    expect(sum(await ask('dns'), 'flows')).toBe(slices.filter(({ destinationPort }) => destinationPort === 53).length);
    expect(sum(await ask('unanswered'), 'attempts')).toBe(
      slices.filter((slice) => slice.flagsForward === 2 && slice.packetsReverse === 0).length,
    );
  });

  it('packets and connection give the packets, in order, and no other', async () => {
    const count = messages.reduce((total, message) => total + (message.kind === 'batch' ? message.header.count : 0), 0);
    const rows = await ask('packets');
    expect(rows).toHaveLength(count);
    const numbers = rows.map((row) => row['number'] as number);
    expect(new Set(numbers).size).toBe(count);
    const times = rows.map((row) => `${String(row['time'])} ${String(row['time_ns']).padStart(6, '0')}`);
    expect(times).toEqual([...times].sort());
    const [flow, own] = [...Map.groupBy(slices, (slice) => slice.flow)].find(([, all]) => all.length > 2)!;
    const packets = await ask('connection', { values: { session: SESSION, flow: String(flow) } });
    expect(packets).toHaveLength(own.reduce((n, slice) => n + slice.packetsForward + slice.packetsReverse, 0));
  });

  it('batches, hops, minutes and heartbeats are the books', async () => {
    const headers = messages.flatMap((message) => (message.kind === 'batch' ? [message.header] : []));
    const count = headers.reduce((total, header) => total + header.count, 0);
    const batches = await ask('batches');
    expect(batches).toHaveLength(headers.length);
    expect(sum(batches, 'rows_kept') + sum(batches, 'rows_shed')).toBe(count);
    const hops = await ask('hops');
    expect(hops.map((row) => [row['hop'], row['batches'], row['packets']]).sort()).toEqual(
      ['parsed', 'stored', 'windowed'].map((hop) => [hop, headers.length, count]),
    );
    expect(sum(await ask('batches-at-hop', { values: { hop: 'parsed' } }), 'packets')).toBe(count);
    expect(sum(await ask('minutes'), 'sent')).toBe(count);
    expect(await ask('last-heartbeats')).toMatchObject([{ session: SESSION, sent: count, final: true }]);
    const beats = await answer(client, question('heartbeats'), { ...options(), values: new Map([['sensor', SENSOR]]) });
    expect(beats.length).toBe(messages.length - headers.length);
  });

  describe('tapline query', () => {
    const run = (...args: string[]) =>
      startTapline(['query', ...args], undefined, { TAPLINE_CASSANDRA_KEYSPACE: keyspace.options.keyspace }).finished;

    it('answers from Cassandra when no data folder is named, in every format', async () => {
      const range = ['--from', '2026-11-24T04:17:00Z', '--to', '2026-11-24T04:17:10Z'];
      const [json, csv, printed] = await Promise.all([
        run('windows', ...range),
        run('windows', ...range, '--format', 'csv', '--on', 'cassandra'),
        run('host', '--host', '192.168.50.80', '--print'),
      ]);
      expect(json).toMatchObject({ code: 0, stderr: '' });
      expect(JSON.parse(json.stdout)).toMatchObject({ window_start: '2026-11-24T04:17:00.000Z', complete: true });
      expect(csv.stdout).toMatch(/^window_start,complete,.*\r\n2026-11-24T04:17:00\.000Z,true,.*\r\n$/);
      expect(printed.stdout).toContain("host = '192.168.50.80'");
    });

    it('answers free CQL, and refuses what would scan with its reason', async () => {
      const asked = `SELECT count(*) AS alerts FROM alerts_by_day WHERE sensor = '${SENSOR}' AND day = '2026-11-24' -- all`;
      const [free, scan, unknown, broken, delete_] = await Promise.all([
        run('--cql', asked),
        run('--cql', 'SELECT * FROM packets WHERE source = 1 ALLOW FILTERING'),
        run('--cql', 'SELECT * FROM packet'),
        run('--cql', `SELECT nonsense FROM alerts_by_day WHERE sensor = '${SENSOR}' AND day = '2026-11-24'`),
        run('--cql', 'DELETE FROM alerts'),
      ]);
      expect(free).toMatchObject({ code: 0, stderr: '' });
      expect(JSON.parse(free.stdout)).toEqual({ alerts: (await expected.results.alerts(SENSOR, ALL)).length });
      for (const [refused, said] of [
        [scan, 'The partition key is (sensor text, minute timestamp, part tinyint): add WHERE sensor = …'],
        [unknown, 'there is no table packet in'],
        [broken, 'Undefined column name nonsense'],
        [delete_, 'only SELECT is answered here'],
      ] as const) {
        expect(refused).toMatchObject({ code: 2, stdout: '' });
        expect(refused.stderr).toContain(said);
      }
    });
  });

  describe('values that nobody gave', () => {
    it('are the only sensor, its newest session and its newest time, and are told', async () => {
      said.length = 0;
      const rows = await answer(client, question('windows'), options());
      expect(rows.at(-1)).toMatchObject({ window_start: iso(kpis.at(-1)!.windowStartUs) });
      expect(said).toEqual([
        'from 2026-11-24T04:00:00.000Z to 2026-11-24T05:00:00.000Z: --from and --to for another time',
      ]);
      await answer(client, question('minutes'), options());
      expect(said.at(-1)).toBe(`session ${SESSION}, the newest: --param session=… for another`);
    });

    it('are asked for when they cannot be known', async () => {
      await expect(answer(client, question('host'), options())).rejects.toThrow(
        '"host" asks for host: give --host ADDRESS or --param host=192.168.50.80',
      );
      await expect(ask('alerts', { values: { port: '80' } })).rejects.toThrow(
        '"alerts" has no parameter port; it has: sensor, day',
      );
      await expect(ask('connection', { values: { flow: '1 OR 1' } })).rejects.toThrow('use a whole number');
    });
  });

  it('is cut at the limit and at a bound on partitions, and says so', async () => {
    said.length = 0;
    expect(await ask('packets', { limit: 7 })).toHaveLength(7);
    expect(said.at(-1)).toBe('the first 7 rows: --limit gives more, if there are');
    const range = { fromMs: Date.parse('2026-11-24T04:00:00Z'), toMs: Date.parse('2026-11-25T04:00:00Z') };
    expect((await ask('dns', { range })).length).toBeGreaterThan(0);
    expect(said.at(-1)).toBe('cut after 1000 partitions: ask from 2026-11-24T06:46:40.000Z on for more');
  });

  it('a lost batch is missing from its window, and from the hops after the one that lost it', async () => {
    const sensor = 'lossy';
    const own = cutMessages({ sensor, session: 's', windowUs: WINDOW_US, arrivalUs: clock.timeUs }, (sink) => {
      generateFrames({ packets: 3000, seed: 5 }, sink);
    });
    const lost = own.find((message) => message.kind === 'batch')!;
    const line = new StageLine(cassandraStores(), clock, WINDOW_US);
    for (const message of own) if (message !== lost) await line.deliver(message);
    await line.giveUp(sensor);
    const { minTimeUs, count, sequence } = lost.header;
    const around = {
      values: { sensor },
      range: { fromMs: minTimeUs / 1000 - 60_000, toMs: minTimeUs / 1000 + 60_000 },
    };
    const incomplete = await ask('incomplete-windows', around);
    expect(sum(incomplete, 'missing')).toBe(count);
    const batches = await ask('batches-at-hop', { values: { sensor, hop: 'parsed' } });
    expect(batches.map((row) => row['sequence'])).not.toContain(sequence);
    expect(sum(await ask('minutes', { values: { sensor } }), 'sent') - sum(batches, 'packets')).toBe(count);

    // Now there are two sensors, and none is the only one.
    await expect(answer(client, question('windows'), options())).rejects.toThrow(
      'name the sensor: --sensor NAME; there are instance-1, lossy',
    );
  });
});
