/** The contract of ResultStore: every implementation passes this suite. */
import type { Alert, Evidence } from '@tapline/core/detect/alert';
import type { FlowSlice, KpiRow } from '@tapline/core/kpi/kpi-row';
import type { ResultStore, WindowResult } from '@tapline/core/ports';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MakeHarness, StoreHarness } from './harness.ts';
import { HandClock, HOSTILE_NAMES, shuffled } from './harness.ts';
import { scored, usual } from './history-rows.ts';

const START = 1_499_258_930_000_000;
const ALL = { fromUs: -Infinity, toUs: Infinity };

function kpi(sensor: string, windowStartUs: number, revision = 1): KpiRow {
  const count = { batches: 1, packets: 10, bytes: 1000 };
  const top = [{ key: '10.0.0.1', packets: 3, bytes: 300 }];
  return {
    sensor,
    windowStartUs,
    windowEndUs: windowStartUs + 10_000_000,
    revision,
    complete: true,
    announced: count,
    arrived: count,
    values: { packets: 10, entropy: 0.1 + 0.2, tiny: 5e-324, large: 2 ** 53 },
    protocols: [{ key: 'tcp', packets: 10, bytes: 1000 }],
    icmpTypes: [],
    seconds: [{ startUs: windowStartUs, packets: [10, 0, 0, 0, 0], bytes: [1000, 0, 0, 0, 0] }],
    topSources: top,
    topDestinations: top,
    topPairs: [],
    topServices: [{ key: 'tcp/443', packets: 1, bytes: 60 }],
  };
}

function slice(sensor: string, session: string, flow: number, windowStartUs: number): FlowSlice {
  return {
    sensor,
    session,
    flow,
    windowStartUs,
    source: '2001:db8::1',
    destination: '192.168.10.50',
    sourcePort: flow & 65535,
    destinationPort: 443,
    protocol: 'tcp',
    firstUs: windowStartUs + 1,
    lastUs: windowStartUs + 9_999_999,
    packetsForward: 4,
    packetsReverse: 3,
    bytesForward: 2 ** 40,
    bytesReverse: 9000,
    flagsForward: 0x1ff,
    flagsReverse: 18,
  };
}

function evidence(windowStartUs: number, entity: string, detector: Evidence['detector'] = 'syn-flood'): Evidence {
  return {
    sensor: 'tap',
    detector,
    entity,
    windowStartUs,
    windowEndUs: windowStartUs + 10_000_000,
    features: { syn: 5000 },
    contacts: [1, 5, 4_000_000_000],
    contributors: [{ key: '10.9.9.9', value: 5000, unit: 'packets' }],
    firstPacketUs: windowStartUs,
    lastPacketUs: windowStartUs + 5,
    filter: { fromUs: windowStartUs, toUs: windowStartUs + 10, host: entity },
  };
}

function alert(id: string, windowStartUs: number, more: Partial<Alert> = {}): Alert {
  return {
    id,
    sensor: 'tap',
    detector: 'syn-flood',
    detectorVersion: 1,
    entity: '10.0.0.1:80',
    windowStartUs,
    windowEndUs: windowStartUs + 10,
    firstPacketUs: windowStartUs,
    lastPacketUs: windowStartUs + 9,
    severity: 'high',
    score: 0.9,
    state: 'provisional',
    windows: 1,
    summary: '<script>alert(1)</script>',
    reasons: [{ feature: 'syn', value: 5000, unit: 'packets', floor: 100, baseline: null, ratio: 50, contribution: 1 }],
    contributors: [],
    attack: ['T1498.001'],
    complete: true,
    quality: { confidence: 1, doubts: [] },
    config: '0123456789ab',
    filter: { fromUs: windowStartUs, toUs: windowStartUs + 10 },
    ...more,
  };
}

const result = (
  windowStartUs: number,
  flows: FlowSlice[] = [],
  found: Evidence[] = [],
  revision = 1,
): WindowResult => ({
  kpi: kpi('tap', windowStartUs, revision),
  flows,
  evidence: found,
});

