/** One frame of every protocol becomes the row that its bytes say. The frames are in test/fixtures/decode-frames.ts. */
import { allocateColumns, LAYER, QUALITY } from '@tapline/core/packet/columns';
import { Decoder } from '@tapline/core/decode/decoder';
import { describe, expect, it } from 'vitest';
import { FRAMES } from '../../fixtures/decode-frames.ts';
import { decodeFrame, hex } from '../../helpers/decode.ts';
import { rowText } from '../../helpers/row-text.ts';

describe('a frame of each protocol', () => {
  const expected: Record<keyof typeof FRAMES, string> = {
    tcpSyn:
      'TCP 192.0.2.1 50000 > 198.51.100.2 80 S 0 B [ethernet ipv4 tcp tcpMss tcpWindowScale tcpSackPermitted tcpTimestamps]',
    tcpPush: 'TCP 192.0.2.1 80 > 198.51.100.2 50000 P. 19 B [ethernet ipv4 tcp]',
    tcpAccurateEcn: 'TCP 192.0.2.1 50000 > 198.51.100.2 80 SEWe 0 B [ethernet ipv4 tcp]',
    udpPadded: 'UDP 192.0.2.1 53000 > 198.51.100.2 53 3 B [ethernet ipv4 udp]',
    udp6: 'UDP 2001:db8::1 53000 > 2001:db8::2 53 29 B [ethernet ipv6 udp]',
    arpRequest: 'ARP 192.0.2.1 > 192.0.2.254 [ethernet arp]',
    stp: 'STP 02:00:00:00:00:01 > 01:80:c2:00:00:00 [ethernet]',
    snapIp: 'TCP 10.0.0.1 40000 > 10.0.0.2 443 P. 5 B [ethernet ipv4 tcp]',
    cdp: 'CDP 02:00:00:00:00:01 > 01:00:0c:cc:cc:cc [ethernet]',
    lldp: 'LLDP 02:00:00:00:00:01 > 01:80:c2:00:00:0e [ethernet]',
    vlan: 'TCP 10.0.0.1 40000 > 10.0.0.2 443 P. 5 B [ethernet vlan ipv4 tcp]',
    qinq: 'TCP 10.0.0.1 40000 > 10.0.0.2 443 P. 5 B [ethernet vlan qinq ipv4 tcp]',
    vlan9100: 'UDP 2001:db8:1::1 546 > 2001:db8:1::2 547 2 B [ethernet vlan qinq ipv6 udp]',
    mplsIp: 'TCP 10.0.0.1 40000 > 10.0.0.2 443 P. 5 B [ethernet mpls ipv4 tcp]',
    mplsPseudowire: 'TCP 10.0.0.1 40000 > 10.0.0.2 443 P. 5 B [ethernet mpls ipv4 tcp]',
    pppoeIp: 'TCP 10.0.0.1 40000 > 10.0.0.2 443 P. 5 B [ethernet pppoe ipv4 tcp]',
    pppoeDiscovery: 'PPPoE 02:00:00:00:00:01 > ff:ff:ff:ff:ff:ff [ethernet pppoe]',
    firstFragment: 'UDP 192.0.2.1 53000 > 198.51.100.2 53 16 B [ethernet ipv4 udp fragment]',
    laterFragment: 'UDP 192.0.2.1 > 198.51.100.2 24 B [ethernet ipv4 fragment]',
    ipOptions: 'TCP 192.0.2.1 50000 > 198.51.100.2 80 S 0 B [ethernet ipv4 tcp ipOptions]',
    totalLengthZero: 'TCP 192.0.2.1 50000 > 198.51.100.2 80 . 40 B [ethernet ipv4 tcp] {zeroLength}',
    totalLengthLie: 'TCP 192.0.2.1 50000 > 198.51.100.2 80 . 40 B [ethernet ipv4 tcp] {lengthLie}',
    ah: 'TCP 192.0.2.1 50000 > 198.51.100.2 80 S 0 B [ethernet ipv4 tcp ipOptions]',
    esp: 'ESP 192.0.2.1 > 198.51.100.2 32 B [ethernet ipv4]',
    ipv6Extensions: 'UDP 2001:db8::1 53000 > 2001:db8::2 53 4 B [ethernet ipv6 udp ipOptions]',
    ipv6FirstFragment: 'UDP 2001:db8::1 53000 > 2001:db8::2 53 8 B [ethernet ipv6 udp fragment ipOptions]',
    ipv6LaterFragment: 'UDP 2001:db8::1 > 2001:db8::2 16 B [ethernet ipv6 fragment ipOptions]',
    ipv6Esp: 'ESP 2001:db8::1 > 2001:db8::2 24 B [ethernet ipv6]',
    icmpEcho: 'ICMP 192.0.2.1 > 198.51.100.2 56 B [ethernet ipv4 icmp]',
    icmpUnreachable: 'ICMP 192.0.2.1 > 198.51.100.2 28 B [ethernet ipv4 icmp]',
    icmpv6Neighbour: 'IPv6-ICMP 2001:db8::1 > 2001:db8::2 24 B [ethernet ipv6 icmpv6]',
    sctp: 'SCTP 192.0.2.1 36412 > 198.51.100.2 36413 16 B [ethernet ipv4 sctp]',
    greKeySequence: 'TCP 10.0.0.1 40000 > 10.0.0.2 443 P. 5 B [ethernet ipv4 tcp gre] in 1 (192.0.2.1 > 198.51.100.2)',
    greBridged: 'TCP 10.0.0.1 40000 > 10.0.0.2 443 P. 5 B [ethernet ipv4 tcp gre] in 1 (192.0.2.1 > 198.51.100.2)',
    pptp: 'TCP 10.0.0.1 40000 > 10.0.0.2 443 P. 5 B [ethernet ipv4 tcp gre] in 1 (192.0.2.1 > 198.51.100.2)',
    ipInIp: 'TCP 10.0.0.1 40000 > 10.0.0.2 443 P. 5 B [ethernet ipv4 tcp ipInIp] in 1 (192.0.2.1 > 198.51.100.2)',
    sixInFour:
      'UDP 2001:db8:1::1 546 > 2001:db8:1::2 547 2 B [ethernet ipv6 udp ipInIp] in 1 (192.0.2.1 > 198.51.100.2)',
    fourInSix: 'TCP 10.0.0.1 40000 > 10.0.0.2 443 P. 5 B [ethernet ipv4 tcp ipInIp] in 1 (2001:db8::1 > 2001:db8::2)',
    vxlan: 'TCP 10.0.0.1 40000 > 10.0.0.2 443 P. 5 B [ethernet ipv4 tcp vxlan] in 1 (192.0.2.1 > 198.51.100.2)',
    geneve: 'UDP 2001:db8:1::1 546 > 2001:db8:1::2 547 2 B [ethernet ipv6 udp geneve] in 1 (192.0.2.1 > 198.51.100.2)',
    gtpu: 'TCP 10.0.0.1 40000 > 10.0.0.2 443 P. 5 B [ethernet ipv4 tcp gtpu] in 1 (192.0.2.1 > 198.51.100.2)',
    erspan1: 'TCP 10.0.0.1 40000 > 10.0.0.2 443 P. 5 B [ethernet ipv4 tcp gre erspan] in 1 (192.0.2.1 > 198.51.100.2)',
    erspan2: 'TCP 10.0.0.1 40000 > 10.0.0.2 443 P. 5 B [ethernet ipv4 tcp gre erspan] in 1 (192.0.2.1 > 198.51.100.2)',
    erspan3: 'TCP 10.0.0.1 40000 > 10.0.0.2 443 P. 5 B [ethernet ipv4 tcp gre erspan] in 1 (192.0.2.1 > 198.51.100.2)',
    etherIp: 'TCP 10.0.0.1 40000 > 10.0.0.2 443 P. 5 B [ethernet ipv4 tcp] in 1 (192.0.2.1 > 198.51.100.2)',
    l2tp: 'TCP 10.0.0.1 40000 > 10.0.0.2 443 P. 5 B [ethernet ipv4 tcp] in 1 (192.0.2.1 > 198.51.100.2)',
    teredo: 'UDP 2001:db8:1::1 546 > 2001:db8:1::2 547 2 B [ethernet ipv6 udp ipInIp] in 1 (192.0.2.1 > 198.51.100.2)',
  };

  it.each(Object.entries(expected))('%s is the row %s', (name, text) => {
    expect(rowText(decodeFrame(FRAMES[name as keyof typeof FRAMES]))).toBe(text);
  });
});

