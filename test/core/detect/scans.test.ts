/** Scans: fast and slow, by flags and by protocol; one alert each; and the look-alikes that must stay quiet. */
import { describe, expect, it } from 'vitest';
import { batchesOf, FLAG, type TestPacket } from '../../helpers/packets.ts';
import { alertsOf } from '../../helpers/panes.ts';
import {
  conversation,
  halfOpen,
  merge,
  MS,
  refusal,
  repeat,
  request,
  SCANNER,
  SECOND,
  VICTIM,
  webClients,
} from '../../helpers/scenes.ts';

const named = (packets: readonly TestPacket[]): string[] =>
  alertsOf(batchesOf(packets)).alerts.map(({ detector, entity }) => `${detector} ${entity}`);
const neighbour = (index: number): string => `198.51.${101 + Math.floor(index / 250)}.${1 + (index % 250)}`;
const probe = (timeUs: number, port: number, to = VICTIM) => ({ timeUs, to, port });
const closed = ({ timeUs, to, port }: ReturnType<typeof probe>): TestPacket[] =>
  refusal(timeUs, { from: SCANNER, to, sourcePort: 61_000, port });
const silent = ({ timeUs, to, port }: ReturnType<typeof probe>): TestPacket[] =>
  request(timeUs, { from: SCANNER, to, sourcePort: 61_000, port });

describe('vertical-scan', () => {
  it('is the one alert about a scan of a thousand ports, and counts them', () => {
    const scan = repeat(1000, 0, 4 * MS, (index, timeUs) =>
      index % 100 === 0
        ? halfOpen(timeUs, { from: SCANNER, to: VICTIM, sourcePort: 61_000, port: 1 + index })
        : closed(probe(timeUs, 1 + index)),
    );
    const { alerts } = alertsOf(batchesOf(merge(scan, webClients(0, 10))));
    expect(alerts).toHaveLength(1);
    expect(alerts[0]).toMatchObject({
      detector: 'vertical-scan',
      entity: SCANNER,
      severity: 'high',
      attack: ['T1046', 'T1595'],
      filter: { host: SCANNER, peer: VICTIM, protocol: 'tcp' },
      contributors: [{ key: VICTIM, value: 990, unit: 'TCP ports' }],
    });
    expect(alerts[0]!.reasons[0]!.value).toBe(990);
  });

  it('is one alert about a filtered host too, where every probe is sent twice and nothing answers', () => {
    const scan = repeat(1000, 0, 8 * MS, (index, timeUs) => [
      ...silent(probe(timeUs, 1 + index)),
      ...silent(probe(timeUs + SECOND, 1 + index)),
    ]);
    expect(named(merge(scan, webClients(0, 9)))).toEqual([`vertical-scan ${SCANNER}`]);
  });

  it('unites windows: one port every 15 s is found after 15 ports, and forgotten contacts do not count', () => {
    const slow = (everyUs: number, ports: number): TestPacket[] =>
      merge(
        repeat(ports, 0, everyUs, (index, timeUs) => closed(probe(timeUs, 1000 + index))),
        webClients(0, 5),
      );
    expect(named(slow(15 * SECOND, 15))).toEqual([`vertical-scan ${SCANNER}`]);
    expect(named(slow(40 * SECOND, 30))).toEqual([]);
    const same = repeat(60, 0, 5 * SECOND, (index, timeUs) => closed(probe(timeUs, 1000 + (index % 9))));
    expect(named(merge(same, webClients(0, 5)))).toEqual([]);
  });

  it('sees probes no stack sends: NULL, FIN, Xmas, and lone ACKs that are answered by RST', () => {
    for (const flags of [0, FLAG.fin, FLAG.fin | FLAG.psh | FLAG.urg, FLAG.ack]) {
      const scan = repeat(6, 0, MS, (index, timeUs): TestPacket[] => [
        { timeUs, from: SCANNER, to: VICTIM, sourcePort: 61_000, destinationPort: 20 + index, flags },
        {
          timeUs: timeUs + 1,
          from: VICTIM,
          to: SCANNER,
          sourcePort: 20 + index,
          destinationPort: 61_000,
          flags: FLAG.rst,
        },
      ]);
      expect(named(merge(scan, webClients(0, 5)))).toEqual([`vertical-scan ${SCANNER}`]);
    }
  });

  it('takes silence on UDP for failure only where answers are seen, or where the target refuses by ICMP', () => {
    const datagram = (timeUs: number, port: number): TestPacket => ({
      timeUs,
      from: SCANNER,
      to: VICTIM,
      protocol: 'udp',
      sourcePort: 61_000,
      destinationPort: port,
    });
    const unreachable = (timeUs: number): TestPacket => ({
      timeUs,
      from: VICTIM,
      to: SCANNER,
      protocol: 'icmp',
      icmp: [3, 3],
    });
    const scan = repeat(40, 0, 20 * MS, (index, timeUs) => [datagram(timeUs, 1 + index)]);
    expect(named(scan)).toEqual([]);
    expect(named(merge(scan, webClients(0, 5)))).toEqual([`vertical-scan ${SCANNER}`]);
    expect(named(merge(scan, [unreachable(500 * MS)]))).toEqual([`vertical-scan ${SCANNER}`]);
  });

  it('is quiet about traceroute, answers of a server seen one way, and backscatter', () => {
    const traceroute = repeat(60, 0, 30 * MS, (index, timeUs): TestPacket[] => [
      {
        timeUs,
        from: SCANNER,
        to: VICTIM,
        protocol: 'udp',
        sourcePort: 40_000 + index,
        destinationPort: 33_434 + index,
      },
    ]);
    const answers = repeat(200, 0, 20 * MS, (index, timeUs): TestPacket[] => [
      { timeUs, from: SCANNER, to: VICTIM, protocol: 'udp', sourcePort: 53, destinationPort: 40_000 + index },
    ]);
    const backscatter = repeat(500, 0, 10 * MS, (index, timeUs): TestPacket[] => [
      {
        timeUs,
        from: SCANNER,
        to: neighbour(index),
        sourcePort: 80,
        destinationPort: 1024 + index,
        flags: FLAG.syn | FLAG.ack,
      },
      {
        timeUs: timeUs + 1,
        from: SCANNER,
        to: VICTIM,
        sourcePort: 80,
        destinationPort: 1024 + index,
        flags: FLAG.rst | FLAG.ack,
      },
    ]);
    for (const scene of [traceroute, answers, backscatter]) expect(named(merge(scene, webClients(0, 5)))).toEqual([]);
  });
});

