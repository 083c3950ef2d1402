/** Compiles a PacketFilter into a test over the columns of a batch: addresses as words, names as numbers, no text per row. */
import type { PacketFilter } from '../detect/alert.ts';
import { PipelineError } from '../errors.ts';
import { parseAddress, type AddressWords } from '../packet/address.ts';
import { LAYER, type PacketColumns } from '../packet/columns.ts';
import { parseIpProtocol, protocolName } from '../packet/names.ts';

export type RowTest = (columns: PacketColumns, row: number) => boolean;

/** Spellings that people and top lists use for IANA keywords. */
const ALIASES: Readonly<Record<string, string>> = { icmpv6: 'ipv6-icmp', icmp6: 'ipv6-icmp' };

const sameAddress = (column: Uint32Array, row: number, words: AddressWords): boolean => {
  const at = row * 4;
  return (
    column[at + 3] === words[3] && column[at + 2] === words[2] && column[at + 1] === words[1] && column[at] === words[0]
  );
};

interface Endpoint {
  readonly type: number;
  readonly words: AddressWords;
}

const endpoint = (name: string, text: string): Endpoint => {
  const address = parseAddress(text);
  if (address === undefined) throw new PipelineError('USAGE', `${name} must be an IP or MAC address`);
  return address;
};

const hostTest = (host: Endpoint | null, peer: Endpoint | null): RowTest => {
  if (host === null) return peer === null ? () => true : hostTest(peer, null);
  return (columns, row) => {
    if (columns.addressType[row] !== host.type) return false;
    const { source, destination } = columns;
    if (sameAddress(source, row, host.words) && (peer === null || sameAddress(destination, row, peer.words)))
      return true;
    return sameAddress(destination, row, host.words) && (peer === null || sameAddress(source, row, peer.words));
  };
};

const portTest = (port: number): RowTest => {
  return ({ layers, sourcePort, destinationPort }, row) =>
    (layers[row]! & LAYER.ports) !== 0 && (sourcePort[row] === port || destinationPort[row] === port);
};

const keyword = (protocol: string): string => {
  const lower = protocol.toLowerCase();
  return ALIASES[lower] ?? lower;
};

/** Whether a filter's protocol is ARP, which has no IP protocol number. */
export const arpFilter = (protocol: string): boolean => keyword(protocol) === 'arp';

/** The IP protocol number that a filter's protocol stands for; undefined when it is none of IP. */
export const ipProtocolOfFilter = (protocol: string): number | undefined => parseIpProtocol(keyword(protocol));

const protocolTest = (protocol: string): RowTest => {
  const name = keyword(protocol);
  if (arpFilter(protocol)) return ({ layers }, row) => (layers[row]! & LAYER.arp) !== 0;
  const number = ipProtocolOfFilter(protocol);
  if (number === undefined) return (columns, row) => protocolName(columns, row).toLowerCase() === name;
  return ({ layers, ipProtocol }, row) => (layers[row]! & LAYER.ip) !== 0 && ipProtocol[row] === number;
};

/**
 * The test of a filter: every given field must match, host on either side, peer on the other one, port on either side.
 * Throws USAGE when host or peer is not an address.
 */
export function compileFilter(filter: PacketFilter): RowTest {
  const { fromUs, toUs } = filter;
  const tests: RowTest[] = [({ timeUs }, row) => timeUs[row]! >= fromUs && timeUs[row]! < toUs];
  const host = filter.host === undefined ? null : endpoint('host', filter.host);
  const peer = filter.peer === undefined ? null : endpoint('peer', filter.peer);
  if (filter.protocol !== undefined) tests.push(protocolTest(filter.protocol));
  if (filter.port !== undefined) tests.push(portTest(filter.port));
  if (host !== null || peer !== null) tests.push(hostTest(host, peer));
  return (columns, row) => {
    for (let index = 0; index < tests.length; index++) if (!tests[index]!(columns, row)) return false;
    return true;
  };
}