describe('the columns beside addresses, ports and flags', () => {
  it('hold the fields of IPv4 and TCP with its options', () => {
    const row = decodeFrame(FRAMES.tcpSyn);
    expect([row.ttl[0], row.ipId[0], row.ipFlags[0], row.fragmentOffset[0], row.dscpEcn[0]]).toEqual([
      64, 0x1c46, 2, 0, 0,
    ]);
    expect([row.tcpSeq[0], row.tcpAck[0], row.tcpWindow[0]]).toEqual([0x11223344, 0, 64240]);
    expect([row.tcpMss[0], row.tcpWindowScale[0], row.tcpTsValue[0], row.tcpTsEcho[0]]).toEqual([1460, 7, 100, 0]);
    expect([row.length[0], row.capturedLength[0], row.etherType[0], row.linkType[0]]).toEqual([74, 74, 0x0800, 1]);
  });

  it('hold fragments of both IP versions', () => {
    const later = decodeFrame(FRAMES.laterFragment);
    expect([later.fragmentOffset[0], later.ipFlags[0]]).toEqual([185 * 8, 1]);
    const later6 = decodeFrame(FRAMES.ipv6LaterFragment);
    expect([later6.fragmentOffset[0], later6.ipFlags[0], later6.ipId[0]]).toEqual([1448, 1, 0xdeadbeef]);
  });

  it('hold ICMP, ARP, VLAN and traffic class', () => {
    expect([decodeFrame(FRAMES.icmpUnreachable).icmpType[0], decodeFrame(FRAMES.icmpUnreachable).icmpCode[0]]).toEqual([
      3, 1,
    ]);
    expect(decodeFrame(FRAMES.icmpv6Neighbour).icmpType[0]).toBe(135);
    expect(decodeFrame(FRAMES.arpRequest).arpOp[0]).toBe(1);
    expect([decodeFrame(FRAMES.qinq).vlan[0], decodeFrame(FRAMES.qinq).vlanInner[0]]).toEqual([200, 30]);
    expect(decodeFrame(FRAMES.udp6).dscpEcn[0]).toBe(3);
    expect([decodeFrame(FRAMES.stp).etherType[0], decodeFrame(FRAMES.cdp).etherType[0]]).toEqual([0x42, 0x2000]);
  });

  it('do not keep what an outer header said', () => {
    const row = decodeFrame(FRAMES.geneve);
    expect([row.ipId[0], row.ipFlags[0], row.layers[0]! & (LAYER.ipv4 | LAYER.fragment)]).toEqual([0, 0, 0]);
  });
});

