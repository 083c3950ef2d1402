/** UDP services that answer a small request with much: what reflected floods come from. */

/** Names for texts. CISA alert TA14-017A "UDP-Based Amplification Attacks", and services reported since (ARD, CoAP, DVRs). */
export const REFLECTOR_PORTS: Readonly<Record<number, string>> = {
  17: 'QOTD',
  19: 'CharGEN',
  53: 'DNS',
  69: 'TFTP',
  111: 'portmap',
  123: 'NTP',
  137: 'NetBIOS',
  161: 'SNMP',
  177: 'XDMCP',
  389: 'CLDAP',
  520: 'RIP',
  1434: 'SQL Server Browser',
  1900: 'SSDP',
  3283: 'Apple Remote Desktop',
  3702: 'WS-Discovery',
  5353: 'mDNS',
  5683: 'CoAP',
  10_001: 'Ubiquiti discovery',
  11_211: 'memcached',
  37_810: 'DVR discovery',
};

const IS_REFLECTOR = new Uint8Array(65_536);
for (const port of Object.keys(REFLECTOR_PORTS)) IS_REFLECTOR[Number(port)] = 1;

export function isReflectorPort(port: number): boolean {
  return IS_REFLECTOR[port] === 1;
}
