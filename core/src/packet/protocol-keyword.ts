/** What people call a protocol when they ask for one: IANA keywords in any case, and the usual other spellings. */
import { parseIpProtocol } from './names.ts';

/** Spellings that people and top lists use for IANA keywords. */
const ALIASES: Readonly<Record<string, string>> = { icmpv6: 'ipv6-icmp', icmp6: 'ipv6-icmp' };

/** The keyword in lower case. */
export function protocolKeyword(name: string): string {
  const lower = name.toLowerCase();
  return ALIASES[lower] ?? lower;
}

/** Whether ARP is meant, which has no IP protocol number. */
export function isArp(name: string): boolean {
  return protocolKeyword(name) === 'arp';
}

/** The IP protocol number that is meant; undefined when it is none of IP. */
export function ipProtocolNumber(name: string): number | undefined {
  return parseIpProtocol(protocolKeyword(name));
}
