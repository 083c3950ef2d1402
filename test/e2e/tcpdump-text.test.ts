/**
 * The tcpdump project's own expected texts: where they print addresses, ports, flags, lengths or IPv4 fields of a packet, our
 * columns say the same. Differences on purpose have a reason and a number of packets, as in tshark.test.ts.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { formatAddress } from '@tapline/core/packet/address';
import { ADDRESS_TYPE, BATCH_CAPACITY, LAYER, QUALITY } from '@tapline/core/packet/columns';
import type { PacketColumns } from '@tapline/core/packet/columns';
import { flagsText } from '@tapline/core/packet/flags';
import { beforeAll, describe, expect, it } from 'vitest';
import { CAPTURES, captureIndex } from '../helpers/captures.ts';
import { decodeCapture } from '../helpers/decode.ts';
import { parseTcpdump } from '../helpers/tcpdump-text.ts';
import type { TcpdumpPacket } from '../helpers/tcpdump-text.ts';

interface Difference {
  readonly text: string;
  readonly number: number;
  readonly quality: number;
  readonly told: string;
}

const REASONS: readonly { reason: string; packets: number; covers: (difference: Difference) => boolean }[] = [
  {
    reason:
      'tcpdump decodes more link types (Broadcom and Marvell switch tags, IPNET and others): our row says which it was',
    packets: 99,
    covers: ({ quality }) => (quality & QUALITY.unknownLink) !== 0,
  },
  {
    reason: 'ports are those of TCP, UDP and SCTP, not DCCP',
    packets: 31,
    covers: ({ text }) => text.startsWith('dccp'),
  },
  {
    reason: 'tcpdump does not look behind Cisco metadata (0x8909) in GRE; we and tshark do',
    packets: 20,
    covers: ({ text }) => text === 'various_gre.out',
  },
  { reason: 'MACsec is not opened', packets: 1, covers: ({ text }) => text === 'icmp-rfc8335-missing-bytes.out' },
  {
    reason: 'an unknown PPP protocol number is not IP, whatever its payload looks like',
    packets: 1,
    covers: ({ text }) => text === 'ppp_ip_udp_dns.out',
  },
];

describe.skipIf(CAPTURES === undefined)("the tcpdump project's expected texts", () => {
  const differences: Difference[] = [];
  let compared = 0;

  beforeAll(async () => {
    for (const row of captureIndex('SETS')) {
      const capture = /^tcpdump .*-r (\S+)/.exec(row['note']!)?.[1];
      if (row['kind'] !== 'expected-output' || capture === undefined) continue;
      const path = join(CAPTURES!, dirname(row['path']!), capture);
      if (!existsSync(path)) continue;
      const { batches, packets } = await decodeCapture(path);
      const text = row['path']!.split('/').at(-1)!;
      for (const packet of parseTcpdump(readFileSync(join(CAPTURES!, row['path']!), 'latin1'))) {
        expect(packet.number, text).toBeLessThanOrEqual(packets);
        const columns = batches[Math.floor((packet.number - 1) / BATCH_CAPACITY)]!;
        const index = (packet.number - 1) % BATCH_CAPACITY;
        compared += 1;
        const told = disagreements(columns, index, packet);
        const quality = columns.quality[index]!;
        if (told.length > 0) differences.push({ text, number: packet.number, quality, told: told.join('; ') });
      }
    }
  });

  it('agree on every packet, but for reasons', () => {
    expect(compared).toBeGreaterThan(2_500);
    expect(differences.filter((difference) => !REASONS.some(({ covers }) => covers(difference)))).toEqual([]);
  });

  it('have no reason that covers more packets than it is there for', () => {
    const used = REASONS.map(({ reason, covers }) => ({ reason, packets: differences.filter(covers).length }));
    expect(used).toEqual(REASONS.map(({ reason, packets }) => ({ reason, packets })));
  });
});

function disagreements(columns: PacketColumns, row: number, packet: TcpdumpPacket): string[] {
  const told: string[] = [];
  const check = (name: string, ours: number | string | undefined, theirs: number | string | undefined): void => {
    if (theirs !== undefined && ours !== theirs) told.push(`${name}: ${ours}, tcpdump ${theirs}`);
  };
  const { pairs } = packet;
  const ours = ends(columns, row);
  if (pairs.length > 0 && !pairs.some(([source, destination]) => ours.includes(`${source} > ${destination}`)))
    told.push(`${ours[0]!}, tcpdump ${pairs.map((pair) => pair.join(' > ')).join(', ')}`);
  check('flags', flagsText(columns.tcpFlags[row]!), packet.flags);
  check('payload', columns.payloadLength[row], packet.payloadLength);
  if (columns.tunnelDepth[row] === 0 && columns.addressType[row] === ADDRESS_TYPE.ipv4) {
    check('ttl', columns.ttl[row], packet.ttl);
    check('id', columns.ipId[row], packet.ipId);
    check('fragment offset', columns.fragmentOffset[row], packet.fragmentOffset);
    check('protocol', columns.ipProtocol[row], packet.ipProtocol);
  }
  return told;
}

/** Our addresses with and, because tcpdump leaves ports out of some protocols' texts, without ports. */
function ends(columns: PacketColumns, row: number): string[] {
  const type = columns.addressType[row]!;
  const source = formatAddress(columns.source, row, type);
  const destination = formatAddress(columns.destination, row, type);
  const bare = `${source} > ${destination}`;
  if ((columns.layers[row]! & LAYER.ports) === 0) return [bare];
  return [`${source}.${columns.sourcePort[row]!} > ${destination}.${columns.destinationPort[row]!}`, bare];
}
