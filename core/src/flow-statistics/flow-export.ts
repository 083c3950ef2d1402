/**
 * Cuts the agent's flows as the corrected CICFlowMeter cuts, and adds each part up: batches in order in, finished flows
 * out, in bounded memory. Why the cut is here and not in the agent: docs/decisions/20261124-flow-export-cut.md.
 */
import { LAYER, type PacketColumns } from '../packet/columns.ts';
import { buildFlowIndex, createFlowIndex } from '../wire/flow-index.ts';
import type { FlowIdentity } from './cicflowmeter.ts';
import { FlowStatistics, type FlowPacket } from './flow-statistics.ts';
import { transportHeaderBytes } from './header-bytes.ts';

/** A flow is cut this long after its first packet. */
export const FLOW_TIMEOUT_US = 120_000_000;
/** Packets that come later than this behind the latest event time begin a flow of their own. */
const DISORDER_US = 10_000_000;
/** Flows remembered at most, by least recent use. */
export const EXPORT_CAPACITY = 131_072;

const [FIN, SYN, RST, ACK] = [1, 2, 4, 16];
const TCP = 6;
const UDP = 17;

/** How far a TCP connection has come to its end. */
const STATE = { open: 0, firstFin: 1, secondFin: 2, over: 3 } as const;

interface OpenFlow {
  readonly identity: FlowIdentity;
  /** Whether the agent's direction 0 is backward here: the capture began with a SYN-ACK. */
  readonly isFlipped: boolean;
  /** Row of the part that is open, -1 when the last one has been handed on. */
  row: number;
  /** Row of the batch that is being added, -1 = none. */
  batchRow: number;
  beginUs: number;
  lastUs: number;
  state: number;
  finSides: number;
  readonly icmp: number;
}

/** Takes a finished flow; the row is valid only during the call. */
export type FlowTaker = (flow: FlowIdentity, table: FlowStatistics, row: number) => void;

