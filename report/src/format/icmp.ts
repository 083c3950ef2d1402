/** What an ICMP type and code mean, for keys like `icmp/8/0` (RFC 792, RFC 4443, RFC 4861). */

const TYPES: Readonly<Record<string, string>> = {
  'icmp/0': 'echo reply',
  'icmp/3': 'unreachable',
  'icmp/4': 'source quench',
  'icmp/5': 'redirect',
  'icmp/8': 'echo request',
  'icmp/9': 'router advertisement',
  'icmp/10': 'router solicitation',
  'icmp/11': 'time exceeded',
  'icmp/12': 'parameter problem',
  'icmp/13': 'timestamp request',
  'icmp/14': 'timestamp reply',
  'icmpv6/1': 'unreachable',
  'icmpv6/2': 'packet too big',
  'icmpv6/3': 'time exceeded',
  'icmpv6/4': 'parameter problem',
  'icmpv6/128': 'echo request',
  'icmpv6/129': 'echo reply',
  'icmpv6/133': 'router solicitation',
  'icmpv6/134': 'router advertisement',
  'icmpv6/135': 'neighbor solicitation',
  'icmpv6/136': 'neighbor advertisement',
  'icmpv6/137': 'redirect',
  'icmpv6/143': 'multicast listener report',
};

const UNREACHABLE: Readonly<Record<string, string>> = {
  'icmp/3/0': 'network unreachable',
  'icmp/3/1': 'host unreachable',
  'icmp/3/2': 'protocol unreachable',
  'icmp/3/3': 'port unreachable',
  'icmp/3/4': 'fragmentation needed',
  'icmp/3/13': 'administratively prohibited',
  'icmpv6/1/3': 'address unreachable',
  'icmpv6/1/4': 'port unreachable',
};

/** The empty string when it has no name. */
export function icmpName(key: string): string {
  return UNREACHABLE[key] ?? TYPES[key.split('/').slice(0, 2).join('/')] ?? '';
}
