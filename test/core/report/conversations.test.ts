import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { KpiRow, TopEntry } from '@tapline/core/kpi/kpi-row';
import { conversations, placeOf } from '@tapline/core/report/conversations';

/** A window with the traffic of its conversations and no other, unless it is said. */
const window = (topPairs: readonly TopEntry[], rest: Partial<KpiRow> = {}): KpiRow => {
  const sum = (name: 'packets' | 'bytes'): number => topPairs.reduce((total, entry) => total + entry[name], 0);
  const arrived = { packets: sum('packets'), bytes: sum('bytes') };
  return { topPairs, topSources: [], topDestinations: [], arrived, ...rest } as KpiRow;
};
const pair = (key: string, packets: number, bytes: number): TopEntry => ({ key, packets, bytes });

describe('where an address belongs', () => {
  test.each([
    ['192.168.10.50', '192.168.10.0/24', 'inside'],
    ['10.1.2.3', '10.1.2.0/24', 'inside'],
    ['172.31.255.1', '172.31.255.0/24', 'inside'],
    ['172.32.0.1', '172.32.0.0/16', 'outside'],
    ['100.64.3.9', '100.64.3.0/24', 'inside'],
    ['169.254.7.7', '169.254.7.0/24', 'inside'],
    ['127.0.0.1', '127.0.0.0/24', 'inside'],
    ['8.8.8.8', '8.8.0.0/16', 'outside'],
    ['224.0.0.251', 'multicast', 'group'],
    ['239.255.255.250', 'multicast', 'group'],
    ['255.255.255.255', 'multicast', 'group'],
    ['240.0.0.1', '240.0.0.0/16', 'outside'],
    ['fd50:50::17', 'fd50:50::/64', 'inside'],
    ['fe80::1ff:fe23:4567:890a', 'fe80::/64', 'inside'],
    ['2001:db8:9::1', '2001:db8::/32', 'outside'],
    ['ff02::fb', 'multicast', 'group'],
    ['00:00:5e:00:53:01', 'link layer', 'link'],
    ['', 'link layer', 'link'],
    ['no address at all', 'link layer', 'link'],
  ])('%s is of %s, %s', (host, name, kind) => {
    expect(placeOf(host)).toEqual({ name, kind });
  });
});

