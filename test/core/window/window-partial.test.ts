/** The monoid's laws over packets: any cut into batches and any order of merging is the window, exactly; and its bounds. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PipelineError } from '@tapline/core/errors';
import { QUALITY, type PacketColumns } from '@tapline/core/packet/columns';
import { COUNTER, COUNTERS } from '@tapline/core/window/counters';
import { Pane } from '@tapline/core/window/pane';
import { decodePartial, decodeSeconds, encodePartial, MAX_PARTIAL_BYTES } from '@tapline/core/window/partial-codec';
import type { WindowPartial } from '@tapline/core/window/window-partial';
import { batchesOf, FLAG, recut, type TestPacket } from '../../helpers/packets.ts';
import { partialsOf } from '../../helpers/panes.ts';

const WINDOW_US = 10_000_000;

// Few hosts and ports, so that most flows have several packets and are cut by most cuts.
const host = fc.integer({ min: 1, max: 2 }).map((last) => `192.0.2.${last}`);
const host6 = fc.integer({ min: 1, max: 2 }).map((last) => `2001:db8::${last}`);
const shared = {
  // A window before and one after 1970, in any order.
  timeUs: fc.integer({ min: -WINDOW_US, max: WINDOW_US - 1 }),
  length: fc.integer({ min: 0, max: 70_000 }),
  payload: fc.integer({ min: 0, max: 1500 }),
  quality: fc.constantFrom(0, 0, 0, QUALITY.truncated, QUALITY.malformedNetwork | QUALITY.oversize),
};
const port = fc.constantFrom(80, 40_000);
const pair = fc.oneof(fc.record({ from: host, to: host }), fc.record({ from: host6, to: host6 }));
const packet: fc.Arbitrary<TestPacket> = fc
  .tuple(
    pair,
    fc.record(shared),
    fc.oneof(
      fc.record({
        protocol: fc.constant('tcp' as const),
        sourcePort: port,
        destinationPort: port,
        flags: fc.constantFrom(FLAG.syn, FLAG.syn | FLAG.ack, FLAG.ack, FLAG.rst, FLAG.rst | FLAG.ack, 0, 511),
      }),
      fc.record({ protocol: fc.constant('udp' as const), sourcePort: port, destinationPort: port }),
      fc.record({
        protocol: fc.constant('icmp' as const),
        icmp: fc.constantFrom([8, 0] as const, [0, 0] as const, [3, 3] as const, [11, 0] as const),
      }),
      fc.record({ protocol: fc.constant('arp' as const), arp: fc.constantFrom(1 as const, 2 as const) }),
    ),
  )
  .map((parts) => Object.assign({}, ...parts) as TestPacket);
const traffic = fc.array(packet, { minLength: 1, maxLength: 200, size: 'max' });

/** Merges partials in the given order, through their bytes. */
function paneBytes(partials: readonly WindowPartial[]): Map<number, string> {
  const panes = new Map<number, Pane>();
  for (const partial of partials) {
    let pane = panes.get(partial.windowStartUs);
    if (pane === undefined) panes.set(partial.windowStartUs, (pane = new Pane(partial.windowStartUs, WINDOW_US)));
    pane.add(decodePartial(encodePartial(partial)));
  }
  return new Map([...panes].sort(([a], [b]) => a - b).map(([start, pane]) => [start, hexOf(encodePartial(pane))]));
}

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const allPartials = (batches: readonly PacketColumns[]): WindowPartial[] =>
  batches.flatMap((columns) => [...partialsOf(columns).values()]);

