/** Names of the services an analyst meets most (IANA service names); anything else is its number. */

const NAMES: Readonly<Record<string, string>> = {
  'tcp/21': 'ftp', 'tcp/22': 'ssh', 'tcp/23': 'telnet', 'tcp/25': 'smtp', 'tcp/53': 'domain', 'udp/53': 'domain',
  'udp/67': 'dhcp', 'udp/68': 'dhcp', 'udp/69': 'tftp', 'tcp/80': 'http', 'tcp/88': 'kerberos', 'udp/88': 'kerberos',
  'tcp/110': 'pop3', 'tcp/111': 'sunrpc', 'udp/111': 'sunrpc', 'udp/123': 'ntp', 'tcp/135': 'epmap', 'udp/137': 'netbios-ns',
  'udp/138': 'netbios-dgm', 'tcp/139': 'netbios-ssn', 'tcp/143': 'imap', 'udp/161': 'snmp', 'tcp/179': 'bgp',
  'tcp/389': 'ldap', 'udp/389': 'ldap', 'tcp/443': 'https', 'udp/443': 'quic', 'tcp/445': 'microsoft-ds', 'udp/514': 'syslog',
  'tcp/587': 'submission', 'tcp/636': 'ldaps', 'tcp/993': 'imaps', 'tcp/995': 'pop3s', 'tcp/1433': 'ms-sql-s',
  'udp/1900': 'ssdp', 'tcp/3306': 'mysql', 'tcp/3389': 'rdp', 'udp/4500': 'ipsec-nat-t', 'udp/5353': 'mdns',
  'udp/5355': 'llmnr', 'tcp/5432': 'postgresql', 'tcp/5900': 'vnc', 'tcp/6379': 'redis', 'tcp/8080': 'http-alt',
  'tcp/9042': 'cql', 'tcp/9092': 'kafka', 'udp/11211': 'memcache',
};

/** `tcp/443` → `https`; the empty string when it has no well-known name. */
export function serviceName(key: string): string {
  return NAMES[key] ?? '';
}
