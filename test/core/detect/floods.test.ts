/** Floods: who is named, at which numbers, and what ordinary or half-seen traffic must not raise. */
import { describe, expect, it } from 'vitest';
import type { Alert } from '@tapline/core/detect/alert';
import { batchesOf, type TestPacket } from '../../helpers/packets.ts';
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
const only = (packets: readonly TestPacket[]): Alert => {
  const { alerts } = alertsOf(batchesOf(packets));
  expect(alerts.map(({ detector, entity }) => `${detector} ${entity}`)).toHaveLength(1);
  return alerts[0]!;
};
const spoofed = (index: number): string => `100.${64 + (index >>> 16)}.${(index >>> 8) & 255}.${index & 255}`;

describe('syn-flood', () => {
  it('names the service under a spoofed flood, not the clients among it, and says the sources are spoofed', () => {
    const flood = repeat(20_000, 0, 400, (index, timeUs) =>
      (index % 3 === 0 ? halfOpen : request)(timeUs, {
        from: spoofed(index),
        to: VICTIM,
        sourcePort: 1024 + index,
        port: 443,
      }),
    );
    const alert = only(merge(flood, webClients(0, 8)));
    expect(alert).toMatchObject({
      detector: 'syn-flood',
      entity: `${VICTIM}:443`,
      severity: 'critical',
      attack: ['T1499.001', 'T1498.001'],
      filter: { host: VICTIM, port: 443, protocol: 'tcp' },
    });
    expect(alert.reasons[0]!.value).toBeGreaterThan(19_000);
    expect(alert.reasons[0]!.value).toBeLessThanOrEqual(20_000);
    expect(alert.summary).toContain('spoofed');
    // Sources of flow records and of folded flows are one set: within 4.5 standard errors of the 20,000.
    const { evidence } = alertsOf(batchesOf(merge(flood, webClients(0, 8))));
    const { sources } = evidence.find(({ detector }) => detector === 'syn-flood')!.features;
    expect(Math.abs(sources! / 20_000 - 1)).toBeLessThan(0.15);
  });

  it('names the service under a flood from one source, and the source beside it', () => {
    const flood = repeat(3000, 0, MS, (index, timeUs) =>
      request(timeUs, { from: SCANNER, to: VICTIM, sourcePort: 1024 + index, port: 80 }),
    );
    const alert = only(merge(flood, webClients(0, 5)));
    expect(alert).toMatchObject({ detector: 'syn-flood', entity: `${VICTIM}:80` });
    expect(alert.contributors[0]).toMatchObject({ key: SCANNER });
    expect(alert.summary).not.toContain('spoofed');
  });

  it('sees a flood that repeats one packet, port for port', () => {
    const flood = repeat(3000, 0, MS, (_, timeUs) =>
      request(timeUs, { from: SCANNER, to: VICTIM, sourcePort: 1234, port: 80 }),
    );
    expect(named(flood)).toEqual([`syn-flood ${VICTIM}:80`]);
  });

  it('makes one finding about the host of a flood over all its ports, and none about a scan', () => {
    const flood = repeat(15_000, 0, 100, (index, timeUs) =>
      (index % 3 === 0 ? refusal : request)(timeUs, {
        from: SCANNER,
        to: VICTIM,
        sourcePort: 1024 + index,
        port: 1 + ((index * 7919) % 60_000),
      }),
    );
    expect(named(flood)).toEqual([`syn-flood ${VICTIM}`]);
  });

  it('fires at 200 half-open requests of a window and not at 199', () => {
    const flood = (count: number): TestPacket[] =>
      repeat(count, 0, 10 * MS, (index, timeUs) =>
        halfOpen(timeUs, { from: spoofed(index), to: VICTIM, sourcePort: 1024, port: 25 }),
      );
    expect(named(flood(199))).toEqual([]);
    expect(named(flood(200))).toEqual([`syn-flood ${VICTIM}:25`]);
  });

  it('keeps quiet about a busy service, a flash crowd and a service that is down for a few', () => {
    expect(named(webClients(0, 30))).toEqual([]);
    const crowd = repeat(4000, 0, 2 * MS, (index, timeUs) =>
      conversation(timeUs, { from: spoofed(index), to: VICTIM, sourcePort: 1024, port: 80 }),
    );
    const down = repeat(150, 0, 50 * MS, (index, timeUs) =>
      refusal(timeUs, { from: spoofed(index), to: VICTIM, sourcePort: 1024, port: 80 }),
    );
    expect(named(merge(crowd, down))).toEqual([]);
  });

  it("sees a flood, and no flood, in a capture of the clients' direction alone", () => {
    const oneSided = repeat(3000, 0, 3 * MS, (index, timeUs) =>
      conversation(timeUs, { from: spoofed(index), to: VICTIM, sourcePort: 1024, port: 80 }),
    ).filter(({ to }) => to === VICTIM);
    expect(named(oneSided)).toEqual([]);
    const flood = repeat(3000, 0, 3 * MS, (index, timeUs) =>
      request(timeUs, { from: spoofed(index), to: VICTIM, sourcePort: 1025, port: 443 }),
    );
    expect(named(merge(oneSided, flood))).toEqual([`syn-flood ${VICTIM}:443`]);
  });
});