describe('WindowPartial', () => {
  it('is the same window from any cut into batches and any order of merging, byte for byte', () => {
    fc.assert(
      fc.property(
        traffic,
        fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 6 }),
        fc.infiniteStream(fc.nat()),
        (packets, sizes, keys) => {
          const whole = batchesOf(packets);
          const pieces = allPartials(recut(whole, sizes))
            .map((partial) => ({ partial, key: keys.next().value as number }))
            .sort((a, b) => a.key - b.key)
            .map(({ partial }) => partial);
          expect(paneBytes(pieces)).toEqual(paneBytes(allPartials(whole)));
        },
      ),
      { numRuns: 150 },
    );
  });

  it('is the same whichever way the merges are bracketed', () => {
    fc.assert(
      fc.property(traffic, (packets) => {
        const partials = allPartials(batchesOf(packets, 40)).filter(({ windowStartUs }) => windowStartUs === 0);
        const left = new Pane(0, WINDOW_US);
        for (const partial of partials) left.add(partial);
        const right = partials.reduceRight(
          (sum, partial) => {
            const next = new Pane(0, WINDOW_US);
            next.add(partial);
            next.add(sum);
            return next;
          },
          new Pane(0, WINDOW_US),
        );
        expect(hexOf(encodePartial(right))).toBe(hexOf(encodePartial(left)));
      }),
      { numRuns: 50 },
    );
  });

  it('counts every packet and byte once, in its own window, however far the windows are apart', () => {
    const years = Array.from({ length: 4000 }, (_, index): TestPacket => ({
      timeUs: (index % 2 === 0 ? -1 : 1) * index * 86_400_000_000 * 3 + 1,
      from: '192.0.2.1',
      to: '192.0.2.2',
      length: 100 + index,
    }));
    const partials = allPartials(batchesOf(years));
    expect(partials).toHaveLength(4000);
    expect(partials.reduce((sum, { packets }) => sum + packets, 0)).toBe(4000);
    expect(partials.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(years.reduce((sum, one) => sum + one.length!, 0));
    for (const { windowStartUs, firstUs, lastUs } of partials) {
      expect(firstUs).toBeGreaterThanOrEqual(windowStartUs);
      expect(lastUs).toBeLessThan(windowStartUs + WINDOW_US);
    }
  });

  it('counts flags by what they mean: ECN bits do not hide a SYN', () => {
    const flags = [
      FLAG.syn,
      FLAG.syn | FLAG.ece | FLAG.cwr,
      FLAG.syn | FLAG.ack,
      FLAG.rst | FLAG.ack,
      0,
      FLAG.fin | FLAG.ack,
    ];
    const [partial] = allPartials(
      batchesOf(flags.map((bits): TestPacket => ({ timeUs: 0, from: '192.0.2.1', to: '192.0.2.2', flags: bits }))),
    );
    const values = Object.fromEntries(COUNTERS.map((name) => [name, partial!.counters[COUNTER[name]]]));
    expect(values).toMatchObject({
      packets: 6,
      tcpPackets: 6,
      syn: 2,
      synAck: 1,
      rst: 1,
      fin: 1,
      ack: 3,
      ece: 1,
      nullFlags: 1,
    });
  });
});

