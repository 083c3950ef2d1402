import { describe, expect, it } from 'vitest';
import { formatTime } from '@tapline/core/packet/time';
import { rowAt, rowsOfText } from '../../helpers/raw-rows.ts';
import type { Rows } from '../../helpers/raw-rows.ts';
import { rowText } from '../../helpers/row-text.ts';

const ARRIVAL_MS = Date.UTC(2026, 10, 24, 9, 0, 0);
const read = (text: string): Rows => rowsOfText(text, { arrivalMs: ARRIVAL_MS });
const line = (text: string): string => rowText(...rowAt(read(text), 0));
const time = (text: string): string => {
  const [columns, row] = rowAt(read(text), 0);
  return formatTime(columns.timeUs[row]!, columns.timeNs[row]!);
};

describe('a line of tcpdump -nn', () => {
  it('is a TCP packet with flags, ports, options and lengths', () => {
    const text =
      '13:40:07.123456 IP 192.0.2.1.50000 > 198.51.100.2.80: Flags [P.], seq 1:101, ack 7, win 502, options [nop,nop,TS val 11 ecr 22], length 100: HTTP';
    expect(line(text)).toBe(
      'TCP 192.0.2.1 50000 > 198.51.100.2 80 P. 100 B [ipv4 tcp tcpTimestamps] {fromText timeInferred}',
    );
    const [columns, row] = rowAt(read(text), 0);
    expect([columns.tcpSeq[row], columns.tcpAck[row], columns.tcpWindow[row]]).toEqual([1, 7, 502]);
    expect([columns.tcpTsValue[row], columns.tcpTsEcho[row]]).toEqual([11, 22]);
    // 20 bytes of IP, 20 of TCP, 12 of options.
    expect(columns.length[row]).toBe(152);
  });

  it('is IPv6 with the port behind the last dot', () => {
    expect(
      line('13:40:07.000000 IP6 2001:db8::1.443 > 2001:db8::2.50000: Flags [S.], seq 1, ack 2, win 3, length 0'),
    ).toBe('TCP 2001:db8::1 443 > 2001:db8::2 50000 S. 0 B [ipv6 tcp] {fromText timeInferred}');
    expect(line('13:40:07.000000 IP6 ::ffff:192.0.2.1.53 > ::1.9: UDP, length 4')).toMatch(
      /^UDP ::ffff:192.0.2.1 53 > ::1 9 /,
    );
  });

  it('is an ARP request or reply', () => {
    expect(line('13:40:07.000000 ARP, Request who-has 192.0.2.2 tell 192.0.2.1, length 28')).toBe(
      'ARP 192.0.2.1 > 192.0.2.2 [arp] {fromText timeInferred}',
    );
    const [columns, row] = rowAt(read('13:40:07.000000 ARP, Reply 192.0.2.2 is-at 00:00:5e:00:53:01, length 46'), 0);
    expect(columns.arpOp[row]).toBe(2);
    expect(rowText(columns, row)).toMatch(/^ARP 192.0.2.2 > 0.0.0.0 /);
  });

  it.each([
    ['ICMP echo request, id 1, seq 2, length 64', 8, 0],
    ['ICMP 192.0.2.9 udp port 53 unreachable, length 36', 3, 3],
    ['ICMP host 192.0.2.9 unreachable - admin prohibited filter, length 36', 3, 13],
    ['ICMP host 192.0.2.9 unreachable - admin prohibited, length 36', 3, 10],
    ['ICMP net 192.0.2.9 unreachable, length 36', 3, 0],
    ['ICMP 192.0.2.9 unreachable - need to frag (mtu 1400), length 36', 3, 4],
    ['ICMP redirect 192.0.2.9 to host 192.0.2.7, length 36', 5, 1],
    ['ICMP time exceeded in-transit, length 36', 11, 0],
    ['ICMP type-#200, length 36', 200, 0],
  ])('is ICMP: %s', (message, type, code) => {
    const [columns, row] = rowAt(read(`13:40:07.000000 IP 192.0.2.1 > 192.0.2.2: ${message}`), 0);
    expect([columns.icmpType[row], columns.icmpCode[row]]).toEqual([type, code]);
    expect(columns.quality[row]! & 0xff).toBe(0);
  });

  it('says that it cannot read names of hosts', () => {
    expect(line('13:40:07.000000 IP host.example.http > www.example.com.ssh: Flags [S], seq 1, win 2, length 0')).toBe(
      'IPv4 [ipv4] {malformedNetwork fromText timeInferred}',
    );
  });
});

