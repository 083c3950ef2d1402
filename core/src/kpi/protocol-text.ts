/** Names of the protocol codes that flow records and protocol counts carry. */
import { etherTypeName, ipProtocolName } from '../packet/names.ts';
import { NOT_IP } from '../window/flow-records.ts';
import { OTHER_KEY } from '../window/keyed-counts.ts';

/** `TCP`, `UDP`, `ARP` …: the name of a FlowRecords protocol code as packet rows show it; `other` for what did not fit. */
export function protocolText(protocol: number): string {
  if (protocol === OTHER_KEY) return 'other';
  return protocol < NOT_IP ? ipProtocolName(protocol) : etherTypeName(protocol - NOT_IP);
}

/** `icmp/8/0` or `icmpv6/135/0` of a WindowPartial.icmpTypes key. */
export function icmpText(key: number): string {
  if (key === OTHER_KEY) return 'other';
  const family = key >>> 16 === 58 ? 'icmpv6' : 'icmp';
  return `${family}/${(key >>> 8) & 0xff}/${key & 0xff}`;
}
