/** Attacks on log-ins and web services, and tunnels: what must be named, and the ordinary traffic that looks like them. */
import { describe, expect, it } from 'vitest';
import { batchesOf, FLAG, type TestPacket } from '../../helpers/packets.ts';
import { alertsOf } from '../../helpers/panes.ts';
import {
  conversation,
  halfOpen,
  merge,
  MS,
  repeat,
  SCANNER,
  SECOND,
  VICTIM,
  webClients,
} from '../../helpers/scenes.ts';

const named = (packets: readonly TestPacket[]): string[] =>
  alertsOf(batchesOf(packets)).alerts.map(({ detector, entity }) => `${detector} ${entity}`);
const target = (index: number): string => `198.51.100.${20 + index}`;

/** A connection with `turns` messages each way of the given sizes, and an end. */
function session(
  timeUs: number,
  to: string,
  sourcePort: number,
  port: number,
  turns: number,
  bytes: number,
  pauseUs = 10 * MS,
): TestPacket[] {
  const ends = { sourcePort, destinationPort: port };
  const forth = (after: number, flags: number, payload: number): TestPacket => ({
    timeUs: timeUs + after,
    from: SCANNER,
    to,
    ...ends,
    flags,
    payload,
  });
  const back = (after: number, flags: number, payload: number): TestPacket => ({
    timeUs: timeUs + after,
    from: to,
    to: SCANNER,
    sourcePort: port,
    destinationPort: sourcePort,
    flags,
    payload,
  });
  return [
    ...halfOpen(timeUs, { from: SCANNER, to, sourcePort, port }),
    forth(2, FLAG.ack, 0),
    ...repeat(turns, 3, pauseUs, (_, at) => [
      back(at, FLAG.psh | FLAG.ack, bytes),
      forth(at + 1, FLAG.psh | FLAG.ack, bytes),
    ]),
    back(SECOND + turns * pauseUs, FLAG.fin | FLAG.ack, 0),
    forth(SECOND + turns * pauseUs + 1, FLAG.fin | FLAG.ack, 0),
  ];
}

describe('brute-force', () => {
  it('names the source at 20 log-ins in five minutes and not at 19', () => {
    const guess = (times: number): TestPacket[] =>
      repeat(times, 0, 9 * SECOND, (index, timeUs) => session(timeUs, VICTIM, 40_000 + index, 22, 6, 80));
    expect(named(guess(20))).toEqual([`brute-force ${SCANNER}`]);
    expect(named(guess(19))).toEqual([]);
  });

  it('calls it spraying over five hosts', () => {
    const spray = repeat(30, 0, 2 * SECOND, (index, timeUs) =>
      session(timeUs, target(index % 6), 40_000 + index, 22, 6, 80),
    );
    expect(alertsOf(batchesOf(spray)).alerts).toMatchObject([{ entity: SCANNER, attack: ['T1110.003'] }]);
  });

  it('finds a log-in service on an odd port by its turns, six log-ins at once, and several turns of one FTP connection', () => {
    const odd = repeat(70, 0, 2 * SECOND, (index, timeUs) => session(timeUs, VICTIM, 40_000 + index, 4022, 6, 80));
    const atOnce = repeat(6, 0, 10 * MS, (index, timeUs) => session(timeUs, VICTIM, 40_000 + index, 22, 6, 80));
    const ftp = repeat(7, 0, 10 * SECOND, (index, timeUs) => session(timeUs, VICTIM, 40_000 + index, 21, 7, 20));
    for (const scene of [odd, atOnce, ftp]) expect(named(scene)).toEqual([`brute-force ${SCANNER}`]);
  });

  it('finds FTP log-ins that the server makes wait, so that every connection goes over the edge of a window', () => {
    const slow = (times: number): TestPacket[] =>
      merge(
        repeat(times, 8 * SECOND, 11 * SECOND, (index, timeUs) =>
          session(timeUs, VICTIM, 40_000 + index, 21, 7, 20, 1500 * MS),
        ),
      );
    expect(named(slow(8))).toEqual([`brute-force ${SCANNER}`]);
    expect(named(slow(4))).toEqual([]);
  });

  it('is quiet about FTP sessions that go on, over the edge of a window, too', () => {
    const idle = merge(
      repeat(9, 8 * SECOND, 11 * SECOND, (index, timeUs) =>
        session(timeUs, VICTIM, 40_000 + index, 21, 7, 20, 1500 * MS).filter(({ flags }) => (flags! & FLAG.fin) === 0),
      ),
    );
    expect(named(idle)).toEqual([]);
  });

  it('is quiet about sessions, an application and its database, short requests, and copies of different files', () => {
    const sessions = repeat(40, 0, 5 * SECOND, (index, timeUs) => session(timeUs, VICTIM, 40_000 + index, 22, 60, 200));
    const database = repeat(50, 0, 5 * SECOND, (index, timeUs) => session(timeUs, VICTIM, 40_000 + index, 3306, 4, 90));
    const requests = repeat(400, 0, 500 * MS, (index, timeUs) =>
      conversation(timeUs, { from: SCANNER, to: VICTIM, sourcePort: 20_000 + index, port: 9090 }),
    );
    const copies = repeat(40, 0, 5 * SECOND, (index, timeUs) =>
      session(timeUs, VICTIM, 40_000 + index, 22, 11, 50 + (index % 7) * 3000),
    );
    for (const scene of [sessions, database, requests, copies]) expect(named(scene)).toEqual([]);
  });
});