describe('link types', () => {
  const ip = FRAMES.tcpSyn.subarray(14);
  const ip6 = FRAMES.udp6.subarray(14);
  const tcp = 'TCP 192.0.2.1 50000 > 198.51.100.2 80 S 0 B';
  const udp6 = 'UDP 2001:db8::1 53000 > 2001:db8::2 53 29 B';
  const cases: [name: string, linkType: number, header: string, packet: Uint8Array, text: string][] = [
    ['NULL, little-endian host', 0, '02000000', ip, tcp],
    ['NULL, big-endian host', 0, '00000002', ip, tcp],
    ['NULL with the IPv6 of macOS', 0, '1e000000', ip6, udp6],
    ['LOOP', 108, '0000001c', ip6, udp6],
    ['RAW', 101, '', ip, tcp],
    ['RAW as BSD numbers it', 12, '', ip6, udp6],
    ['RAW as OpenBSD numbers it', 14, '', ip, tcp],
    ['IPV4', 228, '', ip, tcp],
    ['IPV6', 229, '', ip6, udp6],
    ['LINUX_SLL', 113, '00000001000602000000000100000800', ip, tcp],
    ['LINUX_SLL2', 276, '86dd000000000002000100060200000000010000', ip6, udp6],
    ['PPP', 9, 'ff030021', ip, tcp],
    ['PPP with compressed fields', 9, '57', ip6, udp6],
    ['PPP_HDLC', 50, 'ff030057', ip6, udp6],
    ['Cisco HDLC', 104, '0f000800', ip, tcp],
    ['FRELAY with an NLPID', 107, '184103cc', ip, tcp],
    ['FRELAY as Cisco encapsulates', 107, '184186dd', ip6, udp6],
  ];

  it.each(cases)('%s leads to the packet', (_, linkType, header, packet, text) => {
    expect(rowText(decodeFrame(Uint8Array.from([...hex(header), ...packet]), { linkType }))).toMatch(`${text} [`);
  });

  it('PPP_ETHER leads to PPPoE without Ethernet', () => {
    const row = decodeFrame(FRAMES.pppoeIp.subarray(14), { linkType: 51 });
    expect(rowText(row)).toBe('TCP 10.0.0.1 40000 > 10.0.0.2 443 P. 5 B [pppoe ipv4 tcp]');
  });

  it('without a decoder are a row that says which', () => {
    expect(rowText(decodeFrame(hex('0102030405'), { linkType: 127 }))).toBe(
      'LINKTYPE_IEEE802_11_RADIOTAP [] {unknownLink}',
    );
  });
});

