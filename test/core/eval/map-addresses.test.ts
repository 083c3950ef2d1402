/** Hosts of an attack get addresses of the benign capture: in every place where the bytes have them. */
import { describe, expect, it } from 'vitest';
import { chooseAddresses } from '@tapline/core/eval/choose-addresses';
import { mapAddresses } from '@tapline/core/eval/map-addresses';
import { formatAddress, formatIpv4 } from '@tapline/core/packet/address';
import { decodeFrame, hex } from '../../helpers/decode.ts';

const ip = (text: string): number => text.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);
const MAC = Uint8Array.of(2, 0, 10, 0, 0, 9);
const WAS = Uint8Array.of(0, 0, 0x5e, 0, 0x53, 2);
const HOSTS = new Map([[ip('192.0.2.1'), { address: ip('10.0.0.9'), mac: { was: WAS, becomes: MAC } }]]);
/** 192.0.2.1 > 198.51.100.2, TCP. */
const IP_HEADER = '4500 0028 0001 0000 4006 0000 c0000201 c6336402';
const TCP = '1234 0050 00000001 00000000 5002 ffff 0000 0000';
const ETHERNET = '00005e005301 00005e005302';

function sourceOf(frame: Uint8Array, linkType = 1): string {
  const columns = decodeFrame(frame, { linkType });
  return formatAddress(columns.source, 0, columns.addressType[0]!);
}

describe('mapping', () => {
  const links: readonly (readonly [name: string, linkType: number, before: string])[] = [
    ['Ethernet', 1, `${ETHERNET} 0800`],
    ['a VLAN tag', 1, `${ETHERNET} 8100 0005 0800`],
    ['two VLAN tags', 1, `${ETHERNET} 88a8 0005 8100 0006 0800`],
    ['raw IP', 101, ''],
    ['loopback', 0, '02000000'],
    ['Linux cooked', 113, '0000 0001 0006 00005e005302 0000 0800'],
    ['Linux cooked 2', 276, '0800 0000 00000001 0001 00 06 00005e005302 0000'],
  ];
  for (const [name, linkType, before] of links) {
    it(`finds the IPv4 header behind ${name}`, () => {
      const frame = hex(`${before} ${IP_HEADER} ${TCP}`);
      mapAddresses(frame, linkType, HOSTS);
      expect(sourceOf(frame, linkType)).toBe('10.0.0.9');
    });
  }

  it('gives the sender its MAC address, and leaves that of others', () => {
    const frame = hex(`${ETHERNET} 0800 ${IP_HEADER} ${TCP}`);
    mapAddresses(frame, 1, HOSTS);
    expect([...frame.subarray(6, 12)]).toEqual([...MAC]);
    expect([...frame.subarray(0, 6)]).toEqual([...hex('00005e005301')]);
  });

  it('reaches ARP and the header that an ICMP error quotes', () => {
    const arp = hex('ffffffffffff 00005e005302 0806 0001 0800 06 04 0001 00005e005302 c0000201 000000000000 c6336402');
    mapAddresses(arp, 1, HOSTS);
    expect(sourceOf(arp)).toBe('10.0.0.9');
    expect([...arp.subarray(22, 28)]).toEqual([...MAC]);
    expect([...arp.subarray(0, 6)]).toEqual(Array(6).fill(255));
    const error = hex(
      `4500 0038 0001 0000 4001 0000 c6336402 cb007101 0301 0000 00000000 ${IP_HEADER} 1234 0050 00000001`,
    );
    mapAddresses(error, 101, HOSTS);
    expect(error.subarray(40, 44)).toEqual(hex('0a000009'));
  });

  it('leaves the MAC address of a router, and of who only says that he is the host', () => {
    const forwarded = hex(`${ETHERNET.slice(0, 12)} 00005e0053ff 0800 ${IP_HEADER} ${TCP}`);
    mapAddresses(forwarded, 1, HOSTS);
    expect(sourceOf(forwarded)).toBe('10.0.0.9');
    expect(forwarded.subarray(6, 12)).toEqual(hex('00005e0053ff'));
    const spoofed = hex(
      '00005e005301 00005e0053a6 0806 0001 0800 06 04 0002 00005e0053a6 c0000201 00005e005301 c6336402',
    );
    mapAddresses(spoofed, 1, HOSTS);
    expect(sourceOf(spoofed)).toBe('10.0.0.9');
    expect(spoofed.subarray(6, 12)).toEqual(hex('00005e0053a6'));
    expect(spoofed.subarray(22, 28)).toEqual(hex('00005e0053a6'));
  });

  it('leaves what is cut at any byte without an exception', () => {
    const whole = hex(`${ETHERNET} 8100 0005 0800 ${IP_HEADER} ${TCP}`);
    for (let length = 0; length < whole.length; length++) {
      for (const linkType of [1, 0, 101, 113, 276, 999]) mapAddresses(whole.slice(0, length), linkType, HOSTS);
    }
  });
});