describe('udp-flood and icmp-flood', () => {
  const datagram = (
    timeUs: number,
    from: string,
    to: string,
    sourcePort: number,
    destinationPort: number,
  ): TestPacket => ({
    timeUs,
    from,
    to,
    protocol: 'udp',
    sourcePort,
    destinationPort,
    length: 540,
    payload: 498,
  });

  it('name host and port of a flood to one port, the host alone of one over many', () => {
    const flood = (port: (index: number) => number): TestPacket[] =>
      repeat(8000, 0, MS, (index, timeUs) => [
        datagram(timeUs, spoofed(index % 6), VICTIM, 1024 + (index % 5000), port(index)),
      ]);
    expect(only(flood(() => 3074))).toMatchObject({ detector: 'udp-flood', entity: `${VICTIM}:3074`, windows: 1 });
    expect(only(flood((index) => 1 + (index % 60_000)))).toMatchObject({ detector: 'udp-flood', entity: VICTIM });
  });

  it('count packets by direction: what comes from a service nobody asked is a flood too', () => {
    const flood = repeat(8000, 0, MS, (index, timeUs) => [
      datagram(timeUs, spoofed(index), VICTIM, 700, 20_000 + (index % 100)),
    ]);
    expect(only(flood)).toMatchObject({ detector: 'udp-flood', entity: VICTIM });
  });

  it('keep quiet about a download over UDP, which is acknowledged, and about multicast', () => {
    const download = repeat(8000, 0, MS, (index, timeUs) => [
      datagram(timeUs, '192.0.2.1', VICTIM, 443, 50_000),
      ...(index % 10 === 0 ? [datagram(timeUs + 1, VICTIM, '192.0.2.1', 50_000, 443)] : []),
    ]);
    const television = repeat(8000, 0, MS, (_, timeUs) => [datagram(timeUs, '192.0.2.1', '239.1.1.1', 5004, 5004)]);
    expect(named(merge(download, television))).toEqual([]);
  });

  it('see an ICMP flood although every echo is answered, and name only the flooded side', () => {
    const flood = repeat(6000, 0, MS, (_, timeUs): TestPacket[] => [
      { timeUs, from: SCANNER, to: VICTIM, protocol: 'icmp', icmp: [8, 0] },
      { timeUs: timeUs + 1, from: VICTIM, to: SCANNER, protocol: 'icmp', icmp: [0, 0] },
    ]);
    expect(only(flood)).toMatchObject({ detector: 'icmp-flood', entity: VICTIM });
    const ping = repeat(60, 0, SECOND, (_, timeUs): TestPacket[] => [
      { timeUs, from: SCANNER, to: VICTIM, protocol: 'icmp', icmp: [8, 0] },
      { timeUs: timeUs + 1, from: VICTIM, to: SCANNER, protocol: 'icmp', icmp: [0, 0] },
    ]);
    expect(named(ping)).toEqual([]);
  });
});
