/** Reflection and reflectors: the victim is named, not the abused servers; answers to questions and backscatter are neither. */
import { describe, expect, it } from 'vitest';
import { batchesOf, FLAG, recut, type TestPacket } from '../../helpers/packets.ts';
import { alertsOf } from '../../helpers/panes.ts';
import { merge, MS, repeat, SCANNER, VICTIM, webClients } from '../../helpers/scenes.ts';

const named = (packets: readonly TestPacket[]): string[] =>
  alertsOf(batchesOf(packets)).alerts.map(({ detector, entity }) => `${detector} ${entity}`);
const server = (index: number): string => `100.64.${(index >>> 8) & 255}.${index & 255}`;
const datagram = (
  timeUs: number,
  [from, sourcePort]: readonly [string, number],
  [to, destinationPort]: readonly [string, number],
  payload: number,
): TestPacket => ({ timeUs, from, to, sourcePort, destinationPort, payload, length: payload + 42, protocol: 'udp' });

describe('reflection', () => {
  for (const port of [53, 123, 161, 389, 1900, 3702, 11_211]) {
    it(`names the victim of answers from port ${port}, once, and no flood of the same packets`, () => {
      const flood = repeat(6000, 0, MS, (index, timeUs) => [
        datagram(timeUs, [server(index % 3000), port], [VICTIM, 20_000 + (index % 9)], 440),
      ]);
      expect(named(merge(flood, webClients(0, 5)))).toEqual([`reflection ${VICTIM}`]);
    });
  }

  it('counts fragments, which have no ports, to the victim', () => {
    const flood = repeat(900, 0, 5 * MS, (index, timeUs) => [
      datagram(timeUs, [server(index % 40), 0], [VICTIM, 0], 1400),
    ]);
    const { alerts } = alertsOf(batchesOf(merge(flood, webClients(0, 5))));
    expect(alerts).toMatchObject([{ detector: 'reflection', entity: VICTIM, attack: ['T1498.002'] }]);
    expect(alerts[0]!.summary).toContain('fragments');
  });

  it('sees SYN-ACKs of many servers to one host, also when the host refuses them', () => {
    const flood = repeat(3000, 0, MS, (index, timeUs): TestPacket[] => [
      {
        timeUs,
        from: server(index),
        to: VICTIM,
        sourcePort: 443,
        destinationPort: 1024 + index,
        flags: FLAG.syn | FLAG.ack,
      },
      {
        timeUs: timeUs + 1,
        from: VICTIM,
        to: server(index),
        sourcePort: 1024 + index,
        destinationPort: 443,
        flags: FLAG.rst,
      },
    ]);
    expect(named(merge(flood, webClients(0, 5)))).toEqual([`reflection ${VICTIM}`]);
  });

  it('is quiet about a busy resolver, a busy time server, and backscatter over many hosts', () => {
    const resolver = repeat(6000, 0, MS, (index, timeUs) => [
      datagram(timeUs, [VICTIM, 20_000 + index], [server(index % 3000), 53], 40),
      datagram(timeUs + 1, [server(index % 3000), 53], [VICTIM, 20_000 + index], 1200),
    ]);
    const time = repeat(4000, 0, 2 * MS, (index, timeUs) => [
      datagram(timeUs, [server(index), 123], [VICTIM, 123], 48),
      datagram(timeUs + 1, [VICTIM, 123], [server(index), 123], 48),
    ]);
    const backscatter = repeat(4000, 0, 2 * MS, (index, timeUs): TestPacket[] => [
      {
        timeUs,
        from: SCANNER,
        to: server(index),
        sourcePort: 80,
        destinationPort: 1024 + index,
        flags: FLAG.syn | FLAG.ack,
      },
    ]);
    for (const scene of [resolver, time, backscatter]) expect(named(merge(scene, webClients(0, 8)))).toEqual([]);
  });

  it('gives the same evidence whatever the cut into batches', () => {
    const flood = repeat(1500, 0, 3 * MS, (index, timeUs) => [
      datagram(timeUs, [server(index % 60), 53], [VICTIM, 4444], 1000),
    ]);
    const whole = batchesOf(merge(flood, webClients(0, 5)));
    expect(alertsOf(recut(whole, [150, 130, 190])).evidence).toEqual(alertsOf(recut(whole, [170])).evidence);
  });
});

describe('reflector', () => {
  const amplified = (answers: number): TestPacket[] =>
    repeat(600, 0, 80 * MS, (_, timeUs) => [
      datagram(timeUs, ['203.0.113.9', 80], [VICTIM, 123], 8),
      ...repeat(answers, timeUs + 1, 1, (_, at) => [datagram(at, [VICTIM, 123], ['203.0.113.9', 80], 440)]),
    ]);

  it('names our server that answers far more than it is asked, and not one that answers as much', () => {
    expect(named(merge(amplified(60), webClients(0, 50)))).toContain(`reflector ${VICTIM}`);
    expect(named(merge(amplified(1), webClients(0, 50)))).toEqual([]);
  });
});
