/**
 * Flow numbers for packets whose blocks are decoded one by one, by functions that share nothing: there is no table that
 * could count flows, so the number is a hash of what the flow is and comes out the same in every block.
 */
import { ADDRESS_TYPE, LAYER } from '../packet/columns.ts';
import type { PacketColumns } from '../packet/columns.ts';
import { protocolKey } from '../decode/flow-table.ts';
import { mix32 } from '../sketch/hash.ts';

/**
 * Set in every hashed number and in no counted one: counted flows would need two thousand million flows in one session.
 * Hashed numbers are in no order, so nothing may follow from which is larger.
 */
export const HASHED_FLOW = 0x8000_0000;

/**
 * Sets `flow` and `direction` of a row. The number has 31 bits of hash over addresses, ports and protocol: among n flows
 * of one window two are taken for one with a chance of about n² / 2^32 (1,000 flows: 1 in 4,300; 10,000: 1 in 43), and
 * then only add up. A port that is used again gives the same flow again. Direction 0 is towards the lower port, which is
 * the service's more often than not, and without ports towards the higher address. Rows without network addresses keep flow 0.
 */
export function assignHashedFlow(columns: PacketColumns, row: number): void {
  if (columns.addressType[row]! <= ADDRESS_TYPE.mac) return;
  const { source, destination } = columns;
  const at = 4 * row;
  const sourcePort = columns.sourcePort[row]!;
  const destinationPort = columns.destinationPort[row]!;
  let difference = (columns.layers[row]! & LAYER.ports) === 0 ? 0 : sourcePort - destinationPort;
  for (let word = 0; difference === 0 && word < 4; word++) difference = destination[at + word]! - source[at + word]!;
  const isForward = difference >= 0;
  const client = isForward ? source : destination;
  const server = isForward ? destination : source;
  const ports = isForward ? (sourcePort << 16) | destinationPort : (destinationPort << 16) | sourcePort;
  let hash = mix32(protocolKey(columns, row) ^ Math.imul(ports, 0x9e37_79b1));
  for (let word = 0; word < 4; word++) {
    hash = mix32(Math.imul(hash, 0x85eb_ca77) ^ client[at + word]!);
    hash = mix32(Math.imul(hash, 0x85eb_ca77) ^ server[at + word]!);
  }
  columns.flow[row] = (hash | HASHED_FLOW) >>> 0;
  columns.direction[row] = isForward ? 0 : 1;
}