describe('horizontal-scan', () => {
  const sweep = (hosts: number, everyUs: number, port = 445): TestPacket[] =>
    repeat(hosts, 0, everyUs, (index, timeUs) => silent(probe(timeUs, port, neighbour(index))));

  it('is the one alert about a sweep of hundreds of hosts on one port', () => {
    const { alerts } = alertsOf(batchesOf(merge(sweep(400, 20 * MS), webClients(0, 8))));
    expect(alerts).toHaveLength(1);
    expect(alerts[0]).toMatchObject({
      detector: 'horizontal-scan',
      entity: SCANNER,
      filter: { host: SCANNER, port: 445 },
    });
    expect(alerts[0]!.reasons[0]!.value).toBe(400);
    expect(alerts[0]!.contributors).toEqual([{ key: 'tcp/445', value: 400, unit: 'hosts' }]);
  });

  it('unites windows: a host every 12 s is found, a host every minute is not', () => {
    expect(named(merge(sweep(25, 12 * SECOND), webClients(0, 5)))).toEqual([`horizontal-scan ${SCANNER}`]);
    expect(named(merge(sweep(30, 60 * SECOND), webClients(0, 5)))).toEqual([]);
  });

  it('needs ten failures more than successes: a crawler that meets dead hosts is no scanner', () => {
    const crawl = (dead: number, alive: number): TestPacket[] => [
      ...repeat(dead, 0, 50 * MS, (index, timeUs) => silent(probe(timeUs, 443, neighbour(index)))),
      ...repeat(alive, 20 * MS, 50 * MS, (index, timeUs) =>
        conversation(timeUs, { from: SCANNER, to: neighbour(300 + index), sourcePort: 40_000 + index, port: 443 }),
      ),
    ];
    expect(named(merge(crawl(10, 0)))).toEqual([`horizontal-scan ${SCANNER}`]);
    expect(named(merge(crawl(24, 15)))).toEqual([]);
    expect(named(merge(crawl(30, 200)))).toEqual([]);
  });

  it('sees address sweeps by ARP and by ping, and calls them host discovery', () => {
    const arp = repeat(60, 0, 5 * MS, (index, timeUs): TestPacket[] => [
      { timeUs, from: '198.51.100.9', to: `198.51.100.${100 + index}`, protocol: 'arp', arp: 1 },
    ]);
    const ping = repeat(60, 0, 5 * MS, (index, timeUs): TestPacket[] => [
      { timeUs, from: SCANNER, to: neighbour(index), protocol: 'icmp', icmp: [8, 0] },
    ]);
    const { alerts } = alertsOf(batchesOf(merge(arp, ping, webClients(0, 2))));
    expect(alerts.map(({ entity, attack }) => [entity, attack])).toEqual(
      [
        ['198.51.100.9', ['T1018']],
        [SCANNER, ['T1018']],
      ].sort((a, b) => (alerts[0]!.entity === a[0] ? -1 : b[0] === alerts[0]!.entity ? 1 : 0)),
    );
  });

  it('is quiet about announcements of own addresses, multicast, and a capture of one direction', () => {
    const announcements = repeat(60, 0, 5 * MS, (index, timeUs): TestPacket[] => [
      { timeUs, from: `198.51.100.${index + 1}`, to: `198.51.100.${index + 1}`, protocol: 'arp', arp: 1 },
    ]);
    const discovery = repeat(60, 0, 5 * MS, (index, timeUs): TestPacket[] => [
      { timeUs, from: SCANNER, to: `239.0.0.${index + 1}`, protocol: 'udp', sourcePort: 5000, destinationPort: 5353 },
    ]);
    const outgoing = repeat(100, 0, 50 * MS, (index, timeUs) =>
      conversation(timeUs, { from: SCANNER, to: neighbour(index), sourcePort: 40_000, port: 443 }),
    ).filter(({ from }) => from === SCANNER);
    expect(named(merge(announcements, discovery, webClients(0, 2)))).toEqual([]);
    expect(named(merge(outgoing, sweep(40, 100 * MS, 443)))).toEqual([]);
  });
});
