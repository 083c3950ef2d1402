/** What a window comes down to: the KPI row of a small scene as a golden, and of real captures against tshark's counts. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { flowSlices, kpiRow, type WindowMeta } from '@tapline/core/kpi/kpi-row-from-pane';
import { KPIS } from '@tapline/core/kpi/kpis';
import { TOP_LIMIT, topEntries } from '@tapline/core/kpi/top-talkers';
import { assignHashedFlow } from '@tapline/core/raw/hashed-flow';
import { Pane } from '@tapline/core/window/pane';
import { captureIndex, CAPTURES } from '../../helpers/captures.ts';
import { decodeCapture } from '../../helpers/decode.ts';
import { batchesOf, FLAG, recut, type TestPacket } from '../../helpers/packets.ts';
import { panesOf, partialsOf } from '../../helpers/panes.ts';

const NONE = { batches: 0, packets: 0, bytes: 0 };
const META: WindowMeta = {
  sensor: 'sensor',
  revision: 1,
  complete: true,
  announced: NONE,
  arrived: NONE,
  dropShare: 0,
};

const client = '192.0.2.10';
const server = '198.51.100.80';

/** A web fetch, a lookup, a refused connection, a ping, an address question, and a connection nobody answers. */
const SCENE: readonly TestPacket[] = [
  { timeUs: 0, from: client, to: server, sourcePort: 50_000, destinationPort: 443, flags: FLAG.syn, length: 74 },
  {
    timeUs: 900,
    from: server,
    to: client,
    sourcePort: 443,
    destinationPort: 50_000,
    flags: FLAG.syn | FLAG.ack,
    length: 74,
  },
  { timeUs: 1000, from: client, to: server, sourcePort: 50_000, destinationPort: 443, flags: FLAG.ack, length: 66 },
  {
    timeUs: 2000,
    from: client,
    to: server,
    sourcePort: 50_000,
    destinationPort: 443,
    flags: FLAG.psh | FLAG.ack,
    length: 583,
    payload: 517,
  },
  {
    timeUs: 1_200_000,
    from: server,
    to: client,
    sourcePort: 443,
    destinationPort: 50_000,
    flags: FLAG.ack,
    length: 1514,
    payload: 1448,
  },
  {
    timeUs: 1_300_000,
    from: client,
    to: '192.0.2.53',
    protocol: 'udp',
    sourcePort: 40_000,
    destinationPort: 53,
    length: 80,
    payload: 38,
  },
  {
    timeUs: 1_310_000,
    from: '192.0.2.53',
    to: client,
    protocol: 'udp',
    sourcePort: 53,
    destinationPort: 40_000,
    length: 120,
    payload: 78,
  },
  {
    timeUs: 2_000_000,
    from: client,
    to: server,
    sourcePort: 50_001,
    destinationPort: 8443,
    flags: FLAG.syn,
    length: 74,
  },
  {
    timeUs: 2_000_500,
    from: server,
    to: client,
    sourcePort: 8443,
    destinationPort: 50_001,
    flags: FLAG.rst | FLAG.ack,
    length: 54,
  },
  { timeUs: 3_000_000, from: client, to: server, protocol: 'icmp', icmp: [8, 0], length: 98, payload: 56 },
  { timeUs: 3_010_000, from: server, to: client, protocol: 'icmp', icmp: [0, 0], length: 98, payload: 56 },
  { timeUs: 4_000_000, from: client, to: '192.0.2.1', protocol: 'arp', arp: 1, length: 42 },
  { timeUs: 4_000_100, from: '192.0.2.1', to: client, protocol: 'arp', arp: 2, length: 60 },
  {
    timeUs: 9_999_999,
    from: '2001:db8::5',
    to: '2001:db8::80',
    sourcePort: 50_002,
    destinationPort: 22,
    flags: FLAG.syn,
    length: 94,
  },
];

