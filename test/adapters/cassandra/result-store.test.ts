/**
 * What the contract cannot ask of every store: several processes that score the same windows at once, processes that die in
 * the middle, and the tables that only Cassandra has.
 */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { Directory } from '@tapline/adapters/cassandra/directory';
import { CassandraResultStore } from '@tapline/adapters/cassandra/result-store';
import { CassandraSession, type Statement, type WriteOptions } from '@tapline/adapters/cassandra/session';
import { whole } from '@tapline/adapters/cassandra/times';
import type { Alert, Evidence } from '@tapline/core/detect/alert';
import { PipelineError } from '@tapline/core/errors';
import type { FlowSlice, KpiRow } from '@tapline/core/kpi/kpi-row';
import type { WindowResult } from '@tapline/core/ports';
import { connectCassandra } from '@tapline/adapters/cassandra/client';
import { shuffled } from '../../contract/harness.ts';
import { CassandraKeyspace } from '../../helpers/cassandra.ts';
import { describeWithServices } from '../../helpers/services.ts';

const START = Date.parse('2017-07-05T12:48:00Z') * 1000;
const WINDOW_US = 10_000_000;
const clock = { nowUs: () => Date.now() * 1000 };

/** A window of which `packets` have arrived; everything about it tells which scoring it is from. */
function scoring(windowStartUs: number, packets: number, { announced = packets, complete = true } = {}): WindowResult {
  const count = (n: number): KpiRow['arrived'] => ({ batches: 1, packets: n, bytes: n * 100 });
  const slice = (flow: number): FlowSlice => ({
    sensor: 'tap',
    session: 's',
    flow,
    windowStartUs,
    source: `10.0.0.${packets % 250}`,
    destination: '192.0.2.80',
    sourcePort: flow,
    destinationPort: 80,
    protocol: 'tcp',
    firstUs: windowStartUs,
    lastUs: windowStartUs + packets,
    packetsForward: packets,
    packetsReverse: 0,
    bytesForward: packets * 100,
    bytesReverse: 0,
    flagsForward: 2,
    flagsReverse: 0,
  });
  const found: Evidence = {
    sensor: 'tap',
    detector: 'syn-flood',
    entity: `entity-${packets}`,
    windowStartUs,
    windowEndUs: windowStartUs + WINDOW_US,
    features: { packets },
    contacts: [],
    contributors: [],
    firstPacketUs: windowStartUs,
    lastPacketUs: windowStartUs,
    filter: { fromUs: windowStartUs, toUs: windowStartUs + 1 },
  };
  const kpi: KpiRow = {
    sensor: 'tap',
    windowStartUs,
    windowEndUs: windowStartUs + WINDOW_US,
    revision: packets,
    complete,
    announced: count(announced),
    arrived: count(packets),
    values: { packets, bytes: packets * 100, sizeMax: packets },
    protocols: [{ key: 'tcp', packets, bytes: packets * 100 }],
    icmpTypes: [],
    // Scorings differ in the seconds they have, too.
    seconds: [
      { startUs: windowStartUs + (packets % 10) * 1_000_000, packets: [packets, 0, 0, 0, 0], bytes: [1, 0, 0, 0, 0] },
    ],
    topSources: [],
    topDestinations: [],
    topPairs: [],
    topServices: [],
  };
  return { kpi, flows: Array.from({ length: 1 + (packets % 7) }, (_, i) => slice(i + 1)), evidence: [found] };
}

/** A session of a process that dies when it has written so many times. */
class DyingSession extends CassandraSession {
  left = Infinity;

  override async write(statement: Statement, options: WriteOptions = {}): Promise<void> {
    this.#live();
    await super.write(statement, options);
  }

  override async writePartition(statements: readonly Statement[], options: WriteOptions = {}): Promise<void> {
    this.#live();
    await super.writePartition(statements, options);
  }

  #live(): void {
    if (this.left-- <= 0) throw new PipelineError('STORE', 'this process is dead');
  }
}

