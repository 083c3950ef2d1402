/** Texts that no tcpdump and no tshark wrote: nothing throws, nothing is lost without a row, nothing takes long. */
import { describe, expect, it } from 'vitest';
import { QUALITY, QUALITY_MALFORMED, allocateColumns } from '@tapline/core/packet/columns';
import { RowFiller } from '@tapline/core/raw/row-filler';
import { splitRecords } from '@tapline/core/text/split-records';
import { tcpdumpRows } from '@tapline/core/text/tcpdump-rows';
import { tsharkRows } from '@tapline/core/text/tshark-rows';
import { rowAt, rowsOfText } from '../../helpers/raw-rows.ts';

const SEEDS = [
  '13:40:07.123456 IP (tos 0x2,ECT(0), ttl 64, id 1, offset 0, flags [DF], proto TCP (6), length 60, options (RA))\n    192.0.2.1.5 > 192.0.2.2.80: Flags [S.], cksum 0x1 (correct), seq 1:2, ack 3, win 4, options [mss 1460,sackOK,sack 1 {1:2}], length 0\n',
  '2017-07-06 13:40:07.123456 IP6 (class 0x1, hlim 2, next-header Options (0) payload length: 36) fe80::1 > ff02::16: HBH (rtalert: 0x0000) (padn) frag (0x1:8|9) ICMP6, neighbor solicitation, length 28\n',
  '1499348407.123456 00:00:5e:00:53:01 > 00:00:5e:00:53:02, ethertype 802.1Q (0x8100), length 72: vlan 1, p 0, ethertype IPv4 (0x0800), 192.0.2.1 > 192.0.2.2: GREv0, length 88: IP 10.0.0.1.4789 > 10.0.0.2.4789: VXLAN, flags [I] (0x08), vni 1\nARP, Request who-has 192.0.2.2 tell 192.0.2.1, length 28\n',
  '  {\n    "_source": {\n "layers": {\n "frame": { "frame.time_epoch": "1.000000000", "frame.len": "60", "frame.protocols": "eth:ip:ah:tcp" },\n "ip": { "ip.src": "192.0.2.1", "ip.dst": "192.0.2.2", "ip.proto": "6" }, "tcp": { "tcp.srcport": "1", "tcp.dstport": "2", "tcp.flags": "0x02" } } } }\n',
  '{"timestamp":"1","layers":{"frame":{"frame_frame_len":"60","frame_frame_protocols":"eth:ip:ip"},"ip":[{"ip_ip_src":"1.2.3.4"},{"ip_ip_src":"5.6.7.8"}]}}\n',
].map((text) => Buffer.from(text, 'latin1'));

/** xorshift32: the same bytes in every run. */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

function rowsAndRecords(parse: typeof tcpdumpRows, bytes: Uint8Array): [rows: number, records: number] {
  const rows = new RowFiller(allocateColumns(), 1, () => undefined);
  parse(bytes, 0, rows);
  const { records } = splitRecords(bytes, () => undefined);
  return [rows.rows, records];
}

describe('text that nobody wrote', () => {
  it('is one row per record whatever bytes are in it, and never an exception', () => {
    const random = randomNumbers(0x7a91_1e5d);
    for (let round = 0; round < 4_000; round++) {
      const bytes = Uint8Array.from(SEEDS[random(SEEDS.length)]!);
      for (let changes = random(6); changes >= 0; changes--) bytes[random(bytes.length)] = random(256);
      const cut = bytes.subarray(0, random(4) === 0 ? random(bytes.length) : bytes.length);
      const [rows, records] = rowsAndRecords(tcpdumpRows, cut);
      expect(rows).toBe(records);
      expect(rowsAndRecords(tsharkRows, cut)[0]).toBeLessThanOrEqual(records);
    }
  });

  it('is one row per record when it is noise from the first byte on', () => {
    const random = randomNumbers(0x1234_5678);
    for (let round = 0; round < 500; round++) {
      const noise = Uint8Array.from({ length: random(2_000) }, () => random(256));
      const [rows, records] = rowsAndRecords(tcpdumpRows, noise);
      expect(rows).toBe(records);
      rowsAndRecords(tsharkRows, noise);
    }
  });

  it('cut anywhere is still a row, with what was read before the cut', () => {
    const text = SEEDS[0]!;
    for (let length = 17; length < text.length; length++) {
      const [rows] = rowsAndRecords(tcpdumpRows, text.subarray(0, length));
      expect(rows).toBe(1);
    }
  });

  it.each([
    ['one line of a megabyte', `13:40:07.123456 IP 192.0.2.1 > 192.0.2.2: ${'x'.repeat(1_000_000)}`, 1],
    ['nothing but parentheses', `13:40:07.123456 IP (${'('.repeat(500_000)}`, 1],
    [
      'options without end',
      `13:40:07.123456 IP 1.2.3.4.5 > 6.7.8.9.10: Flags [S], options [${'nop,'.repeat(200_000)}`,
      1,
    ],
    ['MPLS labels without end', `13:40:07.123456 ${'MPLS (label 1) '.repeat(60_000)}`, 1],
    ['packets in packets', `13:40:07.123456 ${'IP 1.2.3.4 > 5.6.7.8: '.repeat(40_000)}`, 1],
    ['a hundred thousand empty lines in a packet', `13:40:07.123456 IP${'\n'.repeat(100_000)}`, 1],
    ['NUL bytes', `13:40:07.123456 IP \0\0\0\n13:40:07.123457 \0`, 2],
  ])('of %s is read once and counted', (_, text, packets) => {
    expect(rowsOfText(text).count).toBe(packets);
  });

  it('in UTF-16 is refused, in UTF-8 with a foreign letter read', () => {
    const utf16 = Buffer.from('13:40:07.123456 IP 192.0.2.1 > 192.0.2.2: ICMP echo request, length 8', 'utf16le');
    expect(() => rowsOfText(utf16.toString('latin1'))).toThrow(/binary data that begins no capture/);
    expect(rowsOfText('13:40:07.123456 IP 192.0.2.1 > 192.0.2.2: ICMP \u00e9cho, length 8').count).toBe(1);
  });

  it('says so in the row: what cannot be read is malformed', () => {
    const [columns, row] = rowAt(rowsOfText('13:40:07.123456 what is this'), 0);
    expect(columns.quality[row]! & QUALITY_MALFORMED).not.toBe(0);
    expect(columns.quality[row]! & QUALITY.fromText).not.toBe(0);
  });

  it('does not count what tcpdump says about itself, but the rest of a packet that lost its beginning', () => {
    const noise = [
      'tcpdump: listening on eth0, link-type EN10MB',
      '',
      '17 packets captured',
      '0 packets dropped by kernel',
    ];
    const packet = '13:40:07.123456 IP 192.0.2.1 > 192.0.2.2: ICMP echo request, id 1, seq 1, length 8';
    expect(rowsOfText([...noise, packet, ...noise].join('\n')).count).toBe(1);
    const orphan = '    192.0.2.1.5 > 192.0.2.2.80: Flags [S], seq 1, win 2, length 0';
    expect(rowsOfText([orphan, packet].join('\n')).count).toBe(2);
  });
});