export class FlowExport {
  /** Flows handed on. */
  flows = 0;
  /** Flows handed on before their end, because there were too many. */
  evicted = 0;
  readonly #take: FlowTaker;
  readonly #capacity: number;
  readonly #table = new FlowStatistics();
  readonly #batch = new FlowStatistics();
  readonly #index = createFlowIndex();
  /** By the agent's flow number, least recently used first. */
  readonly #open = new Map<number, OpenFlow>();
  readonly #packet: FlowPacket = {
    timeUs: 0,
    direction: 0,
    payloadBytes: 0,
    headerBytes: 0,
    tcpFlags: 0,
    tcpWindow: 0,
  };
  #latestUs = -Infinity;
  #sweptUs = -Infinity;

  constructor(take: FlowTaker, capacity: number = EXPORT_CAPACITY) {
    this.#take = take;
    this.#capacity = capacity;
  }

  /** Adds the batch that follows the ones so far. Rows without an IP header belong to no flow. */
  add(columns: PacketColumns): void {
    buildFlowIndex(columns, this.#index);
    const { local } = this.#index;
    const known = new Array<OpenFlow | undefined>(this.#index.flows);
    const numbers = new Uint32Array(this.#index.flows);
    const touched = new Set<OpenFlow>();
    for (let row = 0; row < columns.count; row++) {
      if (columns.flow[row] === 0 || (columns.layers[row]! & LAYER.ip) === 0) continue;
      const timeUs = columns.timeUs[row]!;
      if (timeUs > this.#latestUs) this.#latestUs = timeUs;
      let flow = known[local[row]!] ?? this.#open.get(columns.flow[row]!);
      if (flow === undefined || this.#isCut(flow, columns, row)) {
        if (flow !== undefined) {
          this.#close(flow);
          touched.delete(flow);
        }
        flow = begin(flow, columns, row);
      } else follow(flow, columns, row);
      known[local[row]!] = flow;
      numbers[local[row]!] = columns.flow[row]!;
      touched.add(flow);
      flow.lastUs = timeUs;
      this.#addRow(flow, columns, row);
    }
    for (const flow of touched) this.#mergeBatch(flow);
    this.#batch.clear();
    known.forEach((flow, place) => {
      if (flow !== undefined) this.#remember(numbers[place]!, flow);
    });
    this.#sweep();
  }

  /** Hands on every flow that is open; the session is over. */
  end(): void {
    for (const flow of this.#open.values()) this.#close(flow);
    this.#open.clear();
    this.#latestUs = -Infinity;
    this.#sweptUs = -Infinity;
  }

  /** Whether a packet begins a new part. Depends on the packets alone, never on where batches end. */
  #isCut(flow: OpenFlow, columns: PacketColumns, row: number): boolean {
    const flags = columns.tcpFlags[row]!;
    if (columns.timeUs[row]! - flow.beginUs > FLOW_TIMEOUT_US || this.#isExpired(flow)) return true;
    if (flow.state === STATE.over && (flags & SYN) !== 0) return true;
    if ((columns.layers[row]! & LAYER.anyIcmp) === 0) return false;
    return flow.icmp >> 8 !== columns.icmpType[row] && (flow.icmp & 255) !== columns.icmpCode[row];
  }

  #isExpired({ beginUs }: OpenFlow): boolean {
    return this.#latestUs - beginUs > FLOW_TIMEOUT_US + DISORDER_US;
  }

  #addRow(flow: OpenFlow, columns: PacketColumns, row: number): void {
    const packet = this.#packet;
    packet.timeUs = columns.timeUs[row]!;
    packet.direction = (columns.direction[row]! & 1) ^ (flow.isFlipped ? 1 : 0);
    packet.payloadBytes = columns.payloadLength[row]!;
    packet.headerBytes = transportHeaderBytes(columns, row);
    packet.tcpFlags = columns.tcpFlags[row]!;
    packet.tcpWindow = columns.tcpWindow[row]!;
    if (flow.batchRow < 0) flow.batchRow = this.#batch.take();
    this.#batch.add(flow.batchRow, packet);
  }

  #mergeBatch(flow: OpenFlow): void {
    if (flow.batchRow < 0) return;
    if (flow.row < 0) flow.row = this.#table.take();
    this.#table.merge(flow.row, this.#batch, flow.batchRow);
    flow.batchRow = -1;
  }

  #close(flow: OpenFlow): void {
    this.#mergeBatch(flow);
    if (flow.row < 0) return;
    this.#take(flow.identity, this.#table, flow.row);
    this.#table.release(flow.row);
    flow.row = -1;
    this.flows++;
  }

  #remember(number: number, flow: OpenFlow): void {
    this.#open.delete(number);
    this.#open.set(number, flow);
    if (this.#open.size <= this.#capacity) return;
    const [oldest, evicted] = this.#open.entries().next().value!;
    if (evicted.row >= 0) this.evicted++;
    this.#close(evicted);
    this.#open.delete(oldest);
  }

  /** Hands on parts that no packet can join any more. What is needed to cut the rest of their flows is kept. */
  #sweep(): void {
    if (this.#latestUs - this.#sweptUs < DISORDER_US) return;
    this.#sweptUs = this.#latestUs;
    for (const flow of this.#open.values()) if (flow.row >= 0 && this.#isExpired(flow)) this.#close(flow);
  }
}

/** A new part. After a timeout a connection, or a dialogue over UDP without long silence, keeps its directions. */
function begin(before: OpenFlow | undefined, columns: PacketColumns, row: number): OpenFlow {
  const timeUs = columns.timeUs[row]!;
  const flags = columns.tcpFlags[row]!;
  const fresh = {
    row: -1,
    batchRow: -1,
    beginUs: timeUs,
    lastUs: timeUs,
    state: STATE.open,
    finSides: (flags & FIN) === 0 ? 0 : 1,
    icmp: (columns.icmpType[row]! << 8) | columns.icmpCode[row]!,
  };
  if (before !== undefined && continues(before, columns, row)) {
    const { identity, isFlipped } = before;
    if (fresh.finSides !== 0) fresh.finSides = 1 << ((columns.direction[row]! & 1) ^ (isFlipped ? 1 : 0));
    return { ...fresh, identity, isFlipped };
  }
  const isAnswer = (flags & (SYN | ACK)) === (SYN | ACK);
  const isFlipped = (columns.direction[row]! & 1) === (isAnswer ? 0 : 1);
  if (fresh.finSides !== 0) fresh.finSides = isAnswer ? 2 : 1;
  return { ...fresh, isFlipped, identity: identityFrom(columns, row, isAnswer) };
}

function continues(before: OpenFlow, columns: PacketColumns, row: number): boolean {
  const protocol = columns.ipProtocol[row];
  if (protocol === UDP) return columns.timeUs[row]! - before.lastUs <= FLOW_TIMEOUT_US;
  return protocol === TCP && !(before.state === STATE.over && (columns.tcpFlags[row]! & SYN) !== 0);
}

function identityFrom(columns: PacketColumns, row: number, isReversed: boolean): FlowIdentity {
  const source = columns.source.slice(4 * row, 4 * row + 4);
  const destination = columns.destination.slice(4 * row, 4 * row + 4);
  const [sourcePort, destinationPort] = [columns.sourcePort[row]!, columns.destinationPort[row]!];
  return {
    addressType: columns.addressType[row]!,
    source: isReversed ? destination : source,
    destination: isReversed ? source : destination,
    sourcePort: isReversed ? destinationPort : sourcePort,
    destinationPort: isReversed ? sourcePort : destinationPort,
    ipProtocol: columns.ipProtocol[row]!,
  };
}

/** FIN, FIN from the other side, ACK; or RST: the connection is over. */
function follow(flow: OpenFlow, columns: PacketColumns, row: number): void {
  const flags = columns.tcpFlags[row]!;
  if ((flags & FIN) !== 0) {
    flow.finSides |= 1 << ((columns.direction[row]! & 1) ^ (flow.isFlipped ? 1 : 0));
    if (flow.state === STATE.open) flow.state = STATE.firstFin;
    else if (flow.state === STATE.firstFin && flow.finSides === 3) flow.state = STATE.secondFin;
  } else if ((flags & RST) !== 0) flow.state = STATE.over;
  else if ((flags & ACK) !== 0 && flow.state === STATE.secondFin) flow.state = STATE.over;
}
