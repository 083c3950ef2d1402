/** Why a row from text may differ from the row of its packet: what each reason covers, and how many packets of which run. */
import { basename } from 'node:path';
import { LAYER, QUALITY, QUALITY_MALFORMED } from '@tapline/core/packet/columns';
import type { Facts } from './tshark-row.ts';

export interface TextDifference {
  readonly run: number;
  readonly path: string;
  readonly number: number;
  /** Of the packet's own row. */
  readonly layers: number;
  readonly quality: number;
  readonly ours: Facts;
  readonly theirs: Facts;
}

/** `explains` names a fact of a packet that the reason covers; `packets` counts those of each run, in their order. */
export interface TextRule {
  readonly reason: string;
  readonly packets: readonly number[];
  readonly explains: (name: string, difference: TextDifference) => boolean;
}

/** Names of facts that are not the same. */
export const differing = ({ ours, theirs }: Pick<TextDifference, 'ours' | 'theirs'>): string[] =>
  [...new Set([...Object.keys(ours), ...Object.keys(theirs)])].filter((name) => ours[name] !== theirs[name]);

/** The packet's own header says that something is wrong with it. */
const CONTRADICTS = QUALITY_MALFORMED | QUALITY.lengthLie | QUALITY.zeroLength | QUALITY.headerCut;
const isMarked = ({ quality }: TextDifference, bits: number): boolean => (quality & bits) !== 0;

const isTunnelled = ({ ours, theirs }: TextDifference): boolean =>
  Number(ours['tunnelDepth'] ?? 0) > Number(theirs['tunnelDepth'] ?? 0);

/** The tcpdump project's own captures that once broke it, and those that break other parsers. */
const isMadeToBreak = ({ path }: TextDifference): boolean =>
  /oobr|asan|heapoverflow|clusterfuzz|crash-|invalid|truncat|malformed|error|cve-|zlip|segfault|\boverflow|_trunc|srh-tlv|nfs_large|radiuslayer|rfc8335/i.test(
    basename(path),
  );

const ODD_CLOCK =
  /clusterfuzz|crash-|timestamp_invalid|olsr-oobr|rsvp-rsvp|bgp_vpn_rt-oobr|icmp6_mobileprefix|y2038|test01[168]/;

export const TCPDUMP_RULES: readonly TextRule[] = [
  {
    reason: 'tcpdump decodes more link types: the text says more than our row of the packet',
    packets: [31, 31, 31, 102],
    explains: (name, difference) => isMarked(difference, QUALITY.unknownLink) && name !== 'time',
  },
  {
    reason: 'tcpdump does not open ERSPAN, Teredo, GTP-U, and Cisco metadata in GRE',
    packets: [161, 161, 161, 261],
    explains: (name, { layers, ...difference }) =>
      name !== 'time' &&
      (isTunnelled({ layers, ...difference }) ||
        (['vlan', 'sourceMac'].includes(name) && (layers & LAYER.erspan) !== 0)),
  },
  {
    reason:
      'a clock beyond 2112, a fraction beyond a second, a pcapng block without time, a time that tcpdump cannot print',
    packets: [26, 26, 26, 26],
    explains: (name, { path }) => name === 'time' && ODD_CLOCK.test(path),
  },
  {
    reason: 'of a header that is cut or contradicts itself tcpdump prints what it claims, or nothing',
    packets: [25, 33, 33, 47],
    explains: (name, difference) => name !== 'time' && isMarked(difference, CONTRADICTS),
  },
  {
    reason:
      'captures made to break parsers, and MACsec: tcpdump stops at what is wrong, or prints what a wrong header claims',
    packets: [19, 38, 38, 36],
    explains: (name, difference) =>
      name !== 'time' && isMadeToBreak(difference) && !isMarked(difference, CONTRADICTS | QUALITY.unknownLink),
  },
  {
    reason: 'the size of IPv4 options is not in the text, nor that of IPv6 extension headers',
    packets: [0, 2, 2, 0],
    explains: (name, { layers }) => name === 'payloadLength' && (layers & LAYER.ipOptions) !== 0,
  },
  {
    reason: 'links of which tcpdump prints no length, and 802.3 frames, whose padding is not in theirs',
    packets: [0, 0, 0, 157],
    explains: (name, { theirs, ours }) => name === 'length' && Number(theirs[name]) < Number(ours[name]),
  },
  {
    reason: 'tcpdump 4.99.3 does not print the AE flag of TCP',
    packets: [5, 5, 5, 5],
    explains: (name, { ours, theirs }) => name === 'tcpFlags' && Number(ours[name]) === Number(theirs[name]) + 256,
  },
];

export const TSHARK_RULES: readonly TextRule[] = [
  {
    reason: 'tshark decodes more link types: the text says more than our row of the packet',
    packets: [36, 36],
    explains: (name, difference) => isMarked(difference, QUALITY.unknownLink) && name !== 'time',
  },
  {
    reason: 'clocks and lengths beyond what tshark can hold',
    packets: [6, 6],
    explains: (name, { path }) => ['time', 'length'].includes(name) && ODD_CLOCK.test(path),
  },
  {
    reason: 'of a header that is cut or contradicts itself tshark prints what it claims, or nothing',
    packets: [22, 22],
    explains: (name, difference) => name !== 'time' && isMarked(difference, CONTRADICTS),
  },
  {
    reason: 'captures made to break parsers, and MACsec: tshark stops at what is wrong, or goes on where we do not',
    packets: [6, 6],
    explains: (name, difference) =>
      !['time', 'length'].includes(name) &&
      isMadeToBreak(difference) &&
      !isMarked(difference, CONTRADICTS | QUALITY.unknownLink),
  },
];

/** Differences that no rule explains, as lines for people. */
export function unexplained(differences: readonly TextDifference[], rules: readonly TextRule[]): string[] {
  return differences.flatMap((difference) => {
    const names = differing(difference).filter((name) => !rules.some((rule) => rule.explains(name, difference)));
    const told = names.map((name) => `${name}: ${difference.ours[name]}, text ${difference.theirs[name]}`);
    const place = `run ${difference.run}, ${basename(difference.path)} #${difference.number}`;
    return names.length === 0 ? [] : [`${place}: ${told.join('; ')}`];
  });
}

/** How many packets of each of `runs` runs each rule explains, beside how many it is there for. */
export function usage(
  differences: readonly TextDifference[],
  rules: readonly TextRule[],
  runs: number,
): { readonly used: unknown; readonly allowed: unknown } {
  const count = (rule: TextRule, run: number): number =>
    differences.filter((d) => d.run === run && differing(d).some((name) => rule.explains(name, d))).length;
  const perRun = Array.from({ length: runs }, (_, run) => run);
  return {
    used: rules.map((rule) => ({ reason: rule.reason, packets: perRun.map((run) => count(rule, run)) })),
    allowed: rules.map(({ reason, packets }) => ({ reason, packets })),
  };
}
