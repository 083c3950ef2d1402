/** ARP claims as a monoid: the same from any order and bracketing of merges, also beyond the bound; and what counts as a claim. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ArpClaims, NOBODY, type ArpEntry } from '@tapline/core/window/arp-claims';
import { COUNTER } from '@tapline/core/window/counters';
import { decodePartial, encodePartial, MAX_PARTIAL_BYTES } from '@tapline/core/window/partial-codec';
import { batchesOf, type TestPacket } from '../../helpers/packets.ts';
import { panesOf, partialsOf } from '../../helpers/panes.ts';

const MAC = '02:00:00:00:00:0a';
const arp = (op: 1 | 2, from: string, to: string, mac?: string): TestPacket => ({
  timeUs: 1_000_000,
  from,
  to,
  protocol: 'arp',
  arp: op,
  ...(mac === undefined ? {} : { mac }),
});

/** `address mac requests/replies/announcements`, what was asked for under `-`. */
function entriesOf(packets: readonly TestPacket[]): string[] {
  const [pane] = panesOf(batchesOf(packets));
  return pane!.arp
    .entries()
    .map(
      ({ ipv4, mac, requests, replies, announcements }) =>
        `${ipv4 & 255} ${mac === NOBODY ? '-' : mac.toString(16)} ${requests}/${replies}/${announcements}`,
    )
    .sort();
}

const entry = fc.record({
  ipv4: fc.integer({ min: 1, max: 12 }),
  mac: fc.integer({ min: 0, max: 5 }),
  requests: fc.nat(9),
  replies: fc.nat(9),
  announcements: fc.nat(9),
  firstUs: fc.integer({ min: -100, max: 100 }),
  lastUs: fc.integer({ min: 100, max: 200 }),
});

function claimsOf(entries: readonly ArpEntry[], limit: number): ArpClaims {
  const claims = new ArpClaims();
  for (const one of entries) claims.add(one);
  claims.keep(limit);
  return claims;
}

function merged(parts: readonly ArpClaims[], limit: number): ArpClaims {
  const sum = new ArpClaims();
  for (const part of parts) {
    sum.merge(part);
    sum.keep(limit);
  }
  return sum;
}

describe('ArpClaims', () => {
  it('tells questions, answers and announcements apart; a probe asks and claims nothing', () => {
    expect(entriesOf([arp(1, '10.0.0.1', '10.0.0.2', MAC), arp(2, '10.0.0.2', '10.0.0.1', MAC)])).toEqual([
      '1 2000000000a 1/0/0',
      '2 - 1/0/0',
      '2 2000000000a 0/1/0',
    ]);
    expect(entriesOf([arp(1, '10.0.0.3', '10.0.0.3', MAC), arp(2, '10.0.0.3', '10.0.0.3', MAC)])).toEqual([
      '3 2000000000a 0/0/2',
    ]);
    expect(entriesOf([arp(1, '0.0.0.0', '10.0.0.4', MAC)])).toEqual(['4 - 1/0/0']);
  });

  it('takes no claim from a group address, from nobody, or from a row without MAC', () => {
    for (const mac of ['01:00:5e:00:00:01', '00:00:00:00:00:00', undefined]) {
      expect(entriesOf([arp(2, '10.0.0.2', '10.0.0.1', mac)])).toEqual([]);
    }
  });

  it('is the same from any order and bracketing of merges, also where entries are let go', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(entry, { maxLength: 20 }), { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 1, max: 40 }),
        fc.infiniteStream(fc.nat()),
        (lists, limit, keys) => {
          const whole = claimsOf(lists.flat(), limit).entries();
          const parts = lists.map((list) => claimsOf(list, limit));
          const shuffled = parts
            .map((part) => ({ part, key: keys.next().value as number }))
            .sort((a, b) => a.key - b.key)
            .map(({ part }) => part);
          expect(merged(shuffled, limit).entries()).toEqual(whole);
          const half = Math.floor(parts.length / 2);
          const [left, right] = [merged(parts.slice(0, half), limit), merged(parts.slice(half), limit)];
          expect(merged([right, left], limit).entries()).toEqual(whole);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('lets go of as many, whether they are taken first or not', () => {
    const asked = (ipv4: number): ArpEntry => ({
      ...{ ipv4, mac: NOBODY, requests: 1, replies: 0, announcements: 0 },
      ...{ firstUs: 0, lastUs: 0 },
    });
    const list = (from: number, to: number): ArpEntry[] =>
      Array.from({ length: to - from }, (_, index) => asked(from + index));
    const claims = claimsOf(list(0, 500), 100);
    // What is kept already is no news; of the rest nothing can be among the lowest but what is new.
    claims.merge(claimsOf(list(0, 500), 500));
    expect(claims.keep(100)).toBe(400);
    claims.merge(claimsOf(list(500, 800), 300));
    expect(claims.keep(100)).toBe(300);
    expect(claims.keep(100)).toBe(0);
    expect(claims.entries().map(({ ipv4 }) => ipv4)).toEqual(
      claimsOf(list(0, 800), 100)
        .entries()
        .map(({ ipv4 }) => ipv4),
    );
  });

  it('is bounded in a flood of claims, and says how much it let go', () => {
    const hex = (byte: number): string => byte.toString(16).padStart(2, '0');
    const [columns] = batchesOf(
      Array.from({ length: 4096 }, (_, index) => ({
        ...arp(
          2,
          `10.9.${index >> 8}.${index & 255}`,
          '10.0.0.1',
          `02:00:00:00:${hex(index >> 8)}:${hex(index & 255)}`,
        ),
        timeUs: 2441 * index,
      })),
    );
    const [partial] = partialsOf(columns!).values();
    const bytes = encodePartial(partial!);
    expect(partial!.arp.size).toBe(256);
    expect(partial!.counters[COUNTER.keysDropped]).toBeGreaterThanOrEqual(4096 - 256);
    expect(bytes.length).toBeLessThanOrEqual(MAX_PARTIAL_BYTES);
    expect(decodePartial(bytes).arp.entries()).toEqual(partial!.arp.entries());
  });
});