describe('conversations between networks', () => {
  test('are summed over windows, pairs of hosts once', () => {
    const result = conversations([
      window([pair('10.0.0.1 > 8.8.8.8', 10, 1000), pair('10.0.0.2 > 8.8.4.4', 1, 60)]),
      window([pair('10.0.0.1 > 8.8.8.8', 5, 500), pair('2001:db8::1 > 10.0.0.1', 2, 9000)]),
    ]);
    expect(result.sources).toEqual([
      { name: '2001:db8::/32', kind: 'outside', hosts: 1, host: '2001:db8::1' },
      { name: '10.0.0.0/24', kind: 'inside', hosts: 2, host: null },
    ]);
    expect(result.destinations).toEqual([
      { name: '10.0.0.0/24', kind: 'inside', hosts: 1, host: '10.0.0.1' },
      { name: '8.8.0.0/16', kind: 'outside', hosts: 2, host: null },
    ]);
    expect(result.links).toEqual([
      { source: 0, destination: 0, packets: 2, bytes: 9000, pairs: 1 },
      { source: 1, destination: 1, packets: 16, bytes: 1560, pairs: 2 },
    ]);
    expect(result.listed).toEqual({ packets: 18, bytes: 10_560 });
  });

  test('of a flood from everywhere stay bounded, and what is folded away is counted', () => {
    const windows = Array.from({ length: 50 }, (_, at) =>
      window(
        Array.from({ length: 20 }, (__, index) => {
          const number = at * 20 + index;
          return pair(`${11 + (number >> 8)}.${number & 255}.0.1 > 10.0.0.80`, 1, 60 + number);
        }),
      ),
    );
    const { sources, destinations, links, listed } = conversations(windows);
    expect(sources.length).toBeLessThanOrEqual(41);
    expect(sources.at(-1)).toMatchObject({ name: 'others', kind: 'others', host: null });
    expect(sources.reduce((sum, { hosts }) => sum + hosts, 0)).toBe(1000);
    expect(destinations).toEqual([{ name: '10.0.0.0/24', kind: 'inside', hosts: 1, host: '10.0.0.80' }]);
    expect(links.reduce((sum, link) => sum + link.packets, 0)).toBe(1000);
    expect(listed.packets).toBe(1000);
  });

  test('of a flood from everywhere lead to its victim, by what it received beyond its conversations', () => {
    const { sources, destinations, links, listed } = conversations([
      window([pair('10.0.0.2 > 10.0.0.80', 100, 6000)], {
        topDestinations: [pair('10.0.0.80', 5000, 300_000), pair('10.0.0.2', 90, 9000)],
        topSources: [pair('10.0.0.80', 4950, 290_000), pair('8.8.8.8', 7000, 700_000), pair('10.0.0.2', 60, 3000)],
        arrived: { packets: 9999, bytes: 999_000 } as KpiRow['arrived'],
      }),
    ]);
    expect(listed).toEqual({ packets: 100, bytes: 6000 });
    const named = links.map(({ source, destination, packets, pairs }) => [
      sources[source]!.host ?? sources[source]!.name,
      destinations[destination]!.host ?? destinations[destination]!.name,
      packets,
      pairs,
    ]);
    // What the victim sent may be answers that were received: nothing beyond is certain. Of 8.8.8.8 a part is.
    expect(named.toSorted((a, b) => Number(a[2]) - Number(b[2]))).toEqual([
      ['10.0.0.2', '10.0.0.0/24', 100, 1],
      ['8.8.8.8', 'not listed', 7000 - 4900, 0],
      ['not listed', 'not listed', 9999 - 100 - 4900 - 2100, 0],
      ['not listed', '10.0.0.0/24', 4900, 0],
    ]);
  });

  test('and what is beyond them never claim a packet twice, whoever sent it to whom', () => {
    const hosts = fc.constantFrom('10.0.0.1', '10.0.0.2', '10.0.1.1', '8.8.8.8', '9.9.9.9', '203.0.113.5');
    const packets = fc.array(fc.tuple(hosts, hosts, fc.integer({ min: 60, max: 1500 })), { maxLength: 60 });
    const topOf = (all: [string, string, number][], key: (one: [string, string, number]) => string, most: number) =>
      [...Map.groupBy(all, key)]
        .map(([name, some]) =>
          pair(
            name,
            some.length,
            some.reduce((sum, one) => sum + one[2], 0),
          ),
        )
        .sort((a, b) => b.bytes - a.bytes)
        .slice(0, most);
    fc.assert(
      fc.property(packets, fc.integer({ min: 0, max: 4 }), (all, most) => {
        const bytes = all.reduce((sum, one) => sum + one[2], 0);
        const row = window(
          topOf(all, ([a, b]) => (a < b ? `${a} > ${b}` : `${b} > ${a}`), most),
          {
            topSources: topOf(all, ([a]) => a, most),
            topDestinations: topOf(all, ([, b]) => b, most),
            arrived: { packets: all.length, bytes } as KpiRow['arrived'],
          },
        );
        const { links } = conversations([row]);
        expect(links.reduce((sum, link) => sum + link.packets, 0)).toBe(all.length);
        expect(links.reduce((sum, link) => sum + link.bytes, 0)).toBe(bytes);
      }),
    );
  });

  test('never lose or invent traffic, whatever talks to whatever', () => {
    const host = fc.oneof(
      fc.ipV4(),
      fc.ipV6(),
      fc.constantFrom('', '00:00:5e:00:53:01', 'other', '255.255.255.255', '10.0.0.1'),
    );
    const entries = fc.array(fc.tuple(host, host, fc.nat(1e6), fc.nat(1e9)), { maxLength: 80 });
    fc.assert(
      fc.property(fc.array(entries, { maxLength: 5 }), (windows) => {
        const rows = windows.map((list) =>
          window(list.map(([a, b, packets, bytes]) => pair(`${a} > ${b}`, packets, bytes))),
        );
        const { links, listed, sources, destinations } = conversations(rows);
        const sum = (name: 'packets' | 'bytes'): number => links.reduce((total, link) => total + link[name], 0);
        expect({ packets: sum('packets'), bytes: sum('bytes') }).toEqual(listed);
        const all = windows.flat();
        expect(listed.packets).toBe(all.reduce((total, entry) => total + entry[2], 0));
        for (const { source, destination } of links) {
          expect(sources[source]).toBeDefined();
          expect(destinations[destination]).toBeDefined();
        }
        expect(new Set(all.map(([a]) => a)).size).toBe(sources.reduce((total, { hosts }) => total + hosts, 0));
      }),
    );
  });

  test('of nothing are nothing', () => {
    expect(conversations([])).toEqual({
      perWindow: 20,
      sources: [],
      destinations: [],
      links: [],
      listed: { packets: 0, bytes: 0 },
    });
  });
});