describe('the choice of addresses', () => {
  const host = (address: string, packets: number) => ({ address: ip(address), packets, mac: MAC });
  const timeline = [host('10.1.1.5', 10), host('10.1.1.6', 90), host('8.8.8.8', 500)];
  const macs = new Map<number, Uint8Array>();
  const choose = (attackers: readonly string[], victims: readonly string[]): string[] =>
    [...chooseAddresses(timeline, { attackers: attackers.map(ip), victims: victims.map(ip), macs })].map(
      ([from, { address }]) => `${formatIpv4(from)} ${formatIpv4(address)}`,
    );

  it('attacks the busiest local host, from outside where the attack comes from outside', () => {
    const victims = ['192.0.2.1', '192.0.2.2', '192.0.2.3'];
    expect(choose(['203.0.113.1'], victims)).toEqual([
      '192.0.2.1 10.1.1.6',
      '192.0.2.2 10.1.1.5',
      '192.0.2.3 10.1.1.200',
    ]);
    expect(choose(['203.0.113.1'], ['172.16.0.9'])).toEqual(['172.16.0.9 10.1.1.6']);
  });

  it('attacks from an address inside that nobody has where the attacker is inside', () => {
    expect(choose(['192.168.7.7'], ['192.168.7.1'])).toEqual(['192.168.7.1 10.1.1.6', '192.168.7.7 10.1.1.200']);
  });

  it('leaves outside what an inner host calls or sends to', () => {
    expect(choose(['192.168.7.7'], ['203.0.113.1'])).toEqual(['192.168.7.7 10.1.1.200']);
  });

  it('makes another stranger of one whom the benign capture knows', () => {
    expect(choose(['192.168.7.7'], ['8.8.8.8'])).toEqual(['192.168.7.7 10.1.1.200', '8.8.8.8 8.8.8.200']);
  });

  it('gives a host the MAC address of the host that it becomes, where it has one of its own', () => {
    const was = Uint8Array.of(2, 0, 0, 0, 0, 7);
    const one = {
      attackers: [ip('192.168.7.7')],
      victims: [ip('192.168.7.1')],
      macs: new Map([[ip('192.168.7.1'), was]]),
    };
    const chosen = chooseAddresses(timeline, one);
    expect(chosen.get(ip('192.168.7.1'))?.mac).toEqual({ was, becomes: MAC });
    expect(chosen.get(ip('192.168.7.7'))).toEqual({ address: ip('10.1.1.200') });
  });

  it('moves a swept network as a whole, and leaves thousands of reflectors where they are', () => {
    const swept = Array.from({ length: 40 }, (_, index) => ip('192.168.2.0') + index + 1);
    const moved = chooseAddresses(timeline, { attackers: [ip('192.168.2.77')], victims: swept, macs });
    expect(moved.get(ip('192.168.2.9'))?.address).toBe(ip('10.1.1.9'));
    expect(new Set([...moved.values()].map(({ address }) => address)).size).toBe(41);
    const reflectors = Array.from({ length: 4000 }, (_, index) => index * 65_537 + 1);
    expect(chooseAddresses(timeline, { attackers: reflectors, victims: [ip('192.0.2.1')], macs }).size).toBe(1);
  });

  it('is empty where the benign capture has no IPv4 host', () => {
    expect(chooseAddresses([], { attackers: [1], victims: [2], macs }).size).toBe(0);
  });
});
