/** The digest: the same for rows that say the same, another one for any other row. */
import { codecs } from '@tapline/adapters/codec/codecs';
import { newHash } from '@tapline/adapters/hash/sha256';
import { MemoryPacketStore } from '@tapline/adapters/memory/packet-store';
import { MemoryResultStore } from '@tapline/adapters/memory/result-store';
import { canonical } from '@tapline/core/digest/canonical';
import { digest } from '@tapline/core/digest/digest';
import type { Alert } from '@tapline/core/detect/alert';
import type { FlowSlice, KpiRow } from '@tapline/core/kpi/kpi-row';
import { COLUMNS, type PacketColumns } from '@tapline/core/packet/columns';
import { encodeBatch } from '@tapline/core/wire/batch';
import { noCodec } from '@tapline/core/wire/no-codec';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { recut } from '../../helpers/packets.ts';
import { randomColumns } from '../wire/columns-of.ts';

const count = { batches: 1, packets: 2, bytes: 120 };

function kpi(windowStartUs: number, more: Partial<KpiRow> = {}): KpiRow {
  const tops = { topSources: [], topDestinations: [], topPairs: [], topServices: [] };
  const base = { sensor: 'tap', windowStartUs, windowEndUs: windowStartUs + 10, revision: 1, complete: true };
  const parts = { announced: count, arrived: count, values: { packets: 2, bytes: 120 }, protocols: [], icmpTypes: [] };
  return { ...base, ...parts, seconds: [], ...tops, ...more };
}

function flow(number: number, windowStartUs: number, more: Partial<FlowSlice> = {}): FlowSlice {
  const ends = { source: '10.0.0.1', destination: '10.0.0.2', sourcePort: 1, destinationPort: 2, protocol: 'udp' };
  const counts = { packetsForward: 1, packetsReverse: 0, bytesForward: 60, bytesReverse: 0 };
  const base = {
    sensor: 'tap',
    session: 's',
    flow: number,
    windowStartUs,
    firstUs: windowStartUs,
    lastUs: windowStartUs,
  };
  return { ...base, ...ends, ...counts, flagsForward: 0, flagsReverse: 0, ...more };
}

const alert = { id: 'a', sensor: 'tap', windowStartUs: 0, windowEndUs: 10, state: 'confirmed', score: 0.5 } as Alert;

/** Packets of a session: which ones, how many, and how many of them go into each batch. */
interface Session {
  readonly session: string;
  readonly seed: number;
  readonly packets: number;
  readonly cuts: readonly number[];
  /** Batches that are lost again once they are listed. */
  readonly lost?: readonly number[];
  /** Batches of which the last byte is another one. */
  readonly damaged?: readonly number[];
}

interface Rows {
  kpis?: KpiRow[];
  flows?: FlowSlice[];
  alerts?: Alert[];
  sessions?: Session[];
  sensor?: string;
}

async function digestOf({ kpis = [], flows = [], alerts = [], sessions = [], sensor = 'tap' }: Rows): Promise<string> {
  const results = new MemoryResultStore();
  const packets = new MemoryPacketStore();
  for (const row of kpis) {
    const own = flows.filter((slice) => slice.windowStartUs === row.windowStartUs);
    await results.putWindow({ kpi: { ...row, sensor }, flows: own, evidence: [] });
  }
  await results.putAlerts(alerts.map((one) => ({ ...one, sensor })));
  for (const session of sessions) await putSession(packets, sensor, session);
  return digest(sensor, { results, packets, codecs, newHash });
}

async function putSession(
  packets: MemoryPacketStore,
  sensor: string,
  { session, seed, packets: count, cuts, lost = [], damaged = [] }: Session,
): Promise<void> {
  const batches = recut([decodedColumns(seed, count)], cuts);
  for (const [sequence, columns] of batches.entries()) {
    const { header, bytes } = encodeBatch(columns, { sensor, session, sequence }, noCodec);
    if (damaged.includes(sequence)) bytes[bytes.length - 1]! ^= 1;
    await packets.putBatch(header, lost.includes(sequence) ? new Uint8Array(0) : bytes);
  }
}

/** As decoders leave them: zero in every row that has not the layer the column needs. */
function decodedColumns(seed: number, count: number): PacketColumns {
  const columns = randomColumns(seed, count);
  for (const { name, type, needs } of COLUMNS) {
    const words = type === 'address' ? 4 : 1;
    for (let row = 0; row < count; row++) {
      if (needs !== 0 && (columns.layers[row]! & needs) === 0) columns[name].fill(0, row * words, (row + 1) * words);
    }
  }
  return columns;
}

const rows: Required<Omit<Rows, 'sensor'>> = {
  kpis: [kpi(0), kpi(10)],
  flows: [flow(1, 0), flow(2, 0), flow(1, 10)],
  alerts: [alert],
  sessions: [{ session: 's', seed: 1, packets: 30, cuts: [10, 20] }],
};