describe('http-flood', () => {
  const asking = (connections: number, from = SCANNER): TestPacket[] =>
    repeat(connections, 0, 50 * MS, (index, timeUs) =>
      conversation(timeUs, { from, to: VICTIM, sourcePort: 10_000 + index, port: 80 }),
    );

  it('counts requests as short as those of wrk in the open, and takes such messages behind TLS for flow control', () => {
    const asks = (port: number, bytes: number): TestPacket[] => session(0, VICTIM, 40_000, port, 1500, bytes, 5 * MS);
    expect(named(asks(80, 45))).toEqual([`http-flood ${VICTIM}:80`]);
    expect(named(asks(80, 20))).toEqual([]);
    expect(named(asks(443, 45))).toEqual([]);
  });

  it('names the service, and of its clients only the one that floods it', () => {
    const { alerts } = alertsOf(batchesOf(merge(asking(120), webClients(0, 9))));
    expect(alerts).toMatchObject([
      {
        detector: 'http-flood',
        entity: `${VICTIM}:80`,
        contributors: [{ key: SCANNER, value: 120 }],
        attack: ['T1499.002'],
      },
    ]);
    expect(alerts[0]!.contributors).toHaveLength(1);
    expect(named(merge(asking(99), webClients(0, 9)))).toEqual([]);
  });
});

describe('slow-http', () => {
  /** Connections that send `bytes` every 10 s; answered or not. */
  const held = (connections: number, answered: boolean): TestPacket[] =>
    repeat(connections, 0, 10 * MS, (index, timeUs) => {
      const ends = { sourcePort: 30_000 + index, destinationPort: 80 };
      return [
        ...halfOpen(timeUs, { from: SCANNER, to: VICTIM, sourcePort: 30_000 + index, port: 80 }),
        ...repeat(7, timeUs + 5, 10 * SECOND, (_, at): TestPacket[] => [
          { timeUs: at, from: SCANNER, to: VICTIM, ...ends, flags: FLAG.psh | FLAG.ack, payload: 20 },
          {
            timeUs: at + 1,
            from: VICTIM,
            to: SCANNER,
            sourcePort: 80,
            destinationPort: 30_000 + index,
            flags: FLAG.ack,
            payload: answered ? 5 : 0,
          },
        ]),
      ];
    });

  it('names the service when 50 connections are held, among quick clients, and not for 49', () => {
    expect(named(merge(held(50, false), webClients(0, 60)))).toEqual([`slow-http ${VICTIM}:80`]);
    expect(named(merge(held(49, false), webClients(0, 60)))).toEqual([]);
  });

  it('is quiet about idle connections that are answered, as pushed notifications are', () => {
    expect(named(merge(held(90, true), webClients(0, 60)))).toEqual([]);
  });
});

