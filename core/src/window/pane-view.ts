/**
 * A pane as KPIs and detectors look at it: every flow turned so that its initiator comes first, hosts as small numbers
 * that group fast, and whether the capture sees both directions at all. Made once per pane and shared (Pane.view).
 */
import type { FlowBucket } from './flow-bucket.ts';
import type { FlowRecords } from './flow-records.ts';
import { initiatorSide, IP_PROTOCOL, isAnswered } from './flow-traits.ts';
import { HostNumbers } from './host-numbers.ts';
import type { WindowPartial } from './window-partial.ts';

/** Packets of a TCP flow in one direction, after which the other direction must have been there too. */
const ONE_WAY_PACKETS = 3;
const ACK = 16;

export interface FoldedFlows {
  readonly bucket: FlowBucket;
  readonly host: number;
  /** Host number of the probed peer; -1 unless kind is probe. */
  readonly peer: number;
}

export class PaneView {
  readonly pane: WindowPartial;
  readonly flows: FlowRecords;
  readonly hosts = new HostNumbers();
  /** By flow row: which side (0 forward, 1 reverse) began it. */
  readonly initiatorSide: Uint8Array;
  /** By flow row: host number of initiator and responder, and the responder's port. */
  readonly initiator: Uint32Array;
  readonly responder: Uint32Array;
  readonly port: Uint16Array;
  readonly folded: readonly FoldedFlows[];
  /** Established TCP connections of which one direction was captured, and of which both were. */
  readonly oneWayTcp: number;
  readonly twoWayTcp: number;
  /** Flow records with an answer. */
  readonly answered: number;

  constructor(pane: WindowPartial) {
    const { flows } = pane;
    this.pane = pane;
    this.flows = flows;
    this.initiatorSide = new Uint8Array(flows.rows);
    this.initiator = new Uint32Array(flows.rows);
    this.responder = new Uint32Array(flows.rows);
    this.port = new Uint16Array(flows.rows);
    for (let row = 0; row < flows.rows; row++) this.#orient(row);
    this.folded = pane.buckets.entries().map(([, bucket]) => ({
      bucket,
      host: this.hosts.of(bucket.host, 0, bucket.addressType),
      peer: bucket.kind === 'probe' ? this.hosts.of(bucket.peer, 0, bucket.addressType) : -1,
    }));
    const { oneWay, twoWay, answered } = directions(flows, this.initiatorSide);
    this.oneWayTcp = oneWay;
    this.twoWayTcp = twoWay;
    this.answered = answered;
  }

  /** Most established TCP connections show one direction only: silence of the other side means nothing. */
  get isOneSided(): boolean {
    return this.oneWayTcp > this.twoWayTcp;
  }

  /** Share of flow records that were answered. */
  get twoWayShare(): number {
    return this.flows.rows === 0 ? 0 : this.answered / this.flows.rows;
  }

  #orient(row: number): void {
    const { flows } = this;
    const side = initiatorSide(flows, row);
    const type = flows.addressType[row]!;
    const source = this.hosts.of(flows.source, row, type);
    const destination = this.hosts.of(flows.destination, row, type);
    this.initiatorSide[row] = side;
    this.initiator[row] = side === 0 ? source : destination;
    this.responder[row] = side === 0 ? destination : source;
    this.port[row] = (side === 0 ? flows.destinationPort : flows.sourcePort)[row]!;
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