describe('a partial of a flood', () => {
  const v6 = (index: number): string => `2001:db8::${(index >>> 16).toString(16)}:${(index & 0xffff).toString(16)}`;
  const floods: Record<string, (index: number) => TestPacket> = {
    'spoofed sources on one port': (index) => ({
      timeUs: index * 2400,
      from: v6(index * 7919 + 1),
      to: '2001:db8:1::1',
      sourcePort: index,
      destinationPort: 443,
      flags: FLAG.syn,
    }),
    'all different, in both directions': (index) => ({
      timeUs: index * 2400,
      from: v6((index >> 1) * 2 + (index % 2)),
      to: v6((index >> 1) * 2 + 1 - (index % 2)),
      sourcePort: 60_000 - (index >> 1),
      destinationPort: 60_000 - (index >> 1),
      protocol: 'udp',
      length: 65_000,
      payload: 64_000,
    }),
    'a sweep': (index) => ({ timeUs: index, from: v6(1), to: v6(index + 2), destinationPort: 22, flags: FLAG.syn }),
    'a port scan': (index) => ({ timeUs: index, from: v6(1), to: v6(2), destinationPort: index, flags: FLAG.syn }),
    'every ICMP type': (index) => ({
      timeUs: index * 2400,
      from: v6(index),
      to: v6(index + 1),
      protocol: 'icmp',
      icmp: [index & 255, index >>> 8],
    }),
  };

  for (const [name, make] of Object.entries(floods)) {
    it(`stays under 64 KB and loses no packet: ${name}`, () => {
      const [columns] = batchesOf(Array.from({ length: 4096 }, (_, index) => make(index)));
      const [partial] = [...partialsOf(columns!).values()];
      const bytes = encodePartial(partial!);
      expect(bytes.length).toBeLessThanOrEqual(MAX_PARTIAL_BYTES);
      expect(partial!.packets).toBe(4096);
      const shed = partial!.counters[COUNTER.rowsShed]!;
      expect(shed).toBeGreaterThan(0);
      expect(shed + partial!.flows.rows).toBe(name.includes('both') ? 2048 : 4096);
      expect(hexOf(encodePartial(decodePartial(bytes)))).toBe(hexOf(bytes));
      const { secondPackets, secondBytes } = decodePartial(bytes);
      expect(decodeSeconds(bytes)).toMatchObject({ secondPackets, secondBytes });
    });
  }

  it('keeps counting over thousands of batches: sums exact, distinct counts within 10 %', () => {
    const pane = new Pane(0, WINDOW_US);
    const batches = 40;
    for (let batch = 0; batch < batches; batch++) {
      const packets = Array.from({ length: 4096 }, (_, index): TestPacket => {
        const number = batch * 4096 + index;
        return {
          timeUs: number * 50,
          from: v6(number),
          to: '2001:db8:1::1',
          sourcePort: number & 0xffff,
          destinationPort: 80,
          flags: FLAG.syn,
        };
      });
      const [columns] = batchesOf(packets);
      for (let row = 0; row < 4096; row++) columns!.flow[row]! += batch * 4096;
      for (const partial of partialsOf(columns!).values()) pane.add(decodePartial(encodePartial(partial)));
    }
    expect(pane.packets).toBe(batches * 4096);
    expect(pane.counters[COUNTER.syn]).toBe(batches * 4096);
    expect(pane.flows.rows + pane.counters[COUNTER.rowsShed]!).toBe(batches * 4096);
    expect(Math.abs(pane.distinct.sources.estimate() / (batches * 4096) - 1)).toBeLessThan(0.1);
    const victim = pane.buckets.entries().find(([, bucket]) => bucket.kind === 'victim')![1];
    expect(victim.opens + pane.flows.rows).toBe(batches * 4096);
    expect(Math.abs(victim.contacts.estimate() / victim.flows - 1)).toBeLessThan(0.15);
  });
});

describe('decodePartial', () => {
  const good = encodePartial(
    allPartials(
      batchesOf(
        Array.from({ length: 300 }, (_, index): TestPacket => ({
          timeUs: index * 1000,
          from: `192.0.2.${index % 200}`,
          to: '198.51.100.1',
          sourcePort: index,
          destinationPort: 80,
          flags: FLAG.syn,
        })),
      ),
    )[0]!,
  );

  it('refuses another version, another magic and a tail', () => {
    expect(() => decodePartial(Uint8Array.from([good[0]!, 99, ...good.subarray(2)]))).toThrow(
      expect.objectContaining({ code: 'WIRE_VERSION' }) as Error,
    );
    expect(() => decodePartial(Uint8Array.from([0, ...good.subarray(1)]))).toThrow(PipelineError);
    expect(() => decodePartial(Uint8Array.from([...good, 0]))).toThrow(PipelineError);
  });

  it('refuses every truncation', () => {
    for (let length = 0; length < good.length; length += 7) {
      expect(() => decodePartial(good.subarray(0, length))).toThrow(PipelineError);
    }
  });

  it('answers damage with a PipelineError or a partial, never anything else', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(good.length - 1), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 5 }),
        (changes) => {
          const bytes = good.slice();
          for (const [at, value] of changes) bytes[at] = value;
          try {
            decodePartial(bytes);
          } catch (error) {
            expect(error).toBeInstanceOf(PipelineError);
          }
        },
      ),
      { numRuns: 3000 },
    );
  });
});
