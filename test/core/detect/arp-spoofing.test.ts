/** ARP spoofing: one alert about the MAC that claims; and all that moves addresses for good reasons stays quiet. */
import { describe, expect, it } from 'vitest';
import type { Alert } from '@tapline/core/detect/alert';
import { batchesOf, type TestPacket } from '../../helpers/packets.ts';
import { alertsOf } from '../../helpers/panes.ts';
import { merge, repeat, SECOND } from '../../helpers/scenes.ts';

const [GATEWAY, VICTIM] = ['10.9.0.1', '10.9.0.20'];
const [GATEWAY_MAC, VICTIM_MAC, SPOOFER] = ['02:00:00:00:00:01', '02:00:00:00:00:20', '02:00:00:00:00:66'];
const [BACKUP, CARD] = ['02:00:00:00:00:02', '02:00:00:00:01:01'];
const NOWHERE = '0.0.0.0';
type Host = readonly [address: string, mac: string];
const victim: Host = [VICTIM, VICTIM_MAC];
const gateway: Host = [GATEWAY, GATEWAY_MAC];

const arp = (timeUs: number, op: 1 | 2, mac: string, from: string, to: string): TestPacket => ({
  timeUs,
  from,
  to,
  mac,
  protocol: 'arp',
  arp: op,
});
const reply = (timeUs: number, mac: string, from: string, to: string): TestPacket => arp(timeUs, 2, mac, from, to);
/** A question and its answer. */
const resolve = (timeUs: number, [asker, askerMac]: Host, [owner, ownerMac]: Host): TestPacket[] => [
  arp(timeUs, 1, askerMac, asker, owner),
  reply(timeUs + 300, ownerMac, owner, asker),
];
/** The segment's own questions and answers. */
const life = (seconds: number): TestPacket[] =>
  merge(
    repeat(Math.ceil(seconds / 7), 0, 7 * SECOND, (_, timeUs) => resolve(timeUs, victim, gateway)),
    repeat(Math.ceil(seconds / 11), SECOND, 11 * SECOND, (_, timeUs) => resolve(timeUs, gateway, victim)),
  );
const announce = (timeUs: number, mac: string, address: string, times: number, everyUs = 100_000): TestPacket[] =>
  repeat(times, timeUs, everyUs, (index, at) => [arp(at, index % 2 === 0 ? 1 : 2, mac, address, address)]);

const alertsFrom = (packets: readonly TestPacket[]): readonly Alert[] => alertsOf(batchesOf(packets)).alerts;
const named = (packets: readonly TestPacket[]): string[] =>
  alertsFrom(packets).map(({ detector, entity }) => `${detector} ${entity}`);

describe('arp-spoofing', () => {
  it('is one alert about who stands between two hosts, with both addresses and numbers', () => {
    const attack = repeat(30, 20 * SECOND, 2 * SECOND, (_, timeUs) => [
      reply(timeUs, SPOOFER, GATEWAY, VICTIM),
      reply(timeUs + 5, SPOOFER, VICTIM, GATEWAY),
    ]);
    const alerts = alertsFrom(merge(attack, life(20)));
    expect(alerts).toHaveLength(1);
    expect(alerts[0]).toMatchObject({
      detector: 'arp-spoofing',
      entity: SPOOFER,
      attack: ['T1557.002'],
      windowStartUs: 20 * SECOND,
      windowEndUs: 80 * SECOND,
      filter: { host: GATEWAY, protocol: 'arp' },
      contributors: [
        { key: GATEWAY, value: 30, unit: 'claims' },
        { key: VICTIM, value: 30, unit: 'claims' },
      ],
    });
    expect(alerts[0]!.summary).toBe(
      `${SPOOFER} said 60 times in 60 s that it has ${GATEWAY} and 1 more address, without being asked; nobody else with them was heard`,
    );
  });

  it('comes in the third window of the attack, not before', () => {
    const attack = (times: number): TestPacket[] =>
      repeat(times, 20 * SECOND, 2 * SECOND, (_, timeUs) => [reply(timeUs, SPOOFER, GATEWAY, VICTIM)]);
    expect(named(merge(attack(11), life(20)))).toEqual([`arp-spoofing ${SPOOFER}`]);
    expect(named(merge(attack(10), life(20)))).toEqual([]);
  });

  it('sees an announcement to everybody when the owner still speaks up, whatever its form', () => {
    for (const op of [1, 2] as const) {
      const attack = repeat(40, 0, SECOND, (_, timeUs) => [arp(timeUs, op, SPOOFER, GATEWAY, GATEWAY)]);
      expect(named(merge(attack, life(40)))).toEqual([`arp-spoofing ${SPOOFER}`]);
    }
    const toAll = repeat(20, 0, 2 * SECOND, (_, timeUs) => [reply(timeUs, SPOOFER, GATEWAY, NOWHERE)]);
    expect(named(merge(toAll, life(40)))).toEqual([`arp-spoofing ${SPOOFER}`]);
  });

  it('sees a spoofer that repeats itself every ten seconds within a minute', () => {
    const attack = repeat(6, 5 * SECOND, 10 * SECOND, (_, timeUs) => [
      reply(timeUs, SPOOFER, GATEWAY, VICTIM),
      reply(timeUs + 5, SPOOFER, VICTIM, GATEWAY),
    ]);
    expect(named(merge(attack, life(5)))).toEqual([`arp-spoofing ${SPOOFER}`]);
  });

  it('sees a gateway that is a VRRP router being impersonated', () => {
    const router: Host = [GATEWAY, '00:00:5e:00:01:0a'];
    const attack = repeat(40, 0, SECOND, (_, timeUs) => [arp(timeUs, 2, SPOOFER, GATEWAY, GATEWAY)]);
    const asked = repeat(20, 100, 2 * SECOND, (_, timeUs) => resolve(timeUs, victim, router));
    expect(named(merge(attack, asked))).toEqual([`arp-spoofing ${SPOOFER}`]);
  });
});

