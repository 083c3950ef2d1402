/**
 * Finds the second copy of a packet, as a mirror of both ports of a switch makes it, or of two VLANs that a router joins.
 * Copies differ in what a hop changes (MAC addresses, VLAN tags, time to live, the IP checksum) and are alike in the rest:
 * addresses, identification, the transport header and the payload. Two packets that are alike in all of that and half a
 * millisecond apart are one packet for us; a retransmission comes later, and under another identification.
 */
import { LAYER, type PacketColumns } from '../packet/columns.ts';
import { hashAddress, hashPair, mix32 } from '../sketch/hash.ts';

/** Longest time between the copies, as `editcap -w 0.0005` and the correctors of CICIDS2017 take it (Lanvin 2022). */
export const DUPLICATE_WITHIN_US = 500;

/** Places for remembered packets: at a million packets a second 500 are recent, and one of 130 takes another's place. */
const SLOTS = 65_536;
/** Bytes of payload that are compared at its beginning and at its end. */
const EDGE_BYTES = 32;
/** Of a frame that is neither IP nor ARP, from its beginning. */
const UNKNOWN_BYTES = 256;
const TCP_HEADER_BYTES = 20;
const UDP_HEADER_BYTES = 8;

export class DuplicateFilter {
  readonly #withinUs: number;
  readonly #hashes = new Uint32Array(2 * SLOTS);
  readonly #timesUs = new Float64Array(SLOTS).fill(-Infinity);

  constructor(withinUs = DUPLICATE_WITHIN_US) {
    this.#withinUs = withinUs;
  }

  /**
   * Whether a packet like this one was the last of its kind, within the time before or after it.
   * @param columns the packet as it was decoded into row `row`
   * @param bytes the frame, from `offset`, `capturedLength` bytes of it
   */
  isDuplicate(columns: PacketColumns, row: number, bytes: Uint8Array, offset: number, capturedLength: number): boolean {
    const head = headHash(columns, row);
    const body = bodyHash(columns, row, bytes, offset, offset + capturedLength);
    const first = hashPair(head, body);
    const second = hashPair(body, head, first);
    const slot = first & (SLOTS - 1);
    const timeUs = columns.timeUs[row]!;
    const isCopy =
      this.#hashes[2 * slot] === first &&
      this.#hashes[2 * slot + 1] === second &&
      Math.abs(timeUs - this.#timesUs[slot]!) <= this.#withinUs;
    this.#hashes[2 * slot] = first;
    this.#hashes[2 * slot + 1] = second;
    this.#timesUs[slot] = timeUs;
    return isCopy;
  }
}

/** Of what no hop changes in the headers: the innermost addresses, ports and identification, and the TCP numbers. */
function headHash(columns: PacketColumns, row: number): number {
  const ports = (columns.sourcePort[row]! << 16) | columns.destinationPort[row]!;
  const kind = (columns.ipProtocol[row]! << 16) | columns.etherType[row]!;
  const ends = hashPair(hashAddress(columns.source, row * 4), hashAddress(columns.destination, row * 4), kind);
  const fragment = hashPair(columns.ipId[row]!, columns.fragmentOffset[row]!, columns.payloadLength[row]);
  return hashPair(hashPair(ends, fragment, ports), hashPair(columns.tcpSeq[row]!, columns.tcpAck[row]!));
}

/**
 * Of the transport header's last bytes (its checksum covers the payload), and of the payload's edges. What comes after
 * the payload, padding, is left out where the payload is longer than it can be.
 */
function bodyHash(columns: PacketColumns, row: number, bytes: Uint8Array, offset: number, end: number): number {
  const layers = columns.layers[row]!;
  if ((layers & (LAYER.ip | LAYER.arp)) === 0) {
    // Nothing is known of it but its bytes.
    const hash = hashBytes(bytes, offset, Math.min(end, offset + UNKNOWN_BYTES), end - offset);
    return hashBytes(bytes, Math.max(offset, end - EDGE_BYTES), end, hash);
  }
  const header = (layers & LAYER.tcp) !== 0 ? TCP_HEADER_BYTES : (layers & LAYER.udp) !== 0 ? UDP_HEADER_BYTES : 0;
  const from = Math.max(offset, end - columns.payloadLength[row]! - header);
  let hash = mix32(columns.icmpType[row]! ^ (columns.icmpCode[row]! << 8) ^ (columns.arpOp[row]! << 16));
  hash = hashBytes(bytes, from, Math.min(end, from + header + EDGE_BYTES), hash);
  return hashBytes(bytes, Math.max(from, end - EDGE_BYTES), end, hash);
}

function hashBytes(bytes: Uint8Array, from: number, to: number, seed: number): number {
  let hash = seed;
  for (let at = from; at < to; at++) hash = Math.imul(hash ^ bytes[at]!, 0x0100_0193);
  return mix32(hash);
}
