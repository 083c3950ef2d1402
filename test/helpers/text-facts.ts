/** What a row made from text and the row of the packet itself have to agree on: the facts that the text holds. */
import { formatAddress } from '@tapline/core/packet/address';
import { ADDRESS_TYPE, LAYER } from '@tapline/core/packet/columns';
import type { PacketColumns } from '@tapline/core/packet/columns';
import { columnFacts } from './column-facts.ts';
import type { Facts } from './tshark-row.ts';

/** What the options of tcpdump, or tshark, put into the text. */
export interface Held {
  /** Date and time, or the time of day only. */
  readonly date: boolean;
  /** Link headers and the frame's length (-e). */
  readonly link: boolean;
  /** IP header fields (-v). */
  readonly ip: boolean;
  /** Sequence numbers as they are on the wire (-S). */
  readonly sequence: boolean;
  /** Lengths of TCP headers, which only tshark prints. */
  readonly headers: boolean;
}

const DAY_US = 86_400_000_000;
const IP_FACTS = ['ttl', 'dscpEcn', 'ipId', 'fragmentOffset'];
const LINK_FACTS = ['length', 'vlan', 'vlanInner'];
const STRUCTURE = ['gre', 'vxlan', 'ipInIp', 'mpls', 'pppoe', 'tcpSackPermitted'] as const;

/** The facts of both rows that the text holds, by name. */
export function heldFacts(
  [packet, packetRow]: readonly [PacketColumns, number],
  [text, textRow]: readonly [PacketColumns, number],
  held: Held,
): { ours: Facts; theirs: Facts } {
  const ours = facts(packet, packetRow, held);
  const theirs = facts(text, textRow, held);
  const drop = (...names: readonly string[]): void => {
    for (const name of names) {
      // eslint-disable-next-line @typescript-eslint/no-dynamic-delete
      delete ours[name];
      // eslint-disable-next-line @typescript-eslint/no-dynamic-delete
      delete theirs[name];
    }
  };
  const layers = packet.layers[packetRow]!;
  if (!held.ip) drop(...IP_FACTS);
  // tcpdump prints the fragment header's number, of other IPv6 packets there is none.
  if (packet.addressType[packetRow] === ADDRESS_TYPE.ipv6 && !held.ip) drop('ipId', 'fragmentOffset');
  if (!held.link) drop(...LINK_FACTS);
  // Who is at an address stands in the text of an ARP reply without the link header, too.
  if (!held.link && text.arpOp[textRow] !== 2) drop('sourceMac');
  if (!held.headers) drop('tcpHeaderLength');
  if (packet.addressType[packetRow] === ADDRESS_TYPE.mac && !held.link) drop('source', 'destination');
  if (!held.sequence) drop('tcpSeq', 'tcpAck');
  const flags = packet.tcpFlags[packetRow]!;
  if ((flags & 16) === 0) drop('tcpAck');
  // tcpdump leaves the number out where nothing is numbered.
  if ((flags & 7) === 0 && packet.payloadLength[packetRow] === 0) drop('tcpSeq');
  if (!held.ip && (layers & LAYER.tcp) === 0) drop('payloadLength');
  // The reply's text says to which hardware address it went, not to which protocol address.
  if ((text.layers[textRow]! & LAYER.arp) !== 0 && text.arpOp[textRow] === 2) drop('destination');
  return { ours, theirs };
}

function facts(columns: PacketColumns, row: number, held: Held): Facts {
  const all = columnFacts(columns, row);
  delete all['capturedLength'];
  const layers = columns.layers[row]!;
  const timeUs = columns.timeUs[row]!;
  all['time'] = String(held.date ? timeUs : ((timeUs % DAY_US) + DAY_US) % DAY_US);
  for (const layer of STRUCTURE) {
    const isLink = layer === 'mpls' || layer === 'pppoe';
    if ((layers & LAYER[layer]) !== 0 && (held.link || !isLink)) all[layer] = 'yes';
  }
  if ((layers & LAYER.outer) !== 0) {
    const type = columns.outerAddressType[row]!;
    all['outerSource'] = formatAddress(columns.outerSource, row, type);
    all['outerDestination'] = formatAddress(columns.outerDestination, row, type);
    all['tunnelDepth'] = String(columns.tunnelDepth[row]!);
  }
  return all;
}
