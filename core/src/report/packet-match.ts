/** Compiles a PacketFilter into a test over the columns of a batch: addresses as words, names as numbers, no text per row. */
import type { PacketFilter } from '../detect/alert.ts';
import { PipelineError } from '../errors.ts';
import { parseAddress, type AddressWords } from '../packet/address.ts';
import { LAYER, type PacketColumns } from '../packet/columns.ts';
import { protocolName } from '../packet/names.ts';
import { ipProtocolNumber, isArp, protocolKeyword } from '../packet/protocol-keyword.ts';

export type RowTest = (columns: PacketColumns, row: number) => boolean;

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

/** Whether a packet is of a protocol, by the name that people use for it. */
export const protocolTest = (protocol: string): RowTest => {
  const name = protocolKeyword(protocol);
  if (isArp(protocol)) return ({ layers }, row) => (layers[row]! & LAYER.arp) !== 0;
  const number = ipProtocolNumber(protocol);
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
