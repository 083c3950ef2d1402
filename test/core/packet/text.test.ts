/** Addresses, times, flags and protocol names as text and back. */
import fc from 'fast-check';
import { isIPv4, isIPv6 } from 'node:net';
import { compareAddress, formatAddress, formatIpv6, parseAddress } from '@tapline/core/packet/address';
import { ADDRESS_TYPE } from '@tapline/core/packet/columns';
import { flagsText, parseFlags } from '@tapline/core/packet/flags';
import { etherTypeName, ipProtocolName, linkTypeName, parseIpProtocol } from '@tapline/core/packet/names';
import { formatTime, parseTime } from '@tapline/core/packet/time';
import { describe, expect, it } from 'vitest';

const words = fc.array(fc.oneof(fc.constantFrom(0, 1, 0xffff, 0x10000), fc.nat(0xffffffff)), {
  minLength: 4,
  maxLength: 4,
});

describe('addresses', () => {
  it.each([
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:0db8:0000:0000:0000:0000:0002:0001', '2001:db8::2:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['1:0:0:0:0:0:0:0', '1::'],
    ['FE80::1', 'fe80::1'],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.1'],
    ['192.0.2.255', '192.0.2.255'],
    ['02-00-5E-10-00-FF', '02:00:5e:10:00:ff'],
  ])('%s is written %s (RFC 5952)', (text, canonical) => {
    const { type, words: parsed } = parseAddress(text)!;
    expect(formatAddress(parsed, 0, type)).toBe(canonical);
  });

  it('of 128 bits are read back from their text, which Node knows as an IPv6 address', () => {
    fc.assert(
      fc.property(words, ([a, b, c, d]) => {
        const text = formatIpv6(a!, b!, c!, d!);
        expect(isIPv6(text)).toBe(true);
        expect(parseAddress(text)?.words).toEqual([a, b, c, d]);
      }),
    );
  });

  it('are refused when Node refuses them', () => {
    const text = fc.oneof(fc.ipV6(), fc.ipV4(), fc.stringMatching(/^[0-9a-f:.]{0,24}$/), fc.string());
    const isMac = (value: string): boolean => /^..(?:[:-]..){5}$/.test(value);
    fc.assert(
      fc.property(text, (value) => {
        if (value.includes('%') || /(?:^|\.)0\d/.test(value) || isMac(value)) return;
        expect(parseAddress(value) !== undefined).toBe(isIPv4(value) || isIPv6(value));
      }),
      { numRuns: 2000 },
    );
  });

  it('are ordered by their bits', () => {
    const rows = [0, 0, 0xffff, 1, 0, 0, 0xffff, 0xc0000201, 0x20010db8, 0, 0, 1];
    expect(compareAddress(rows, 0, rows, 1)).toBeLessThan(0);
    expect(compareAddress(rows, 2, rows, 1)).toBeGreaterThan(0);
    expect(compareAddress(rows, 1, rows, 1)).toBe(0);
    expect(formatAddress(rows, 1, ADDRESS_TYPE.ipv4)).toBe('192.0.2.1');
  });
});

describe('times', () => {
  it.each([
    [1499348407123456, 789, '2017-07-06T13:40:07.123456789Z'],
    [0, 0, '1970-01-01T00:00:00.000000000Z'],
    [-1, 999, '1969-12-31T23:59:59.999999999Z'],
    [951782400000000, 0, '2000-02-29T00:00:00.000000000Z'],
    [-62198755200000000 + 1, 1, '-000001-01-01T00:00:00.000001001Z'],
    [253402300800000000, 0, '+010000-01-01T00:00:00.000000000Z'],
  ])('%d µs and %d ns are %s', (timeUs, timeNs, text) => {
    // Beyond 2^53 the test's own numbers are not exact.
    if (Number.isSafeInteger(timeUs)) expect(formatTime(timeUs, timeNs)).toBe(text);
    else expect(formatTime(timeUs, timeNs).slice(0, 13)).toBe(text.slice(0, 13));
  });

  it('agree with the platform and are read back', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.nat(999), (timeUs, timeNs) => {
        const text = formatTime(timeUs, timeNs);
        const date = new Date(Math.floor(timeUs / 1000)).toISOString();
        expect(text.slice(0, -7)).toBe(date.slice(0, -1));
        expect(parseTime(text)).toEqual({ timeUs, timeNs });
      }),
    );
  });

  it('that are none are not read', () => {
    for (const text of [
      '',
      '2017-07-06',
      '2017-13-06T00:00:00Z',
      '2017-07-06T25:00:00Z',
      'yesterday',
      '2017-07-06T00:00:00',
    ]) {
      expect(parseTime(text)).toBeUndefined();
    }
  });
});

describe('flags', () => {
  it.each([
    [0x02, 'S'],
    [0x12, 'S.'],
    [0x18, 'P.'],
    [0x11, 'F.'],
    [0x04, 'R'],
    [0x14, 'R.'],
    [0x10, '.'],
    [0, 'none'],
    [0xc2, 'SEW'],
    [0x29, 'FPU'],
    [0x1ff, 'FSRP.UEWe'],
  ])('0x%s are %s, as tcpdump writes them', (flags, text) => {
    expect(flagsText(flags)).toBe(text);
  });

  it('are read back from their text', () => {
    for (let flags = 0; flags < 512; flags += 1) expect(parseFlags(flagsText(flags))).toBe(flags);
    expect(parseFlags('X')).toBeUndefined();
    expect(parseFlags('')).toBeUndefined();
  });
});

describe('names', () => {
  it('of IP protocols are the keywords of the IANA registry', () => {
    const names = [1, 2, 4, 6, 17, 41, 47, 50, 51, 58, 88, 89, 103, 112, 115, 132, 135, 136, 137, 140, 143].map(
      ipProtocolName,
    );
    expect(names.join(' ')).toBe(
      'ICMP IGMP IPv4 TCP UDP IPv6 GRE ESP AH IPv6-ICMP EIGRP OSPFIGP PIM VRRP L2TP SCTP Mobility UDPLite MPLS-in-IP Shim6 Ethernet',
    );
    expect([ipProtocolName(253), ipProtocolName(255)]).toEqual(['IPPROTO_253', 'IPPROTO_255']);
  });

  it('of IP protocols lead back to the number', () => {
    for (let protocol = 0; protocol < 256; protocol += 1) {
      const name = ipProtocolName(protocol);
      expect(ipProtocolName(parseIpProtocol(name.toLowerCase())!)).toBe(name);
    }
    expect(parseIpProtocol('nonsense')).toBeUndefined();
    expect(parseIpProtocol('IPPROTO_256')).toBeUndefined();
  });

  it('of EtherTypes and link types fall back to the number', () => {
    expect([etherTypeName(0x0806), etherTypeName(0x42), etherTypeName(0x1234), etherTypeName(0x12)]).toEqual([
      ...['ARP', 'STP', 'ETHERTYPE_0x1234', 'DSAP_0x12'],
    ]);
    expect([linkTypeName(105), linkTypeName(999)]).toEqual(['LINKTYPE_IEEE802_11', 'LINKTYPE_999']);
  });
});
