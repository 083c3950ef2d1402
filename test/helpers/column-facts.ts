/** What a row of our columns says, in the same terms as tshark-row.ts. */
import { formatAddress, formatMac } from '@tapline/core/packet/address';
import { ADDRESS_TYPE, LAYER } from '@tapline/core/packet/columns';
import type { PacketColumns } from '@tapline/core/packet/columns';
import type { Facts } from './tshark-row.ts';

const NETWORK_FACTS = ['ttl', 'dscpEcn', 'ipProtocol'] as const;
const TCP_FACTS = ['tcpFlags', 'tcpSeq', 'tcpAck', 'tcpWindow', 'tcpHeaderLength'] as const;
const OPTION_FACTS = [
  [LAYER.tcpMss, 'tcpMss'],
  [LAYER.tcpWindowScale, 'tcpWindowScale'],
  [LAYER.tcpTimestamps, 'tcpTsValue'],
  [LAYER.tcpTimestamps, 'tcpTsEcho'],
  [LAYER.ports, 'sourcePort'],
  [LAYER.ports, 'destinationPort'],
  [LAYER.anyIcmp, 'icmpType'],
  [LAYER.anyIcmp, 'icmpCode'],
  [LAYER.arp, 'arpOp'],
  [LAYER.vlan, 'vlan'],
  [LAYER.qinq, 'vlanInner'],
] as const;

export function columnFacts(columns: PacketColumns, row: number): Facts {
  const layers = columns.layers[row]!;
  const facts: Facts = {
    length: String(columns.length[row]!),
    capturedLength: String(columns.capturedLength[row]!),
    time: epochText(columns.timeUs[row]!, columns.timeNs[row]!),
  };
  if ((layers & LAYER.addresses) !== 0) {
    facts['source'] = formatAddress(columns.source, row, columns.addressType[row]!);
    facts['destination'] = formatAddress(columns.destination, row, columns.addressType[row]!);
  }
  if ((layers & LAYER.mac) !== 0)
    facts['sourceMac'] = formatMac(columns.sourceMacHigh[row]!, columns.sourceMacLow[row]!);
  if ((layers & LAYER.ip) !== 0) {
    for (const name of NETWORK_FACTS) facts[name] = String(columns[name][row]!);
    if (columns.addressType[row] === ADDRESS_TYPE.ipv4 || (layers & LAYER.fragment) !== 0) {
      facts['ipId'] = String(columns.ipId[row]!);
      facts['fragmentOffset'] = String(columns.fragmentOffset[row]! / 8);
    }
  }
  if ((layers & LAYER.tcp) !== 0) for (const name of TCP_FACTS) facts[name] = String(columns[name][row]!);
  if ((layers & (LAYER.tcp | LAYER.udp)) !== 0) facts['payloadLength'] = String(columns.payloadLength[row]!);
  for (const [layer, name] of OPTION_FACTS) if ((layers & layer) !== 0) facts[name] = String(columns[name][row]!);
  return facts;
}

/** Seconds since 1970 with nine digits behind the point, as tshark prints frame.time_epoch. */
function epochText(timeUs: number, timeNs: number): string {
  const total = BigInt(timeUs) * 1000n + BigInt(timeNs);
  const magnitude = total < 0n ? -total : total;
  return `${total < 0n ? '-' : ''}${magnitude / 1_000_000_000n}.${String(magnitude % 1_000_000_000n).padStart(9, '0')}`;
}
