/** One packet row as one line, for expectations that people can read. */
import { formatAddress } from '@tapline/core/packet/address';
import { LAYER, QUALITY } from '@tapline/core/packet/columns';
import type { PacketColumns } from '@tapline/core/packet/columns';
import { flagsText } from '@tapline/core/packet/flags';
import { protocolName } from '@tapline/core/packet/names';

/** Bits that only say which columns are present. */
const PRESENCE = ['ports', 'addresses', 'outer', 'ip', 'anyIcmp', 'mac'];

const names = (bits: number, table: Readonly<Record<string, number>>): string[] =>
  Object.entries(table).flatMap(([name, bit]) => ((bits & bit) !== 0 && !PRESENCE.includes(name) ? [name] : []));

/** `TCP 192.0.2.1:50000 > 198.51.100.2:80 S 0 B [ethernet ipv4 tcp] {quality}`, then whatever else the row has. */
export function rowText(columns: PacketColumns, row = 0): string {
  const layers = columns.layers[row]!;
  const end = (words: Uint32Array, port: number): string =>
    formatAddress(words, row, columns.addressType[row]!) + ((layers & LAYER.ports) === 0 ? '' : ` ${port}`);
  const parts = [protocolName(columns, row)];
  if ((layers & LAYER.addresses) !== 0)
    parts.push(
      `${end(columns.source, columns.sourcePort[row]!)} > ${end(columns.destination, columns.destinationPort[row]!)}`,
    );
  if ((layers & LAYER.tcp) !== 0) parts.push(flagsText(columns.tcpFlags[row]!));
  if ((layers & LAYER.ip) !== 0) parts.push(`${columns.payloadLength[row]!} B`);
  parts.push(`[${names(layers, LAYER).join(' ')}]`);
  const quality = names(columns.quality[row]!, QUALITY);
  if (quality.length > 0) parts.push(`{${quality.join(' ')}}`);
  if ((layers & LAYER.outer) !== 0) {
    const type = columns.outerAddressType[row]!;
    const outer = [columns.outerSource, columns.outerDestination].map((words) => formatAddress(words, row, type));
    parts.push(`in ${columns.tunnelDepth[row]!} (${outer.join(' > ')})`);
  }
  return parts.join(' ');
}