describe('the digest', () => {
  it('does not depend on the names of sensor and session, on revisions, or on withdrawn alerts', async () => {
    const expected = await digestOf(rows);
    expect(await digestOf({ ...rows, sensor: 'other' })).toBe(expected);
    expect(await digestOf({ ...rows, kpis: [kpi(0, { revision: 9 }), kpi(10)] })).toBe(expected);
    expect(await digestOf({ ...rows, alerts: [alert, { ...alert, id: 'b', state: 'withdrawn' }] })).toBe(expected);
    const renamed = { flows: rows.flows.map((slice) => ({ ...slice, session: 'zz' })) };
    expect(await digestOf({ ...rows, ...renamed })).toBe(expected);
    expect(await digestOf({ ...rows, sessions: rows.sessions.map((one) => ({ ...one, session: 'zz' })) })).toBe(
      expected,
    );
  });

  it('does not depend on which of two sessions has the smaller name', async () => {
    const named = (first: string, second: string): Rows => ({
      kpis: [kpi(0)],
      flows: [
        flow(1, 0, { session: first }),
        flow(2, 0, { session: second }),
        flow(1, 0, { session: second, lastUs: 7 }),
      ],
      sessions: [
        { session: first, seed: 1, packets: 5, cuts: [5] },
        { session: second, seed: 2, packets: 5, cuts: [5] },
      ],
    });
    expect(await digestOf(named('a', 'b'))).toBe(await digestOf(named('b', 'a')));
  });

  it('is another one when anything else differs', async () => {
    const others: Rows[] = [
      { ...rows, kpis: [kpi(0), kpi(20)] },
      { ...rows, kpis: [kpi(0)] },
      { ...rows, kpis: [kpi(0), kpi(10, { complete: false })] },
      { ...rows, kpis: [kpi(0), kpi(10, { values: { packets: 2, bytes: 121 } })] },
      { ...rows, kpis: [kpi(0), kpi(10, { arrived: { ...count, packets: 1 } })] },
      { ...rows, flows: rows.flows.slice(1) },
      ...(['source', 'protocol'] as const).map((field) => ({
        ...rows,
        flows: [flow(1, 0, { [field]: 'x' }), ...rows.flows.slice(1)],
      })),
      ...(['sourcePort', 'lastUs', 'bytesReverse', 'flagsForward', 'flow'] as const).map((field) => ({
        ...rows,
        flows: [flow(1, 0, { [field]: 3 }), ...rows.flows.slice(1)],
      })),
      { ...rows, alerts: [] },
      { ...rows, alerts: [{ ...alert, score: 0.6 }] },
      { ...rows, sessions: [] },
      ...[{ seed: 2 }, { packets: 29 }, { lost: [0] }, { damaged: [1] }].map((more) => ({
        ...rows,
        sessions: rows.sessions.map((one) => ({ ...one, ...more })),
      })),
    ];
    const digests = await Promise.all([rows, ...others].map(digestOf));
    expect(new Set(digests).size).toBe(digests.length);
  });

  it('does not depend on how packets were cut into batches', async () => {
    const cut = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(fc.integer(), cut, fc.integer({ min: 1, max: 300 }), async (seed, cuts, other) => {
        const packets = cuts.reduce((sum, size) => sum + size, 0);
        const sizes = Array.from({ length: Math.ceil(packets / other) }, (_, i) =>
          Math.min(other, packets - i * other),
        );
        const of = (how: readonly number[]): Promise<string> =>
          digestOf({
            kpis: [
              kpi(0, { announced: { ...count, batches: how.length }, arrived: { ...count, batches: how.length } }),
            ],
            sessions: [{ session: 's', seed, packets, cuts: how }],
          });
        expect(await of(cuts)).toBe(await of(sizes));
      }),
      { numRuns: 60 },
    );
  });

  it('covers every window, however many', async () => {
    const many = Array.from({ length: 200 }, (_, i) => kpi(i * 10));
    const whole = await digestOf({ kpis: many });
    for (const left of [0, 63, 64, 65, 127, 128, 199]) {
      expect(await digestOf({ kpis: many.filter((_, i) => i !== left) })).not.toBe(whole);
    }
  });
});

describe('canonical text', () => {
  it('does not depend on the order of keys and reads back as the same value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const reversed = (part: unknown): unknown =>
          Array.isArray(part)
            ? part.map(reversed)
            : part !== null && typeof part === 'object'
              ? Object.fromEntries(
                  Object.entries(part)
                    .toReversed()
                    .map(([key, item]) => [key, reversed(item)]),
                )
              : part;
        expect(canonical(reversed(value))).toBe(canonical(value));
        expect(JSON.parse(canonical(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});
