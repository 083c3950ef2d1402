/**
 * The few Wireshark display filters that our own label tables use, evaluated on packet columns: terms joined by `&&`, each
 * a protocol (`udp`, `!icmp`) or `field==value`. Anything else is refused, so that a label can never silently select nothing.
 */
import { ADDRESS_TYPE, LAYER } from '@tapline/core/packet/columns';
import type { PacketColumns } from '@tapline/core/packet/columns';

export type RowFilter = (columns: PacketColumns, row: number) => boolean;

/** Throws on a filter outside the grammar above. */
export function displayFilter(text: string): RowFilter {
  const terms = text.split('&&').map((term) => termOf(term.trim()));
  return (columns, row) => terms.every((term) => term(columns, row));
}

function termOf(term: string): RowFilter {
  const protocol = /^(!?)(tcp|udp|icmp)$/.exec(term);
  if (protocol !== null) {
    const layer = LAYER[protocol[2] as 'tcp' | 'udp' | 'icmp'];
    const wanted = protocol[1] === '';
    return (columns, row) => ((columns.layers[row]! & layer) !== 0) === wanted;
  }
  const [, field, value] = /^([a-z0-9._]+)==([0-9./]+)$/.exec(term) ?? [];
  const test = FIELDS[field ?? ''];
  if (test === undefined || value === undefined) throw new Error(`display filter not understood: ${term}`);
  return test(value);
}

const FIELDS: Readonly<Record<string, (value: string) => RowFilter>> = {
  'ip.src': (value) => inNetwork('source', LAYER.ipv4, value),
  'ip.dst': (value) => inNetwork('destination', LAYER.ipv4, value),
  'ip.addr': (value) => either(inNetwork('source', LAYER.ipv4, value), inNetwork('destination', LAYER.ipv4, value)),
  'arp.src.proto_ipv4': (value) => inNetwork('source', LAYER.arp, value),
  'arp.opcode': (value) => equals('arpOp', LAYER.arp, value),
  'tcp.srcport': (value) => equals('sourcePort', LAYER.tcp, value),
  'tcp.dstport': (value) => equals('destinationPort', LAYER.tcp, value),
  'tcp.port': (value) => either(equals('sourcePort', LAYER.tcp, value), equals('destinationPort', LAYER.tcp, value)),
};

function either(one: RowFilter, other: RowFilter): RowFilter {
  return (columns, row) => one(columns, row) || other(columns, row);
}

function equals(column: 'sourcePort' | 'destinationPort' | 'arpOp', layer: number, value: string): RowFilter {
  const wanted = Number(value);
  return (columns, row) => (columns.layers[row]! & layer) !== 0 && columns[column][row] === wanted;
}

/** `value` is an IPv4 address or a network `a.b.c.d/n`. */
function inNetwork(column: 'source' | 'destination', layer: number, value: string): RowFilter {
  const [address, prefix = '32'] = value.split('/') as [string, string?];
  const size = 2 ** (32 - Number(prefix));
  const network = Math.floor(address.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0) / size);
  return (columns, row) =>
    (columns.layers[row]! & layer) !== 0 &&
    columns.addressType[row] === ADDRESS_TYPE.ipv4 &&
    Math.floor(columns[column][4 * row + 3]! / size) === network;
}
