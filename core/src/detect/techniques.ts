/**
 * Names of the MITRE ATT&CK techniques that alerts carry, Enterprise 18.1; docs/detectors.md#attck says which detector
 * names which. © The MITRE Corporation: reproduced and distributed with its permission.
 */
const TECHNIQUES: Readonly<Record<string, string>> = {
  T1018: 'Remote System Discovery',
  T1046: 'Network Service Discovery',
  T1048: 'Exfiltration Over Alternative Protocol',
  'T1071.001': 'Application Layer Protocol: Web Protocols',
  'T1071.004': 'Application Layer Protocol: DNS',
  T1095: 'Non-Application Layer Protocol',
  'T1110.001': 'Brute Force: Password Guessing',
  'T1110.003': 'Brute Force: Password Spraying',
  'T1498.001': 'Network Denial of Service: Direct Network Flood',
  'T1498.002': 'Network Denial of Service: Reflection Amplification',
  'T1499.001': 'Endpoint Denial of Service: OS Exhaustion Flood',
  'T1499.002': 'Endpoint Denial of Service: Service Exhaustion Flood',
  'T1557.002': 'Adversary-in-the-Middle: ARP Cache Poisoning',
  T1571: 'Non-Standard Port',
  T1572: 'Protocol Tunneling',
  T1595: 'Active Scanning',
  'T1595.001': 'Active Scanning: Scanning IP Blocks',
};

/** `T1046 Network Service Discovery`; the id alone where it is not one that this build knows. */
export function techniqueText(id: string): string {
  const name = Object.hasOwn(TECHNIQUES, id) ? TECHNIQUES[id] : undefined;
  return name === undefined ? id : `${id} ${name}`;
}