describe('arp-spoofing stays quiet about', () => {
  const newcomer: Host = ['10.9.0.50', '02:00:00:00:00:51'];
  const shared = [
    '00:00:5e:00:01:07',
    '00:00:0c:07:ac:01',
    '00:00:0c:9f:f0:01',
    '00:07:b4:00:01:02',
    '02:bf:0a:09:00:01',
  ];
  const quiet: Record<string, TestPacket[]> = {
    'ordinary questions and answers': life(120),
    'a failover: two bursts of announcements, and the one before is silent': merge(
      life(28),
      announce(30 * SECOND, BACKUP, GATEWAY, 10),
      announce(35 * SECOND, BACKUP, GATEWAY, 10),
      repeat(20, 41 * SECOND, 4 * SECOND, (_, timeUs) => resolve(timeUs, victim, [GATEWAY, BACKUP])),
    ),
    'a failover and back': merge(
      life(28),
      announce(30 * SECOND, BACKUP, GATEWAY, 5),
      announce(35 * SECOND, BACKUP, GATEWAY, 5),
      announce(70 * SECOND, GATEWAY_MAC, GATEWAY, 5),
      announce(75 * SECOND, GATEWAY_MAC, GATEWAY, 5),
    ),
    'a cluster that announces its address all the time, alone': announce(0, BACKUP, '10.9.0.200', 120, SECOND),
    'proxy ARP: one MAC answers for many addresses, and only when asked': repeat(120, 0, SECOND, (index, timeUs) =>
      resolve(timeUs, victim, [`10.9.1.${index}`, GATEWAY_MAC]),
    ),
    'proxy ARP beside the owner, or two cards of one machine: both answer': repeat(60, 0, 2 * SECOND, (_, timeUs) => [
      ...resolve(timeUs, victim, gateway),
      reply(timeUs + 400, CARD, GATEWAY, VICTIM),
    ]),
    'a lease that another machine gets: it probes, then announces twice': merge(
      repeat(4, 0, 8 * SECOND, (_, timeUs) => resolve(timeUs, [newcomer[0], '02:00:00:00:00:50'], gateway)),
      repeat(3, 40 * SECOND, SECOND, (_, timeUs) => [arp(timeUs, 1, newcomer[1], NOWHERE, newcomer[0])]),
      announce(45 * SECOND, newcomer[1], newcomer[0], 2, 2 * SECOND),
      repeat(8, 50 * SECOND, 8 * SECOND, (_, timeUs) => resolve(timeUs, newcomer, gateway)),
    ),
    'duplicate address detection that finds a duplicate, again and again': repeat(30, 0, 4 * SECOND, (_, timeUs) => [
      arp(timeUs, 1, newcomer[1], NOWHERE, VICTIM),
      reply(timeUs + 200, VICTIM_MAC, VICTIM, NOWHERE),
    ]),
    'answers whose questions fell into the window before': merge(
      repeat(29, 10 * SECOND - 100, 10 * SECOND, (_, timeUs) => resolve(timeUs, [newcomer[0], newcomer[1]], gateway)),
      life(290),
    ),
    'what a mirror shows twice': life(120).flatMap((one) => [one, { ...one, timeUs: one.timeUs + 1 }]),
  };
  for (const mac of shared) {
    quiet[`a router with the shared MAC ${mac} that announces itself beside its own`] = merge(
      announce(0, mac, GATEWAY, 90, SECOND),
      life(90),
    );
  }
  for (const [name, packets] of Object.entries(quiet)) {
    it(name, () => {
      expect(named(packets).filter((one) => one.startsWith('arp-spoofing'))).toEqual([]);
    });
  }
});