describe('lines of tcpdump -v', () => {
  const TEXT = [
    '2026-11-24 08:00:00.000001 IP (tos 0x2,ECT(0), ttl 61, id 38855, offset 0, flags [DF], proto TCP (6), length 64, bad cksum 2533 (->92ee)!)',
    '    192.0.2.1.53226 > 198.51.100.2.3000: Flags [SEW], cksum 0x0acf (incorrect -> 0x788a), seq 3322552102, win 65535, options [mss 1460,nop,wscale 5,sackOK,eol], length 0',
    '2026-11-24 08:00:00.000002 IP6 (class 0x10, hlim 64, next-header UDP (17) payload length: 12) 2001:db8::1.9 > 2001:db8::2.53: [udp sum ok] UDP, length 4',
  ].join('\n');

  it('are joined to one packet with the fields of its IP header', () => {
    const rows = read(TEXT);
    expect(rows.count).toBe(2);
    const [columns] = rowAt(rows, 0);
    expect(rowText(columns, 0)).toBe(
      'TCP 192.0.2.1 53226 > 198.51.100.2 3000 SEW 0 B [ipv4 tcp tcpMss tcpWindowScale tcpSackPermitted] {fromText}',
    );
    expect([columns.ttl[0], columns.dscpEcn[0], columns.ipId[0], columns.ipFlags[0]]).toEqual([61, 2, 38855, 2]);
    expect([columns.length[0], columns.tcpMss[0], columns.tcpWindowScale[0]]).toEqual([64, 1460, 5]);
    expect([columns.ttl[1], columns.dscpEcn[1], columns.length[1], columns.payloadLength[1]]).toEqual([64, 16, 52, 4]);
  });

  it('may come one by one: numbers count on from the offset of the first', () => {
    const { batches, count } = rowsOfText(TEXT, { arrivalMs: ARRIVAL_MS, sequence: 700, lines: true });
    expect([count, batches[0]!.firstNumber]).toEqual([2, 701]);
  });

  it('of a tunnel give the packet inside, and the addresses around it', () => {
    const text = [
      '08:00:00.000000 IP (tos 0x0, ttl 64, id 7, offset 0, flags [DF], proto GRE (47), length 108)',
      '    192.0.2.1 > 198.51.100.2: GREv0, Flags [none], length 88',
      '\tIP (tos 0x0, ttl 63, id 8, offset 0, flags [none], proto ICMP (1), length 84)',
      '    10.0.0.1 > 10.0.0.2: ICMP echo request, id 1, seq 2, length 64',
    ].join('\n');
    expect(line(text)).toBe(
      'ICMP 10.0.0.1 > 10.0.0.2 56 B [ipv4 icmp gre] {fromText timeInferred} in 1 (192.0.2.1 > 198.51.100.2)',
    );
  });

  it('do not take the packet that an ICMP error quotes for its own', () => {
    const text = [
      '08:00:00.000000 IP (tos 0x0, ttl 64, id 7, offset 0, flags [none], proto ICMP (1), length 56)',
      '    192.0.2.1 > 198.51.100.2: ICMP 192.0.2.1 udp port 9 unreachable, length 36',
      '\tIP (tos 0x0, ttl 63, id 8, offset 0, flags [none], proto UDP (17), length 32)',
      '    198.51.100.2.4000 > 192.0.2.1.9: UDP, length 4',
    ].join('\n');
    expect(line(text)).toBe('ICMP 192.0.2.1 > 198.51.100.2 28 B [ipv4 icmp] {fromText timeInferred}');
  });
});

describe('lines of tcpdump -e', () => {
  it('give link type, frame length, and both VLAN tags', () => {
    const text =
      '1480000000.000001 00:00:5e:00:53:01 > 00:00:5e:00:53:02, ethertype 802.1Q-QinQ (0x88a8), length 72: vlan 1525, p 0, ethertype 802.1Q (0x8100), vlan 30, p 0, DEI, ethertype IPv4 (0x0800), 192.0.2.1.9 > 192.0.2.2.10: UDP, length 22';
    const [columns, row] = rowAt(read(text), 0);
    expect(rowText(columns, row)).toBe('UDP 192.0.2.1 9 > 192.0.2.2 10 22 B [ethernet vlan qinq ipv4 udp] {fromText}');
    expect([columns.vlan[row], columns.vlanInner[row], columns.length[row], columns.linkType[row]]).toEqual([
      1525, 30, 72, 1,
    ]);
  });

  it('give the hardware addresses of what is not IP', () => {
    const text =
      '08:00:00.000000 00:00:5e:00:53:01 > 01:80:c2:00:00:00, 802.3, length 38: LLC, dsap STP (0x42) Individual, ssap STP (0x42) Command, ctrl 0x03: STP 802.1d, Config, Flags [none], length 35';
    expect(line(text)).toBe('STP 00:00:5e:00:53:01 > 01:80:c2:00:00:00 [ethernet] {fromText timeInferred}');
  });
});

describe('the time of a text', () => {
  const packet = 'IP 192.0.2.1.9 > 192.0.2.2.10: UDP, length 4';

  it('is exact with a date or as seconds, to the nanosecond when printed', () => {
    expect(time(`2017-07-06 13:40:07.123456 ${packet}`)).toBe('2017-07-06T13:40:07.123456000Z');
    expect(time(`2017-07-06 13:40:07.123456789 ${packet}`)).toBe('2017-07-06T13:40:07.123456789Z');
    expect(time(`1499348407.123456 ${packet}`)).toBe('2017-07-06T13:40:07.123456000Z');
    expect(time(`    1  1499348407.123456 ${packet}`)).toBe('2017-07-06T13:40:07.123456000Z');
  });

  it('without a day is on the latest day not more than twelve hours after the arrival', () => {
    expect(time(`08:59:59.999999 ${packet}`)).toBe('2026-11-24T08:59:59.999999000Z');
    expect(time(`20:59:59.000000 ${packet}`)).toBe('2026-11-24T20:59:59.000000000Z');
    expect(time(`21:00:00.000001 ${packet}`)).toBe('2026-11-23T21:00:00.000001000Z');
  });

  it('is that of the arrival when the text has none, or only a distance', () => {
    expect(time(packet)).toBe('2026-11-24T09:00:00.000000000Z');
    expect(time(` 00:00:00.000123 ${packet}`)).toBe('2026-11-24T09:00:00.000000000Z');
    expect(line(packet)).toContain('timeInferred');
  });
});