describe('kpiRow', () => {
  it('says of a small scene what a person would count', async () => {
    const [pane] = panesOf(batchesOf(SCENE));
    const row = { ...kpiRow(pane!, META), flows: flowSlices(pane!, 'sensor') };
    await expect(`${JSON.stringify(row, null, 2)}\n`).toMatchFileSnapshot('../../golden/kpi/scene.json');
    expect(row.values).toMatchObject({
      packets: 14,
      flows: 6,
      newFlows: 6,
      syn: 3,
      synAck: 1,
      halfOpen: 2,
      failedContacts: 2,
    });
  });

  it('does not depend on how the scene was cut into batches', () => {
    const [whole] = panesOf(batchesOf(SCENE));
    const [pieces] = panesOf(recut(batchesOf(SCENE), [1, 3, 2]));
    expect(kpiRow(pieces!, META)).toEqual(kpiRow(whole!, META));
    expect(flowSlices(pieces!, 'sensor')).toEqual(flowSlices(whole!, 'sensor'));
  });

  it('has every KPI of the table as a finite number, for an empty window too', () => {
    const row = kpiRow(new Pane(0, 10_000_000), META);
    expect(Object.keys(row.values)).toEqual(KPIS.map(({ name }) => name));
    for (const value of Object.values(row.values)) expect(Number.isFinite(value)).toBe(true);
    expect(new Set(KPIS.map(({ name }) => name)).size).toBe(KPIS.length);
  });

  it('counts as new only the flows that no earlier window has seen', () => {
    const connection = (timeUs: number, sourcePort: number): TestPacket => ({
      timeUs,
      from: client,
      to: server,
      sourcePort,
      destinationPort: 443,
      flags: FLAG.ack,
    });
    const earlier = [1, 2, 3, 4].map((port) => connection(port, port));
    const later = [2, 5, 1, 6, 4, 7].map((port, index) => connection(10_000_000 + index, port));
    const panes = panesOf(batchesOf([...earlier, ...later]));
    expect(panes.map((pane) => kpiRow(pane, META).values['newFlows'])).toEqual([4, 3]);
  });

  it('counts flows of raw records as new when they open, since their numbers say nothing of age', () => {
    const columns = batchesOf(SCENE);
    for (const batch of columns) for (let row = 0; row < batch.count; row++) assignHashedFlow(batch, row);
    const { values } = kpiRow(panesOf(columns)[0]!, META);
    // Of six flows the lookup is UDP, which has no opening packet.
    expect(values).toMatchObject({ flows: 6, newFlows: 5 });
  });

  it('numbers flows apart by session: two runs of one sensor do not melt together', () => {
    const columns = batchesOf(SCENE);
    const pane = new Pane(0, 10_000_000);
    for (const session of ['b', 'a']) {
      for (const partial of partialsOf(columns[0]!, 10_000_000, session).values()) pane.add(partial);
    }
    const { values } = kpiRow(pane, META);
    expect(values).toMatchObject({ packets: 28, flows: 12, newFlows: 12 });
    expect(flowSlices(pane, 'sensor').map(({ session, flow }) => `${session}${flow}`)).toEqual(
      ['a', 'b'].flatMap((session) => [1, 2, 3, 4, 5, 6].map((flow) => `${session}${flow}`)),
    );
  });
});

describe('topEntries', () => {
  it('orders by bytes, packets, then key, and stops at the limit', () => {
    const entries = Array.from({ length: 50 }, (_, index) => ({
      key: `k${index % 25}${index}`,
      packets: 1,
      bytes: index >> 2,
    }));
    const top = topEntries(entries);
    expect(top).toHaveLength(TOP_LIMIT);
    expect(topEntries(entries.toReversed())).toEqual(top);
    expect(top[0]!.bytes).toBe(12);
  });
});

describe.skipIf(CAPTURES === undefined)('KPIs of the shared captures', () => {
  const sums = async (path: string): Promise<Record<string, number>> => {
    const { batches } = await decodeCapture(join(CAPTURES!, path));
    const total: Record<string, number> = {};
    for (const pane of panesOf(batches)) {
      for (const [name, value] of Object.entries(kpiRow(pane, META).values)) total[name] = (total[name] ?? 0) + value;
    }
    return total;
  };

  it('add up to what tshark counted', async () => {
    const differences: string[] = [];
    for (const golden of captureIndex('GOLDEN')) {
      const total = await sums(golden['path']!);
      const pairs: [string, number, number][] = [
        ['packets', total['packets']!, Number(golden['packets'])],
        ['bytes', total['bytes']!, Number(golden['bytes_on_wire'])],
        ['syn', total['syn']!, Number(golden['syn_only'])],
        ['synAck', total['synAck']!, Number(golden['syn_ack'])],
        ['rst', total['rst']!, Number(golden['rst'])],
        ['arp', total['arpPackets']!, Number(golden['arp'])],
        ['fragments', total['fragments']!, Number(golden['ip_fragments'])],
      ];
      for (const [name, ours, theirs] of pairs) {
        if (ours !== theirs) differences.push(`${golden['path']!} ${name}: ${ours}, tshark ${theirs}`);
      }
    }
    expect(differences).toEqual([]);
    expect(captureIndex('GOLDEN').length).toBeGreaterThan(20);
  });
});
