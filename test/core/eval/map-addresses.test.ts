/** Hosts of an attack get addresses of the benign capture: in every place where the bytes have them. */
import { describe, expect, it } from 'vitest';
import { chooseAddresses } from '@tapline/core/eval/choose-addresses';
import { mapAddresses } from '@tapline/core/eval/map-addresses';
import { formatAddress, formatIpv4 } from '@tapline/core/packet/address';
import { decodeFrame, hex } from '../../helpers/decode.ts';

const ip = (text: string): number => text.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);
const MAC = Uint8Array.of(2, 0, 10, 0, 0, 9);
const HOSTS = new Map([[ip('192.0.2.1'), { address: ip('10.0.0.9'), mac: MAC }]]);
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

  it('attacks the busiest local host, from an address that nobody has', () => {
    const chosen = chooseAddresses(timeline, [ip('203.0.113.1')], [ip('192.0.2.1'), ip('192.0.2.2'), ip('192.0.2.3')]);
    const texts = [...chosen].map(([from, { address }]) => `${formatIpv4(from)} ${formatIpv4(address)}`);
    expect(texts).toEqual([
      '192.0.2.1 10.1.1.6',
      '192.0.2.2 10.1.1.5',
      '192.0.2.3 10.1.1.200',
      '203.0.113.1 10.1.1.199',
    ]);
  });

  it('moves a swept network as a whole, and leaves thousands of reflectors where they are', () => {
    const swept = Array.from({ length: 40 }, (_, index) => ip('192.0.2.0') + index + 1);
    const moved = chooseAddresses(timeline, [ip('192.0.2.77')], swept);
    expect(moved.get(ip('192.0.2.9'))?.address).toBe(ip('10.1.1.9'));
    expect(new Set([...moved.values()].map(({ address }) => address)).size).toBe(41);
    const reflectors = Array.from({ length: 4000 }, (_, index) => index * 65_537 + 1);
    expect(chooseAddresses(timeline, reflectors, [ip('192.0.2.1')]).size).toBe(1);
  });

  it('is empty where the benign capture has no IPv4 host', () => {
    expect(chooseAddresses([], [1], [2]).size).toBe(0);
  });
});
