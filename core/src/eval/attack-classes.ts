/**
 * The classes of attack that labels may have: which detectors name each rightly, and what an honest scorecard says about
 * those that headers cannot show. To add a class, add it here; a label table may widen it by a column `accepted`.
 */
import type { DetectorName } from '../detect/alert.ts';

export interface AttackClass {
  /** Any of these detectors names the attack rightly. */
  readonly accepted: readonly DetectorName[];
  /** Reported but not claimed: headers and windows cannot see most of them. */
  readonly optional?: true;
  /** Packets of the attack that make a window positive, when more than one; fewer leave the window out. */
  readonly windowPackets?: number;
}

/** A window on the edge of a flood holds a few packets of it: neither attacked nor quiet. */
const FLOOD_WINDOW_PACKETS = 20;

const flood = (...accepted: DetectorName[]): AttackClass => ({ accepted, windowPackets: FLOOD_WINDOW_PACKETS });

export const ATTACK_CLASSES: Readonly<Record<string, AttackClass>> = {
  // A flood over thousands of ports of a host is a scan of it, too.
  syn_flood: flood('syn-flood', 'vertical-scan'),
  udp_flood: flood('udp-flood'),
  icmp_flood: flood('icmp-flood'),
  udp_amplification: flood('reflection', 'udp-flood'),
  tcp_reflection: flood('reflection'),
  reflector: { accepted: ['reflector'] },
  dhcp_flood: flood('udp-flood'),
  ddos: flood('http-flood', 'syn-flood', 'udp-flood'),
  http_dos: { accepted: ['http-flood', 'slow-http'] },
  http_flood: { accepted: ['http-flood'] },
  slow_http: { accepted: ['slow-http', 'http-flood'] },
  port_scan: { accepted: ['vertical-scan'] },
  host_sweep: { accepted: ['horizontal-scan'] },
  arp_sweep: { accepted: ['horizontal-scan'] },
  icmp_sweep: { accepted: ['horizontal-scan'] },
  scan: { accepted: ['horizontal-scan', 'vertical-scan'] },
  brute_force: { accepted: ['brute-force'] },
  arp_spoofing: { accepted: ['arp-spoofing'] },
  exfiltration: { accepted: ['exfiltration'] },
  beacon: { accepted: ['beacon'], optional: true },
  botnet: { accepted: ['beacon', 'rarity'], optional: true },
  infiltration: { accepted: ['rarity', 'beacon', 'exfiltration'], optional: true },
  dns_tunnel: { accepted: ['dns-tunnel'], optional: true },
  icmp_tunnel: { accepted: ['icmp-tunnel'], optional: true },
  heartbleed: { accepted: ['rarity'], optional: true },
  web_attack_sqli: { accepted: ['rarity', 'brute-force'], optional: true },
  web_attack_xss: { accepted: ['rarity', 'brute-force'], optional: true },
  web_attack_brute_force: { accepted: ['brute-force', 'rarity'], optional: true },
};

/** Detectors whose entity is the attacked host; that of all others is the acting one (design §8). */
const ABOUT_VICTIM: ReadonlySet<DetectorName> = new Set([
  'syn-flood',
  'udp-flood',
  'icmp-flood',
  'reflection',
  'slow-http',
  'http-flood',
]);

/** Which side of an attack a detector's entity is. */
export function entitySide(detector: DetectorName): 'attacker' | 'victim' {
  return ABOUT_VICTIM.has(detector) ? 'victim' : 'attacker';
}
