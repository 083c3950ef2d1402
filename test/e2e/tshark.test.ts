/**
 * The second opinion: every shared capture that tshark reads, packet by packet, field by field. Where we differ on purpose a
 * rule below says why, and how many packets it speaks for, so that no rule can hide anything else.
 */
import { join } from 'node:path';
import { BATCH_CAPACITY, LAYER, QUALITY } from '@tapline/core/packet/columns';
import type { PacketColumns } from '@tapline/core/packet/columns';
import { beforeAll, describe, expect, it } from 'vitest';
import { CAPTURES, captureIndex } from '../helpers/captures.ts';
import { columnFacts } from '../helpers/column-facts.ts';
import { decodeCapture } from '../helpers/decode.ts';
import { readWithTshark, TSHARK } from '../helpers/tshark.ts';
import { TSHARK_FIELDS, tsharkFacts } from '../helpers/tshark-row.ts';
import type { Facts } from '../helpers/tshark-row.ts';

interface Difference {
  readonly path: string;
  readonly layers: number;
  readonly quality: number;
  readonly protocols: string;
  readonly ours: Facts;
  readonly theirs: Facts;
}

/** Why packets may differ: `explains` names a fact of a packet that the reason covers. */
interface Rule {
  readonly reason: string;
  readonly packets: number;
  readonly explains: (name: string, difference: Difference) => boolean;
}

const FRAME_FACTS = ['length', 'capturedLength', 'time'];

const RULES: readonly Rule[] = [
  {
    reason: 'tshark decodes more link types (802.11, NFLOG, IPNET, Juniper): our row says which it was',
    packets: 57,
    explains: (name, { quality }) => (quality & QUALITY.unknownLink) !== 0 && !FRAME_FACTS.includes(name),
  },
  {
    reason: 'an IP header that is cut or contradicts itself is not believed: the row keeps the header around it',
    packets: 21,
    explains: (name, { quality, theirs }) =>
      (quality & (QUALITY.malformedNetwork | QUALITY.headerCut)) !== 0 &&
      (theirs['source'] === undefined || theirs['destination'] === undefined) &&
      !FRAME_FACTS.includes(name),
  },
  {
    reason: 'of a cut transport header we keep what was captured and whole options only',
    packets: 6,
    explains: (name, { quality, ours, theirs }) =>
      (quality & (QUALITY.malformedTransport | QUALITY.headerCut)) !== 0 &&
      (name === 'tcpTsValue' ? ours[name] === undefined : theirs[name] === undefined) &&
      ours['source'] === theirs['source'],
  },
  {
    reason:
      'a payload ends where its IP packet ends, whatever the UDP length claims; first fragments are counted by their IP length',
    packets: 28,
    explains: (name, { layers, quality, ours, theirs }) =>
      name === 'payloadLength' &&
      ((layers & LAYER.fragment) !== 0 || (quality & (QUALITY.malformedTransport | QUALITY.lengthLie)) !== 0) &&
      Number(ours[name]) < Number(theirs[name] ?? Infinity),
  },
  {
    reason: 'an IPv6 payload length of 0 without jumbo option: tshark stops, we take segmentation offload for granted',
    packets: 3,
    explains: (name, { layers, quality }) =>
      (layers & LAYER.ipv6) !== 0 &&
      (quality & QUALITY.zeroLength) !== 0 &&
      ['ipProtocol', 'ipId', 'fragmentOffset', 'payloadLength'].includes(name),
  },
  {
    reason: 'a pcapng Simple Packet Block has no time: we keep the time of the packet before it, tshark says 1970',
    packets: 9,
    explains: (name, { theirs }) => name === 'time' && theirs[name] === '0.000000000',
  },
  {
    reason: 'fractions of a second beyond one second overflow in tshark; we add them',
    packets: 10,
    explains: (name, { path }) => name === 'time' && /clusterfuzz|timestamp_invalid/.test(path),
  },
  {
    reason: 'tshark cuts lengths at 2^31 - 1',
    packets: 3,
    explains: (name, { ours, theirs }) =>
      (name === 'length' && theirs[name] === '2147483647' && Number(ours[name]) > 2147483647) ||
      (name === 'payloadLength' && theirs['length'] === '2147483647'),
  },
  {
    reason: 'tshark does not count the four bytes in front of SunATM frames',
    packets: 1,
    explains: (name, { path }) => path.includes('atm-oam') && ['length', 'capturedLength'].includes(name),
  },
  {
    reason: 'GENEVE has version 0 only (RFC 8926 §3.4): anything else stays UDP',
    packets: 1,
    explains: (_, { path }) => path.endsWith('06_geneve_invalid_version.pcap'),
  },
  {
    reason: 'MACsec is not opened, encrypted or not',
    packets: 1,
    explains: (_, { protocols }) => protocols.includes(':macsec:'),
  },
  {
    reason:
      'of a frame in a tunnel that ends inside its link header the header around it, or its source, is kept; tshark shows none',
    packets: 3,
    explains: (name, { protocols, theirs }) =>
      name === 'sourceMac' && protocols.endsWith(':eth') && theirs[name] === undefined,
  },
  {
    reason: 'a cut frame behind MPLS: we look for its control word, tshark guesses that there is none',
    packets: 1,
    explains: (name, { path }) => name === 'sourceMac' && path.endsWith('13_mpls_pw_truncated_inner_ipv4.pcap'),
  },
  {
    reason: 'frames that OpenFlow messages quote are payload',
    packets: 3,
    explains: (name, { protocols }) => name === 'sourceMac' && protocols.includes(':openflow:'),
  },
  {
    reason: 'broken record headers make tshark guess at a patched pcap layout; we and tcpdump read the magic number',
    packets: 3,
    explains: (_, { path }) => /igmplayer$|crash-exception-cast/.test(path),
  },
];