describe('tunnels and DHCP', () => {
  const question = (
    timeUs: number,
    sourcePort: number,
    payload: number,
    [from, to] = [SCANNER, VICTIM],
  ): TestPacket[] => [
    { timeUs, from, to, protocol: 'udp', sourcePort, destinationPort: 53, payload },
    {
      timeUs: timeUs + 1,
      from: to,
      to: from,
      protocol: 'udp',
      sourcePort: 53,
      destinationPort: sourcePort,
      payload: 200,
    },
  ];

  it('dns-tunnel: long questions from one socket; not short ones, nor look-ups of IPv6 names from many', () => {
    const tunnel = repeat(80, 0, 100 * MS, (_, timeUs) => question(timeUs, 44_000, 90));
    const browser = repeat(400, 0, 20 * MS, (index, timeUs) => question(timeUs, 20_000 + index, 45));
    const reverse = repeat(400, 0, 20 * MS, (index, timeUs) => question(timeUs, 20_000 + index, 101));
    expect(named(tunnel)).toEqual([`dns-tunnel ${SCANNER}`]);
    for (const scene of [browser, reverse]) expect(named(scene)).toEqual([]);
  });

  it('dns-tunnel: the client whose names a resolver passes on, not the resolver, unless it sends far more than it was asked', () => {
    const asked = (payload: number): TestPacket[] =>
      repeat(80, 0, 100 * MS, (_, timeUs) => question(timeUs, 44_000, payload));
    const passedOn = (payload: number): TestPacket[] =>
      repeat(80, 0, 100 * MS, (_, timeUs) => question(timeUs + 5, 33_000, payload, [VICTIM, '198.51.100.53']));
    expect(named(merge(asked(90), passedOn(101)))).toEqual([`dns-tunnel ${SCANNER}`]);
    expect(named(merge(asked(90), passedOn(200)))).toEqual([`dns-tunnel ${SCANNER}`, `dns-tunnel ${VICTIM}`]);
    // What it was asked is short: the long questions are its own.
    expect(named(merge(asked(45), passedOn(90)))).toEqual([`dns-tunnel ${VICTIM}`]);
  });

  it('icmp-tunnel: replies that do not mirror their requests; not ping of any size', () => {
    const echo = (times: number, asked: number, answered: number): TestPacket[] =>
      repeat(times, 0, 100 * MS, (_, timeUs): TestPacket[] => [
        { timeUs, from: SCANNER, to: VICTIM, protocol: 'icmp', icmp: [8, 0], payload: asked },
        { timeUs: timeUs + 1, from: VICTIM, to: SCANNER, protocol: 'icmp', icmp: [0, 0], payload: answered },
      ]);
    expect(named(echo(60, 60, 900))).toEqual([`icmp-tunnel ${SCANNER}`]);
    expect(named(echo(200, 1400, 1400))).toEqual([]);
    expect(named(echo(200, 56, 56))).toEqual([]);
  });

  it('udp-flood of DHCP: hundreds of requests in seconds, also over the edge of a window; not a morning of a hundred hosts', () => {
    const discover = (times: number, everyUs: number): TestPacket[] =>
      repeat(times, 8 * SECOND, everyUs, (_, timeUs): TestPacket[] => [
        {
          timeUs,
          from: '0.0.0.0',
          to: '255.255.255.255',
          protocol: 'udp',
          sourcePort: 68,
          destinationPort: 67,
          payload: 300,
        },
      ]);
    expect(named(discover(250, 20 * MS))).toEqual(['udp-flood 255.255.255.255:67']);
    expect(named(discover(200, 600 * MS))).toEqual([]);
  });
});