describeWithServices(['cassandra'], 'CassandraResultStore', (settings) => {
  const keyspace = new CassandraKeyspace(settings, 'results');
  const sessions: DyingSession[] = [];
  let stores: CassandraResultStore[] = [];

  beforeAll(async () => {
    await keyspace.make();
    for (let i = 0; i < 4; i++) sessions.push(new DyingSession(await connectCassandra(keyspace.options)));
  });
  afterAll(async () => {
    await Promise.all(sessions.map((session) => session.close()));
    await keyspace.drop();
  });
  beforeEach(async () => {
    await keyspace.empty();
    for (const session of sessions) session.left = Infinity;
    stores = sessions.map((session) => new CassandraResultStore(session, new Directory(session, clock)));
  });

  const one = (startUs: number): { fromUs: number; toUs: number } => ({ fromUs: startUs, toUs: startUs + 1 });

  /** What the store says of a window, all of it; undefined when nothing. */
  async function stored(store: CassandraResultStore, startUs: number): Promise<WindowResult | undefined> {
    const [kpi] = await store.kpis('tap', one(startUs));
    const flows = await store.flows('tap', one(startUs));
    const evidence = await store.evidence('tap', one(startUs));
    return kpi && { kpi, flows, evidence };
  }

  const rows = (cql: string, values: readonly unknown[] = []): Promise<Record<string, unknown>[]> =>
    sessions[0]!.all(cql, values);

  /** The tables behind the port: nothing is left of other scorings, and what is derived fits. */
  async function expectSettled(results: readonly WindowResult[]): Promise<void> {
    const kpis = results.map(({ kpi }) => kpi);
    const packets = kpis.reduce((sum, { values }) => sum + values['packets']!, 0);
    const inTables = async (table: string): Promise<number> =>
      whole((await rows(`SELECT count(*) AS n FROM ${table}`))[0]!['n']);
    expect(await inTables('kpi_by_window')).toBe(results.length);
    expect(await inTables('flows_by_window')).toBe(results.reduce((sum, { flows }) => sum + flows.length, 0));
    expect(await inTables('evidence')).toBe(results.length);
    expect(await inTables('hosts_by_day')).toBe(2 * results.length);
    const seconds = await rows(`SELECT second, packets FROM kpi_by_second`);
    expect(seconds.map((row) => [(row['second'] as Date).getTime() * 1000, whole(row['packets'])]).sort()).toEqual(
      kpis.map((kpi) => [kpi.seconds[0]!.startUs, kpi.values['packets']]).sort(),
    );
    for (const table of ['kpi_by_minute', 'kpi_by_hour']) {
      const folded = await rows(`SELECT windows, packets, kpis, protocols FROM ${table}`);
      expect(
        folded.reduce((sum, row) => sum + (row['windows'] as number), 0),
        table,
      ).toBe(results.length);
      expect(
        folded.reduce((sum, row) => sum + whole(row['packets']), 0),
        table,
      ).toBe(packets);
    }
    const [hour] = await rows(`SELECT kpis FROM kpi_by_hour`);
    expect((hour!['kpis'] as Map<string, number>).get('sizeMax')).toBe(
      Math.max(...kpis.map(({ revision }) => revision)),
    );
  }

  it('ends with the scoring that knew most, whole, whoever writes at the same time and in whatever order', async () => {
    for (let round = 0; round < 6; round++) {
      const startUs = START + round * WINDOW_US;
      const scorings = shuffled([10, 23, 37, 40], round).map((packets) => scoring(startUs, packets));
      await Promise.all(scorings.map((result, i) => stores[i]!.putWindow(result)));
      expect(await stored(stores[round % 4]!, startUs)).toEqual(scoring(startUs, 40));
    }
    await expectSettled(Array.from({ length: 6 }, (_, round) => scoring(START + round * WINDOW_US, 40)));
  });

  it('does not let a late scorer that knew less take back what one that knew more has written', async () => {
    await stores[0]!.putWindow(scoring(START, 40));
    await stores[1]!.putWindow(scoring(START, 39));
    await stores[1]!.putWindow(scoring(START, 40, { complete: false }));
    expect(await stored(stores[2]!, START)).toEqual(scoring(START, 40));
    await stores[1]!.putWindow(scoring(START, 40, { announced: 50, complete: false }));
    expect((await stored(stores[2]!, START))?.kpi.announced.packets).toBe(50);
    await expectSettled([scoring(START, 40, { announced: 50, complete: false })]);
  });

  it('keeps minute and hour in step while windows of one minute are scored by several at once', async () => {
    const starts = Array.from({ length: 12 }, (_, i) => START + i * WINDOW_US);
    const jobs = shuffled(
      starts.flatMap((startUs) => [11, 18, 26].map((packets) => scoring(startUs, packets))),
      7,
    );
    const work = stores.map(async (store, lane) => {
      for (let i = lane; i < jobs.length; i += stores.length) await store.putWindow(jobs[i]!);
    });
    await Promise.all(work);
    await expectSettled(starts.map((startUs) => scoring(startUs, 26)));
    expect(await stores[0]!.sensors()).toEqual([
      { sensor: 'tap', windows: 12, firstUs: starts[0], lastUs: starts[11] },
    ]);
    const minutes = await rows(
      `SELECT windows, packets FROM kpi_by_minute WHERE sensor = 'tap' AND day = '2017-07-05'`,
    );
    expect(minutes.map((row) => [row['windows'], whole(row['packets'])])).toEqual([
      [6, 6 * 26],
      [6, 6 * 26],
    ]);
  });

  it('shows the old window or the new one, never a mixture, wherever a scorer dies, and is right when it is done again', async () => {
    const [session, store] = [sessions[0]!, stores[1]!];
    const results: WindowResult[] = [];
    for (let survived = false; !survived;) {
      const writes = results.length;
      const startUs = START + writes * WINDOW_US;
      const [before, after] = [scoring(startUs, 15), scoring(startUs, 29)];
      await new CassandraResultStore(session, new Directory(session, clock)).putWindow(before);
      session.left = writes;
      const dying = new CassandraResultStore(session, new Directory(session, clock));
      survived = await dying.putWindow(after).then(
        () => true,
        () => false,
      );
      session.left = Infinity;
      expect([before, after], `after ${writes} writes`).toContainEqual(await stored(store, startUs));
      await store.putWindow(after);
      expect(await stored(store, startUs)).toEqual(after);
      results.push(after);
      expect(writes).toBeLessThan(50);
    }
    // Before its row counts, and after: in the middle of all that follows from it.
    expect(results.length).toBeGreaterThan(8);
    await expectSettled(results);
  });

  it('reads a window whole while it is being replaced', async () => {
    const versions = Array.from({ length: 12 }, (_, i) => scoring(START, 20 + i));
    await stores[0]!.putWindow(versions[0]!);
    const progress = { done: false };
    const writer = (async () => {
      for (const version of versions) await stores[1]!.putWindow(version);
      progress.done = true;
    })();
    let reads = 0;
    while (!progress.done) {
      const flows = await stores[2]!.flows('tap', one(START));
      const version = versions.find(({ kpi }) => kpi.revision === flows[0]?.packetsForward);
      expect(flows).toEqual(version?.flows);
      const [found] = await stores[3]!.evidence('tap', one(START));
      expect(versions.flatMap(({ evidence }) => evidence)).toContainEqual(found);
      reads++;
    }
    await writer;
    expect(reads).toBeGreaterThan(3);
  });

  const alert = (id: string, windowStartUs: number, more: Partial<Alert> = {}): Alert => ({
    id,
    sensor: 'tap',
    detector: 'syn-flood',
    detectorVersion: 1,
    entity: '192.0.2.80:80',
    windowStartUs,
    windowEndUs: windowStartUs + WINDOW_US,
    firstPacketUs: windowStartUs,
    lastPacketUs: windowStartUs,
    severity: 'high',
    score: 0.5,
    state: 'provisional',
    windows: 1,
    summary: 'numbers',
    reasons: [],
    contributors: [],
    attack: ['T1498.001'],
    complete: true,
    quality: { confidence: 1, doubts: [] },
    config: '0123456789ab',
    filter: { fromUs: windowStartUs, toUs: windowStartUs + 1 },
    ...more,
  });

  it('ends with the same alert in every table when several write it at once, and with the later of two in turn', async () => {
    for (let round = 0; round < 5; round++) {
      const id = `a${round}`;
      const states = (['provisional', 'confirmed', 'provisional', 'confirmed'] as const).map((state, i) =>
        alert(id, START, { state, windows: i + 1 }),
      );
      await Promise.all(states.map((one, i) => stores[i]!.putAlerts([one])));
      const found = await stores[0]!.alert(id);
      const byDay = (await stores[1]!.alerts('tap', one(START))).find((other) => other.id === id);
      expect(byDay).toEqual(found);
      const [byEntity] = await rows(
        `SELECT windows, state FROM alerts_by_entity WHERE sensor = 'tap' AND entity = '192.0.2.80:80' AND month = '2017-07-01'
         AND window_start = ? AND id = ?`,
        [new Date(START / 1000), id],
      );
      expect(byEntity).toMatchObject({ windows: found?.windows, state: found?.state });
      const open = (await stores[2]!.provisional('tap')).map((other) => other.id);
      expect(open.includes(id)).toBe(found?.state === 'provisional');
    }
  });

  it('lets whoever looked last have the last word, by whatever clock', async () => {
    const session = sessions[3]!;
    const behind = new CassandraResultStore(
      session,
      new Directory(session, { nowUs: () => clock.nowUs() - 3_600_000_000 }),
    );
    await stores[0]!.putAlerts([alert('a', START)]);
    await behind.putAlerts([alert('a', START, { state: 'confirmed' })]);
    expect((await stores[1]!.alert('a'))?.state).toBe('confirmed');
    expect(await stores[1]!.provisional('tap')).toEqual([]);
  });

  it('finds an alert by every day it lasts, and only there', async () => {
    const day = 86_400_000_000;
    const start = Date.parse('2017-07-05T23:59:50Z') * 1000;
    await stores[0]!.putAlerts([alert('long', start, { windowEndUs: start + 2 * day })]);
    await stores[0]!.putAlerts([alert('short', start)]);
    const ids = async (fromUs: number): Promise<string[]> =>
      (await stores[1]!.alerts('tap', { fromUs, toUs: fromUs + WINDOW_US })).map(({ id }) => id);
    expect(await ids(start)).toEqual(['long', 'short']);
    expect(await ids(start + day)).toEqual(['long']);
    expect(await ids(start + 2 * day - 1)).toEqual(['long']);
    expect(await ids(start + 2 * day)).toEqual([]);
    expect(await ids(start + 30 * day)).toEqual([]);
  });

  it('keeps windows of absurd years, and finds them in the whole of time', async () => {
    const starts = [-(2 ** 52), 2 ** 52].map((timeUs) => Math.floor(timeUs / WINDOW_US) * WINDOW_US);
    for (const startUs of starts) await stores[0]!.putWindow(scoring(startUs, 5));
    const all = await stores[1]!.kpis('tap', { fromUs: -Infinity, toUs: Infinity });
    expect(all.map((row) => row.windowStartUs)).toEqual(starts);
    expect(await stores[1]!.flows('tap', { fromUs: -Infinity, toUs: Infinity })).toHaveLength(12);
  });

  it('refuses a window that does not start on a millisecond', async () => {
    await expect(stores[0]!.putWindow(scoring(START + 1, 5))).rejects.toMatchObject({ code: 'USAGE' });
  });
});