export function describeResultStore(name: string, make: MakeHarness<ResultStore>, { persistent = true } = {}): void {
  describe(`ResultStore on ${name}`, () => {
    const clock = new HandClock();
    let harness: StoreHarness<ResultStore>;
    let store: ResultStore;
    beforeEach(async () => {
      harness = make();
      store = await harness.open(clock);
    });
    afterEach(() => harness.dispose());

    it('gives back what a window was observed to say, with the row of the same scoring', async () => {
      const bytes = (value: number): Uint8Array => new Uint8Array(20_000).fill(value);
      const put = (windowStartUs: number, revision: number, observations?: Uint8Array): Promise<void> =>
        store.putWindow({
          kpi: kpi('tap', windowStartUs, revision),
          flows: [],
          evidence: [],
          ...(observations && { observations }),
        });
      await put(START + 10_000_000, 1, bytes(2));
      await put(START, 1, bytes(1));
      await put(START, 2, bytes(3));
      await put(START + 20_000_000, 1);
      const past = async (range = ALL, limit = 10): Promise<unknown[]> =>
        (await store.pastWindows('tap', range, limit)).map(({ kpi: row, observations }) => [
          row.windowStartUs - START,
          row.revision,
          observations && Uint8Array.from(observations),
        ]);
      expect(await past()).toEqual([
        [0, 2, bytes(3)],
        [10_000_000, 1, bytes(2)],
        [20_000_000, 1, undefined],
      ]);
      expect(await past({ fromUs: START + 1, toUs: Infinity }, 1)).toEqual([[10_000_000, 1, bytes(2)]]);
      expect(await past({ fromUs: START + 1, toUs: START + 2 })).toEqual([]);
    });

    it('is empty at first', async () => {
      expect(await store.kpis('tap', ALL)).toEqual([]);
      expect(await store.flows('tap', ALL)).toEqual([]);
      expect(await store.evidence('tap', ALL)).toEqual([]);
      expect(await store.alerts('tap', ALL)).toEqual([]);
      expect(await store.alert('x')).toBeUndefined();
      expect(await store.sensors()).toEqual([]);
    });

    it('gives back exactly what was put', async () => {
      const flows = [slice('tap', 's', 1, START), slice('tap', 's', 2 ** 32 - 1, START)];
      await store.putWindow(result(START, flows, [evidence(START, '10.0.0.1:80')]));
      expect(await store.kpis('tap', ALL)).toEqual([kpi('tap', START)]);
      expect(await store.flows('tap', ALL)).toEqual(flows);
      expect(await store.evidence('tap', ALL)).toEqual([evidence(START, '10.0.0.1:80')]);
    });

    it('says what a host did window by window, and with which flows, from either end of the time', async () => {
      const [peer, host] = ['2001:db8::1', '192.168.10.50'];
      const starts = [0, 10, 20].map((seconds) => START + seconds * 1_000_000);
      const elsewhere = { ...slice('tap', 's', 9, START), source: '10.0.0.1', destination: '10.0.0.2' };
      for (const start of shuffled(starts, 7)) {
        const flows = [2, 1].map((flow) => ({ ...slice('tap', 's', flow, start), bytesForward: 5000 }));
        await store.putWindow(result(start, [...flows, { ...elsewhere, windowStartUs: start }]));
      }
      const range = { fromUs: START, toUs: START + 30_000_000 };
      const windows = await store.hostWindows('tap', host, range, 10);
      expect(windows.map(({ windowStartUs }) => windowStartUs)).toEqual(starts);
      expect(windows[0]).toEqual({
        host,
        windowStartUs: START,
        flows: 2,
        flowsStarted: 0,
        packetsSent: 6,
        packetsReceived: 8,
        bytesSent: 18_000,
        bytesReceived: 10_000,
        peers: 1,
        portsContacted: 0,
        topPeers: [{ key: peer, packets: 14, bytes: 28_000 }],
        topServices: [{ key: 'tcp/443', packets: 14, bytes: 28_000 }],
      });
      const startsOf = async (limit: number, first: 'newest' | 'oldest', toUs = range.toUs): Promise<number[]> =>
        (await store.hostWindows('tap', peer, { ...range, toUs }, limit, first)).map((one) => one.windowStartUs);
      expect(await startsOf(2, 'newest')).toEqual(starts.slice(1));
      expect(await startsOf(2, 'oldest')).toEqual(starts.slice(0, 2));
      expect(await startsOf(2, 'newest', starts[2])).toEqual(starts.slice(0, 2));
      const flows = await store.hostFlows('tap', host, START, 10);
      expect(flows.map(({ flow }) => flow)).toEqual([1, 2]);
      expect(await store.hostFlows('tap', '10.0.0.2', START, 10)).toEqual([elsewhere]);
      expect(await store.hostFlows('tap', host, START, 1)).toEqual(flows.slice(0, 1));
      expect(await store.hostWindows('tap', '10.9.9.9', range, 10)).toEqual([]);
      expect(await store.hostFlows('tap', host, START + 1, 10)).toEqual([]);
    });

    it('forgets what a host did in a window that was scored anew without it', async () => {
      const range = { fromUs: START, toUs: START + 1 };
      await store.putWindow(result(START, [slice('tap', 's', 1, START)]));
      await store.putWindow(result(START, [{ ...slice('tap', 's', 1, START), source: '10.0.0.1' }], [], 2));
      expect(await store.hostWindows('tap', '2001:db8::1', range, 10)).toEqual([]);
      expect(await store.hostWindows('tap', '10.0.0.1', range, 10)).toHaveLength(1);
    });

    it('replaces a window as a whole', async () => {
      const many = [...Array(130).keys()].map((flow) => slice('tap', 's', flow + 1, START));
      await store.putWindow(result(START, many, [evidence(START, 'a'), evidence(START, 'b')]));
      await store.putWindow(result(START, [slice('tap', 's', 5, START)], [evidence(START, 'b')], 2));
      expect((await store.kpis('tap', ALL)).map((row) => row.revision)).toEqual([2]);
      expect(await store.flows('tap', ALL)).toEqual([slice('tap', 's', 5, START)]);
      expect((await store.evidence('tap', ALL)).map((found) => found.entity)).toEqual(['b']);
    });

    it('reads windows of a half-open range in time order, whatever order they came in', async () => {
      const starts = [-20, -10, 0, 10, 20, 30].map((i) => START + i * 1_000_000);
      await Promise.all(
        shuffled(starts, 3).map((start) =>
          store.putWindow(result(start, [slice('tap', 's', 1, start)], [evidence(start, 'e')])),
        ),
      );
      await store.putWindow({ kpi: kpi('other', START), flows: [], evidence: [] });
      const range = { fromUs: starts[1]!, toUs: starts[4]! };
      const expected = starts.slice(1, 4);
      expect((await store.kpis('tap', range)).map((row) => row.windowStartUs)).toEqual(expected);
      expect((await store.kpis('tap', range, 2)).map((row) => row.windowStartUs)).toEqual(expected.slice(0, 2));
      expect((await store.flows('tap', range)).map((row) => row.windowStartUs)).toEqual(expected);
      expect((await store.evidence('tap', range)).map((row) => row.windowStartUs)).toEqual(expected);
      expect(await store.sensors()).toEqual([
        { sensor: 'other', windows: 1, firstUs: START, lastUs: START },
        { sensor: 'tap', windows: starts.length, firstUs: starts[0], lastUs: starts[5] },
      ]);
    });

    it('orders flows by window, session and flow, and evidence by window, detector and entity', async () => {
      const flows = [slice('tap', 'b', 1, START), slice('tap', 'a', 10, START), slice('tap', 'a', 9, START)];
      const found = [evidence(START, 'z'), evidence(START, 'a'), evidence(START, 'm', 'horizontal-scan')];
      const later = START + 1_000_000;
      await store.putWindow(result(later, [slice('tap', 'a', 1, later)]));
      await store.putWindow(result(START, flows, found));
      const names = (await store.flows('tap', ALL)).map((row) => `${row.session}${row.flow}`);
      expect(names).toEqual(['a9', 'a10', 'b1', 'a1']);
      expect(await store.flows('tap', ALL, 2)).toEqual([flows[2], flows[1]]);
      expect((await store.evidence('tap', ALL)).map((row) => row.entity)).toEqual(['m', 'a', 'z']);
    });

    it('keeps the last of an alert that is put twice at once, as a window that makes it final does', async () => {
      const ids = ['a', 'b', 'c', 'd', 'e'];
      await store.putAlerts(ids.flatMap((id) => [alert(id, 100), alert(id, 100, { state: 'confirmed' })]));
      expect((await store.alerts('tap', ALL)).map(({ state }) => state)).toEqual(ids.map(() => 'confirmed'));
      expect(await store.provisional('tap')).toEqual([]);
    });

    it('upserts alerts by id and finds those that overlap a range, by start and id', async () => {
      await store.putAlerts([alert('b', 100), alert('c', 50, { windowEndUs: 101 }), alert('d', 300)]);
      await store.putAlerts([alert('a', 100), alert('b', 100, { state: 'confirmed', windows: 4 })]);
      await store.putAlerts([alert('o', 100, { sensor: 'other' })]);
      const ids = async (fromUs: number, toUs: number): Promise<string[]> =>
        (await store.alerts('tap', { fromUs, toUs })).map((found) => found.id);
      expect(await ids(100, 110)).toEqual(['c', 'a', 'b']);
      expect(await ids(101, 300)).toEqual(['a', 'b']);
      expect(await ids(110, 300)).toEqual([]);
      expect(await ids(-Infinity, Infinity)).toEqual(['c', 'a', 'b', 'd']);
      expect(await store.alert('b')).toEqual(alert('b', 100, { state: 'confirmed', windows: 4 }));
    });

    it('lists the alerts that wait for finality, of one sensor, until they are confirmed or withdrawn', async () => {
      await store.putAlerts([alert('b', 100), alert('a', 100), alert('c', 50), alert('o', 1, { sensor: 'other' })]);
      await store.putAlerts([alert('d', 70, { state: 'confirmed' }), alert('e', 80)]);
      await store.putAlerts([alert('a', 100, { state: 'confirmed' }), alert('e', 80, { state: 'withdrawn' })]);
      expect((await store.provisional('tap')).map(({ id }) => id)).toEqual(['c', 'b']);
      expect(await store.provisional('tap')).toEqual([alert('c', 50), alert('b', 100)]);
      await store.putAlerts([alert('a', 100)]);
      expect((await store.provisional('tap')).map(({ id }) => id)).toEqual(['c', 'a', 'b']);
      expect(await store.provisional('nobody')).toEqual([]);
    });

    it('gives alerts their last state only where they are as the one who gives it knew them', async () => {
      await store.putAlerts([alert('a', 100), alert('b', 100), alert('c', 100)]);
      await store.putAlerts([alert('b', 100, { windows: 4 })]);
      await store.concludeAlerts([
        alert('a', 100, { state: 'confirmed' }),
        alert('b', 100, { state: 'confirmed' }),
        alert('c', 100, { state: 'withdrawn' }),
        alert('d', 100, { state: 'confirmed' }),
      ]);
      const concluded = [
        alert('a', 100, { state: 'confirmed' }),
        alert('b', 100, { windows: 4 }),
        alert('c', 100, { state: 'withdrawn' }),
      ];
      expect(await store.alerts('tap', ALL)).toEqual(concluded);
      expect(await Promise.all(['a', 'b', 'c', 'd'].map((id) => store.alert(id)))).toEqual([...concluded, undefined]);
      expect((await store.provisional('tap')).map(({ id }) => id)).toEqual(['b']);
      await store.putAlerts([alert('a', 100, { windows: 2 })]);
      await store.concludeAlerts([alert('c', 100, { state: 'confirmed' })]);
      expect((await store.provisional('tap')).map(({ id }) => id)).toEqual(['a', 'b']);
      expect((await store.alert('c'))?.state).toBe('confirmed');
    });

    it('keeps what is usual for hosts, the last of each window and host, in order, of one sensor', async () => {
      const [early, late] = [START - 86_400_000_000, START + 10_000_000];
      const scan = usual(START, 'b', { detector: 'horizontal-scan', feature: 'hosts without an answer' });
      await store.putUsual([usual(late, 'a'), usual(START, 'b'), usual(early, 'c'), usual(START, 'a'), scan]);
      await store.putUsual([usual(START, 'b', { isWithdrawn: true }), usual(START, 'a', { sensor: 'other' })]);
      expect(await store.usual('tap', ALL)).toEqual([
        usual(early, 'c'),
        scan,
        usual(START, 'a'),
        usual(START, 'b', { isWithdrawn: true }),
        usual(late, 'a'),
      ]);
      expect(await store.usual('tap', { fromUs: START, toUs: late })).toHaveLength(3);
      expect(await store.usual('nobody', ALL)).toEqual([]);
    });

    it('keeps what the history said of windows, the last of each, in order, of one sensor', async () => {
      const [early, late] = [START - 86_400_000_000, START + 10_000_000];
      const learning = { state: 'learning', score: null, threshold: null, feature: null } as const;
      await store.putScores([scored(late), scored(START), scored(early, learning)]);
      await store.putScores([scored(START, { isWithdrawn: true }), scored(START, { sensor: 'other' })]);
      await store.putScores([]);
      const [first, gone, last] = [scored(early, learning), scored(START, { isWithdrawn: true }), scored(late)];
      expect(await store.scores('tap', ALL)).toEqual([first, gone, last]);
      expect(await store.scores('tap', { fromUs: START, toUs: late })).toEqual([gone]);
      expect(await store.scores('nobody', ALL)).toEqual([]);
    });

    it('takes any text as a name, an entity or an id', async () => {
      for (const hostile of HOSTILE_NAMES) {
        await store.putWindow({
          kpi: kpi(hostile, START),
          flows: [slice(hostile, hostile, 1, START)],
          evidence: [{ ...evidence(START, hostile), sensor: hostile }],
        });
        await store.putAlerts([alert(hostile, START, { sensor: hostile, entity: hostile })]);
        await store.putUsual([usual(START, hostile, { sensor: hostile, feature: hostile })]);
        await store.putScores([scored(START, { sensor: hostile })]);
      }
      for (const hostile of HOSTILE_NAMES) {
        expect(await store.kpis(hostile, ALL)).toEqual([kpi(hostile, START)]);
        expect(await store.flows(hostile, ALL)).toEqual([slice(hostile, hostile, 1, START)]);
        expect((await store.evidence(hostile, ALL)).map((found) => found.entity)).toEqual([hostile]);
        expect((await store.alert(hostile))?.entity).toBe(hostile);
        expect(await store.scores(hostile, ALL)).toEqual([scored(START, { sensor: hostile })]);
        expect((await store.usual(hostile, ALL)).map(({ entity }) => entity)).toEqual([hostile]);
      }
      expect(await store.sensors()).toHaveLength(HOSTILE_NAMES.length);
    });

    if (persistent)
      it('still has everything after it was closed and opened', async () => {
        await store.putWindow(result(START, [slice('tap', 's', 1, START)], [evidence(START, 'e')]));
        await store.putAlerts([alert('a', START)]);
        await store.putUsual([usual(START, 'e')]);
        await harness.close();
        store = await harness.open(clock);
        expect(await store.kpis('tap', ALL)).toEqual([kpi('tap', START)]);
        expect(await store.flows('tap', ALL)).toEqual([slice('tap', 's', 1, START)]);
        expect(await store.evidence('tap', ALL)).toEqual([evidence(START, 'e')]);
        expect(await store.alert('a')).toEqual(alert('a', START));
        expect(await store.usual('tap', ALL)).toEqual([usual(START, 'e')]);
      });
  });
}
