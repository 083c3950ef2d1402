/**
 * ARP spoofing: one MAC keeps telling hosts that it has an address, without being asked, so that their traffic comes to it.
 * ARP proves nothing (RFC 826), so it is told from its persistence: caches forget, and a spoofer repeats itself every second
 * or ten. Either others with that address speak up in between, or the replies go to hosts that did not ask.
 * Keyed by the claiming MAC. What is not spoofing: an announcement or a burst of them when an address moves (failover, a new
 * lease: the one before is silent from then on), answers to questions (proxy ARP), probes (RFC 5227: they claim nothing), and
 * the shared MACs of router redundancy. A spoofer that takes one of those is not seen; nor is one that only answers faster.
 */
import { formatIpv4, formatMac } from '../packet/address.ts';
import { NOBODY, type ArpEntry } from '../window/arp-claims.ts';
import type { Evidence } from './alert.ts';
import type { DetectorConfig } from './config.ts';
import { topContributors } from './contributors.ts';
import { figure, reason, spanText, type Detector, type Finding, type Verdict } from './detector.ts';
import { largestFindings } from './largest-findings.ts';

/** Leading bits of the MACs that several machines share by design: whoever is active speaks with it. */
const SHARED_MACS: readonly (readonly [prefix: number, bits: number])[] = [
  [0x00_00_5e_00_01, 40], // VRRP and CARP over IPv4 (RFC 9568)
  [0x00_00_5e_00_02, 40], // VRRP over IPv6
  [0x00_00_0c_07_ac, 40], // HSRP
  [0x00_00_0c_9f_f, 36], // HSRP version 2
  [0x00_07_b4, 24], // GLBP
  [0x02_bf, 16], // Windows network load balancing
];
const LOW_BITS = 0x1_0000_0000;

/** What one MAC claimed in a window without being asked. */
interface Claimer {
  readonly mac: number;
  /** Claims by address. */
  readonly addresses: Map<number, number>;
  /** Replies to nobody's question, all replies, and messages about itself. */
  unasked: number;
  replies: number;
  announcements: number;
  /** Messages of other MACs with these addresses, of which the last came after this one's first. */
  contradicted: number;
  firstUs: number;
  lastUs: number;
}

export const arpSpoofing: Detector = {
  name: 'arp-spoofing',
  version: 1,
  gravity: 1,
  lookbackWindows: (config) => config.arpSpoofing.lookbackWindows,
  detect(view, config) {
    const claimers = new Map<number, Claimer>();
    for (const claims of byAddress(view.pane.arp.entries())) addClaims(claimers, claims, view.isOneSided);
    const found = Array.from(claimers.values(), (of) => evidence(of));
    return largestFindings(found, 'claims', config);
  },
  judge,
  // One false claim is no matter of how many there usually are.
  statistics: [],
};

function byAddress(entries: readonly ArpEntry[]): Iterable<readonly ArpEntry[]> {
  const groups = new Map<number, ArpEntry[]>();
  for (const entry of entries) {
    const known = groups.get(entry.ipv4);
    if (known === undefined) groups.set(entry.ipv4, [entry]);
    else known.push(entry);
  }
  return groups.values();
}

/** @param isOneSided the questions may not have been captured: replies prove nothing then */
function addClaims(claimers: Map<number, Claimer>, entries: readonly ArpEntry[], isOneSided: boolean): void {
  const asked = entries.find(({ mac }) => mac === NOBODY)?.requests ?? 0;
  for (const claim of entries) {
    if (claim.mac === NOBODY || isShared(claim.mac)) continue;
    const unasked = isOneSided ? 0 : Math.max(0, claim.replies - asked);
    const claims = unasked + claim.announcements;
    if (claims === 0) continue;
    const of = claimerOf(claimers, claim.mac);
    of.addresses.set(claim.ipv4, claims);
    of.unasked += unasked;
    of.replies += claim.replies;
    of.announcements += claim.announcements;
    of.firstUs = Math.min(of.firstUs, claim.firstUs);
    of.lastUs = Math.max(of.lastUs, claim.lastUs);
    for (const other of entries) {
      if (other.mac === NOBODY || other.mac === claim.mac || other.lastUs <= claim.firstUs) continue;
      of.contradicted += other.requests + other.replies + other.announcements;
    }
  }
}

function isShared(mac: number): boolean {
  return SHARED_MACS.some(([prefix, bits]) => Math.floor(mac / 2 ** (48 - bits)) === prefix);
}

function claimerOf(claimers: Map<number, Claimer>, mac: number): Claimer {
  let of = claimers.get(mac);
  if (of === undefined) {
    of = {
      mac,
      addresses: new Map(),
      unasked: 0,
      replies: 0,
      announcements: 0,
      contradicted: 0,
      firstUs: Infinity,
      lastUs: -Infinity,
    };
    claimers.set(mac, of);
  }
  return of;
}

function evidence(of: Claimer): Finding {
  const addresses = [...of.addresses].map(([ipv4, value]) => ({ key: formatIpv4(ipv4), value, unit: 'claims' }));
  const contributors = topContributors(addresses);
  return {
    entity: formatMac(Math.floor(of.mac / LOW_BITS), of.mac % LOW_BITS),
    features: {
      claims: of.unasked + of.announcements,
      unasked: of.unasked,
      replies: of.replies,
      contradicted: of.contradicted,
      addresses: of.addresses.size,
    },
    contacts: [],
    contributors,
    firstPacketUs: of.firstUs,
    lastPacketUs: of.lastUs,
    filter: { fromUs: of.firstUs, toUs: of.lastUs + 1, host: contributors[0]!.key, protocol: 'arp' },
  };
}

function judge(evidence: readonly Evidence[], { arpSpoofing: config }: DetectorConfig): Verdict | null {
  const last = evidence.at(-1)!;
  const sum = (name: string): number => evidence.reduce((total, { features }) => total + features[name]!, 0);
  const [claims, unasked, contradicted] = [sum('claims'), sum('unasked'), sum('contradicted')];
  if (evidence.length < config.windows || claims < config.claims) return null;
  const isUnasked = unasked >= config.unasked && unasked >= config.unaskedShare * sum('replies');
  if (contradicted < config.contradictions && !isUnasked) return null;
  const addresses = Math.max(...evidence.map(({ features }) => features['addresses']!));
  const span = spanText(last.windowEndUs - evidence[0]!.windowStartUs);
  const others = addresses > 1 ? ` and ${figure(addresses - 1)} more address${addresses > 2 ? 'es' : ''}` : '';
  const them = addresses > 1 ? 'them' : 'it';
  const heard =
    contradicted > 0 ? `others with ${them} spoke ${figure(contradicted)} times` : `nobody else with ${them} was heard`;
  return {
    ratio: claims / config.claims,
    reasons: [
      reason('claims without being asked', claims, 'messages', config.claims),
      reason('windows with such claims', evidence.length, 'windows', config.windows),
      isUnasked
        ? reason('replies that nobody asked for', unasked, 'messages', config.unasked)
        : reason('messages of others with these addresses', contradicted, 'messages', config.contradictions),
    ],
    summary:
      `${last.entity} said ${figure(claims)} times in ${span} that it has ${last.filter.host!}${others}, without being ` +
      `asked; ${heard}`,
    attack: ['T1557.002'],
  };
}