/** Captures of which tshark reads more packets: fuzzed headers that tcpdump refuses too. */
const REFUSED = ['clusterfuzz-testcase-minimized-FuzzTarget-4683685084594176'];

const EXCLUDED_KINDS = ['expected-output', 'labelled-flows'];

/** Text files are listed with the captures they describe; tshark would read JSON as a capture. */
const isCapture = (path: string): boolean => !/\.(?:json|test|txt|tsv|csv|out|log|md)$/.test(path);

describe.skipIf(CAPTURES === undefined || !TSHARK)('every shared capture, beside tshark', () => {
  const differences: Difference[] = [];
  const fewer: string[] = [];
  let compared = 0;

  beforeAll(async () => {
    const paths = captureIndex('SETS')
      .filter((row) => !EXCLUDED_KINDS.includes(row['kind']!) && isCapture(row['path']!))
      .map((row) => join(CAPTURES!, row['path']!));
    for (const [path, rows] of await readWithTshark(paths, TSHARK_FIELDS)) {
      const { batches, packets } = await decodeCapture(path);
      if (packets < rows.length) fewer.push(path);
      for (let index = 0; index < Math.min(packets, rows.length); index += 1) {
        const columns = batches[Math.floor(index / BATCH_CAPACITY)]!;
        const row = index % BATCH_CAPACITY;
        compared += 1;
        const protocols = rows[index]!.get('frame.protocols')![0] ?? '';
        const both = { ours: columnFacts(columns, row), theirs: tsharkFacts(rows[index]!) };
        if (differing(both).length > 0) differences.push({ path, ...bits(columns, row), protocols, ...both });
      }
    }
  }, 300_000);

  it('has every packet that tshark has', () => {
    expect(compared).toBeGreaterThan(60_000);
    expect(fewer.filter((path) => !REFUSED.some((name) => path.endsWith(name)))).toEqual([]);
  });

  it('agrees on addresses, protocol, ports, flags, lengths, time and every other column, but for reasons', () => {
    const unexplained = differences.flatMap((difference) => {
      const names = differing(difference).filter((name) => !RULES.some((rule) => rule.explains(name, difference)));
      const told = names.map((name) => `${name}: ${difference.ours[name]}, tshark ${difference.theirs[name]}`);
      return names.length === 0 ? [] : [`${difference.path} [${difference.protocols}] ${told.join('; ')}`];
    });
    expect(unexplained).toEqual([]);
  });

  it('has no reason that explains more packets than it is there for', () => {
    const used = RULES.map(({ reason, explains }) => ({
      reason,
      packets: differences.filter((d) => differing(d).some((name) => explains(name, d))).length,
    }));
    expect(used).toEqual(RULES.map(({ reason, packets }) => ({ reason, packets })));
  });
});

const bits = (columns: PacketColumns, row: number): Pick<Difference, 'layers' | 'quality'> => ({
  layers: columns.layers[row]!,
  quality: columns.quality[row]!,
});

function differing({ ours, theirs }: Pick<Difference, 'ours' | 'theirs'>): string[] {
  const names = new Set([...Object.keys(ours), ...Object.keys(theirs)]);
  return [...names].filter((name) => ours[name] !== theirs[name]);
}
