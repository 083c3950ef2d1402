/**
 * A pane as detectors look at it: every flow turned so that its initiator comes first, hosts as small numbers that group
 * fast, and whether the capture sees both directions at all. Made once per pane and shared.
 */
import { formatAddress } from '../packet/address.ts';
import { hashAddress } from '../sketch/hash.ts';
import type { FlowBucket } from '../window/flow-bucket.ts';
import type { FlowRecords } from '../window/flow-records.ts';
import { initiatorSide, IP_PROTOCOL, isAnswered, isUnicast } from '../window/flow-traits.ts';
import type { WindowPartial } from '../window/window-partial.ts';

/** A second seed, so that two addresses must collide under both to be taken for one. */
const OTHER_SEED = 0x686f_7374;
/** Packets of a TCP flow in one direction, after which the other direction must have been there too. */
const ONE_WAY_PACKETS = 3;
const ACK = 16;

export interface FoldedFlows {
  readonly bucket: FlowBucket;
  readonly host: number;
  /** Meaningful for kind probe only. */
  readonly peer: number;
}

export class PaneView {
  readonly pane: WindowPartial;
  readonly sensor: string;
  readonly flows: FlowRecords;
  /** By flow row: which side (0 forward, 1 reverse) began it. */
  readonly initiatorSide: Uint8Array;
  /** By flow row: host number of initiator and responder, and the responder's port. */
  readonly initiator: Uint32Array;
  readonly responder: Uint32Array;
  readonly port: Uint16Array;
  readonly folded: readonly FoldedFlows[];
  /** Most established TCP connections show one direction only: silence of the other side means nothing. */
  readonly isOneSided: boolean;
  /** Share of flows that were answered. */
  readonly twoWayShare: number;
  readonly #hosts: string[] = [];
  readonly #unicast: boolean[] = [];
  readonly #addressTypes: number[] = [];
  readonly #hashes: number[] = [];
  readonly #hostByHash = new Map<number, number>();

  constructor(pane: WindowPartial, sensor: string) {
    const { flows } = pane;
    this.pane = pane;
    this.sensor = sensor;
    this.flows = flows;
    this.initiatorSide = new Uint8Array(flows.rows);
    this.initiator = new Uint32Array(flows.rows);
    this.responder = new Uint32Array(flows.rows);
    this.port = new Uint16Array(flows.rows);
    for (let row = 0; row < flows.rows; row++) this.#orient(row);
    this.folded = pane.buckets.entries().map(([, bucket]) => ({
      bucket,
      host: this.#host(bucket.host, 0, bucket.addressType),
      peer: bucket.kind === 'probe' ? this.#host(bucket.peer, 0, bucket.addressType) : -1,
    }));
    const { oneWay, twoWay, answered } = directions(flows, this.initiatorSide);
    this.isOneSided = oneWay > twoWay;
    this.twoWayShare = flows.rows === 0 ? 0 : answered / flows.rows;
  }

  /** Text of a host number. */
  hostText(host: number): string {
    return this.#hosts[host]!;
  }

  /** Whether the host number is one host's address, not multicast or broadcast. */
  isUnicast(host: number): boolean {
    return this.#unicast[host]!;
  }

  /** ADDRESS_TYPE of a host number. */
  addressType(host: number): number {
    return this.#addressTypes[host]!;
  }

  /** The hash under which a host number appears in contact sets. */
  hostHash(host: number): number {
    return this.#hashes[host]!;
  }

  get hostCount(): number {
    return this.#hosts.length;
  }

  #orient(row: number): void {
    const { flows } = this;
    const side = initiatorSide(flows, row);
    const source = this.#host(flows.source, row, flows.addressType[row]!);
    const destination = this.#host(flows.destination, row, flows.addressType[row]!);
    this.initiatorSide[row] = side;
    this.initiator[row] = side === 0 ? source : destination;
    this.responder[row] = side === 0 ? destination : source;
    this.port[row] = (side === 0 ? flows.destinationPort : flows.sourcePort)[row]!;
  }

  #host(words: Uint32Array, row: number, type: number): number {
    const hash = hashAddress(words, 4 * row);
    const key = hash * 0x20_0000 + (hashAddress(words, 4 * row, OTHER_SEED) >>> 11);
    const known = this.#hostByHash.get(key);
    if (known !== undefined) return known;
    const host = this.#hosts.push(formatAddress(words, row, type)) - 1;
    this.#hashes.push(hash);
    this.#addressTypes.push(type);
    this.#unicast.push(isUnicast(words, 4 * row));
    this.#hostByHash.set(key, host);
    return host;
  }
}

/** How many established TCP flows show one direction, how many both, and how many flows of any kind were answered. */
function directions(
  flows: FlowRecords,
  sides: Uint8Array,
): { readonly oneWay: number; readonly twoWay: number; readonly answered: number } {
  let oneWay = 0;
  let twoWay = 0;
  let answered = 0;
  for (let row = 0; row < flows.rows; row++) {
    if (isAnswered(flows, row, sides[row] as 0 | 1)) answered++;
    if (flows.protocol[row] !== IP_PROTOCOL.tcp) continue;
    const forward = flows.packets[2 * row]!;
    const reverse = flows.packets[2 * row + 1]!;
    if (forward > 0 && reverse > 0) twoWay++;
    else if (isEstablishedSide(flows, 2 * row) || isEstablishedSide(flows, 2 * row + 1)) oneWay++;
  }
  return { oneWay, twoWay, answered };
}

/** Several packets with ACK beyond SYNs, SYN-ACKs and RSTs: this side believes in a connection. */
function isEstablishedSide(flows: FlowRecords, at: number): boolean {
  const beyond = flows.packets[at]! - flows.opens[at]! - flows.accepts[at]! - flows.refusals[at]!;
  return beyond >= ONE_WAY_PACKETS && (flows.flags[at]! & ACK) !== 0;
}