describe('what is wrong with a packet', () => {
  it('a snap length that cuts the TCP options keeps the fixed header', () => {
    const row = decodeFrame(FRAMES.tcpSyn.subarray(0, 60), { wireLength: 74 });
    expect(rowText(row)).toBe(
      'TCP 192.0.2.1 50000 > 198.51.100.2 80 S 0 B [ethernet ipv4 tcp tcpMss tcpSackPermitted] {truncated headerCut}',
    );
  });

  it('a snap length behind the ports keeps the ports', () => {
    const row = decodeFrame(FRAMES.udp6.subarray(0, 58), { wireLength: FRAMES.udp6.length });
    expect(rowText(row)).toBe('UDP 2001:db8::1 53000 > 2001:db8::2 53 29 B [ethernet ipv6 udp] {truncated headerCut}');
  });

  it('a packet whose IP length ends inside TCP is malformed, not cut', () => {
    const frame = Uint8Array.from(FRAMES.tcpSyn);
    frame.set([0, 32], 16);
    expect(rowText(decodeFrame(frame))).toBe(
      'TCP 192.0.2.1 50000 > 198.51.100.2 80 0 B [ethernet ipv4] {malformedTransport}',
    );
  });

  it('an impossible IP header is not believed: the row keeps the MAC addresses', () => {
    const frame = Uint8Array.from(FRAMES.tcpSyn);
    frame[14] = 0x42;
    expect(rowText(decodeFrame(frame))).toBe(
      'IPv4 02:00:00:00:00:01 > 02:00:00:00:00:02 [ethernet] {malformedNetwork}',
    );
  });

  it('a VXLAN port without VXLAN behind it stays UDP', () => {
    const frame = Uint8Array.from(FRAMES.vxlan);
    frame[42] = 0;
    expect(rowText(decodeFrame(frame))).toBe('UDP 192.0.2.1 49152 > 198.51.100.2 4789 67 B [ethernet ipv4 udp]');
  });

  it('an inner header that is not IP leaves the outer addresses', () => {
    const frame = Uint8Array.from(FRAMES.ipInIp);
    frame[34] = 0x99;
    expect(rowText(decodeFrame(frame))).toBe(
      'IPv4 192.0.2.1 > 198.51.100.2 45 B [ethernet ipv4 ipInIp] {malformedNetwork}',
    );
  });

  it('more than eight network headers are too deep', () => {
    const header = hex('450000640001000040040000c0000201c6336402');
    const packet = Uint8Array.from([...Array(10).keys()].flatMap((depth) => [...withLength(header, 200 - depth * 20)]));
    const row = decodeFrame(packet, { linkType: 101 });
    expect([row.tunnelDepth[0], row.quality[0]! & QUALITY.tooDeep]).toEqual([7, QUALITY.tooDeep]);
  });

  it('segments beyond 1,500 bytes are oversize', () => {
    const row = decodeFrame(FRAMES.totalLengthZero, { wireLength: 9014 });
    expect(rowText(row)).toBe(
      'TCP 192.0.2.1 50000 > 198.51.100.2 80 . 8960 B [ethernet ipv4 tcp] {truncated oversize zeroLength}',
    );
  });

  it('time is kept as it came', () => {
    const columns = allocateColumns();
    new Decoder().decode(columns, 7, FRAMES.arpRequest, 0, 60, 60, -1.5e15, 999, 1);
    expect([columns.timeUs[7], columns.timeNs[7]]).toEqual([-1.5e15, 999]);
  });
});

function withLength(header: Uint8Array, length: number): Uint8Array {
  const copy = Uint8Array.from(header);
  copy.set([length >> 8, length & 255], 2);
  return copy;
}
