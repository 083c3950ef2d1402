/**
 * Where the corrected CICFlowMeter (profile engelen2021) ends a flow and begins the next: 120 seconds after its first
 * packet; at a SYN after both sides' FIN and the ACK to them, or after a RST; at an ICMP message of another type and code.
 * The agent's flow numbers say what belongs together at all, and this cuts inside of them, in the order of the packets, with
 * a few bytes of state per open flow that is carried from batch to batch. See docs/decisions/20261124-flow-cut.md.
 */
import { BATCH_CAPACITY, LAYER } from '../packet/columns.ts';
import type { PacketColumns } from '../packet/columns.ts';
import { buildFlowIndex, createFlowIndex } from '../wire/flow-index.ts';

export const FLOW_LIFETIME_US = 120_000_000;
/** Silence after which no packet can still belong to a flow: its lifetime, and what whole seconds of the agent hide. */
export const FLOW_SILENCE_US = FLOW_LIFETIME_US + 2_000_000;

/** Segment of a row that belongs to no flow: no IP header. */
export const NO_SEGMENT = 0xffff;

const FIN = 0x01;
const SYN = 0x02;
const RST = 0x04;
const ACK = 0x10;
const SYN_ACK = SYN | ACK;

const STATE = { open: 0, firstFin: 1, bothFins: 2, over: 3 } as const;
const TCP = 6;
const UDP = 17;

/** Flows of which it is remembered beyond their end that they run against the agent's direction. */
const TURNED_MAX = 65_536;

/** What of each flow is inside one batch, in order of first appearance. */
export interface BatchSegments {
  count: number;
  /** Segment of each row of the batch, or NO_SEGMENT. */
  readonly ofRow: Uint16Array;
  readonly firstRow: Uint16Array;
  /** Which direction of the packet columns is the forward one. */
  readonly forward: Uint8Array;
  /** 1 = goes on with the open flow in its slot, 0 = ends that one, if there is one, and begins another. */
  readonly continues: Uint8Array;
  /** Place of the flow among the open ones. */
  readonly slot: Uint32Array;
  /** Rows without a segment. */
  skipped: number;
}

export function createBatchSegments(): BatchSegments {
  return {
    count: 0,
    ofRow: new Uint16Array(BATCH_CAPACITY),
    firstRow: new Uint16Array(BATCH_CAPACITY),
    forward: new Uint8Array(BATCH_CAPACITY),
    continues: new Uint8Array(BATCH_CAPACITY),
    slot: new Uint32Array(BATCH_CAPACITY),
    skipped: 0,
  };
}

export class FlowCut {
  readonly #index = createFlowIndex();
  /** Segment of each flow of the batch so far, -1 = none yet. */
  readonly #current = new Int32Array(BATCH_CAPACITY);
  /** Slots by the agent's flow number, oldest first. */
  readonly #slots = new Map<number, number>();
  readonly #free: number[] = [];
  readonly #turned = new Set<number>();
  #slotCount = 0;
  #newestFlow = 0;
  #startUs = new Float64Array(64);
  #lastUs = new Float64Array(64);
  #state = new Uint8Array(64);
  /** Directions of the columns that sent a FIN, as two bits. */
  #fins = new Uint8Array(64);
  #forward = new Uint8Array(64);
  #protocol = new Uint8Array(64);
  #icmp = new Uint16Array(64);

  /** Flows that are open. */
  get open(): number {
    return this.#slots.size;
  }

  /** Slots ever used: every slot number is below. */
  get slots(): number {
    return this.#slotCount;
  }

  /** Says of every row of a batch which flow it belongs to. Batches of a session must come in order, each once. */
  cut(columns: PacketColumns, segments: BatchSegments): void {
    buildFlowIndex(columns, this.#index);
    const current = this.#current.fill(-1, 0, this.#index.flows);
    segments.count = 0;
    segments.skipped = 0;
    for (let row = 0; row < columns.count; row += 1) {
      if (columns.flow[row] === 0 || (columns.layers[row]! & LAYER.ip) === 0) {
        segments.ofRow[row] = NO_SEGMENT;
        segments.skipped += 1;
        continue;
      }
      const local = this.#index.local[row]!;
      const segment = current[local]!;
      if (segment < 0) current[local] = this.#enter(columns, row, segments);
      else if (this.#endsBefore(columns, row, segments.slot[segment]!)) {
        current[local] = this.#renew(columns, row, segments.slot[segment]!, segments);
      } else this.#follow(columns, row, segments.slot[segment]!);
      segments.ofRow[row] = current[local]!;
    }
  }

  /**
   * Forgets flows that were silent since before `timeUs`, oldest first, `limit` at most; `leave` gets the slot of each.
   * @returns how many
   */
  expire(timeUs: number, limit: number, leave: (slot: number) => void): number {
    let left = 0;
    for (const [flow, slot] of this.#slots) {
      if (left === limit) break;
      if (this.#lastUs[slot]! >= timeUs) continue;
      leave(slot);
      left += 1;
      this.#slots.delete(flow);
      this.#free.push(slot);
      if (this.#forward[slot] === 1 && this.#protocol[slot] === TCP) this.#remember(flow);
    }
    return left;
  }

  /** The time before which the last packets of a `share` of the open flows lie. */
  silentSince(share: number): number {
    const times = Float64Array.from(this.#slots.values(), (slot) => this.#lastUs[slot]!).sort();
    return times[Math.min(times.length - 1, Math.ceil(times.length * share))] ?? -Infinity;
  }

  /** The first row of a flow in this batch. */
  #enter(columns: PacketColumns, row: number, segments: BatchSegments): number {
    const flow = columns.flow[row]!;
    const slot = this.#slots.get(flow);
    if (slot !== undefined) {
      if (this.#endsBefore(columns, row, slot)) return this.#renew(columns, row, slot, segments);
      this.#follow(columns, row, slot);
      return this.#addSegment(segments, row, slot, 1);
    }
    const fresh = this.#takeSlot();
    this.#slots.set(flow, fresh);
    const isTurned = flow > this.#newestFlow ? isSynAck(columns, row) : this.#turned.delete(flow);
    this.#newestFlow = Math.max(this.#newestFlow, flow);
    this.#begin(columns, row, fresh, isTurned ? 1 : 0);
    return this.#addSegment(segments, row, fresh, 0);
  }

  #renew(columns: PacketColumns, row: number, slot: number, segments: BatchSegments): number {
    this.#begin(columns, row, slot, this.#forwardAfter(columns, row, slot));
    return this.#addSegment(segments, row, slot, 0);
  }

  /** A connection that goes on keeps its direction; what begins anew is as its first packet, or as that would answer. */
  #forwardAfter(columns: PacketColumns, row: number, slot: number): number {
    const direction = columns.direction[row]!;
    const protocol = this.#protocol[slot]!;
    if (protocol === TCP) {
      const isNew = this.#state[slot] === STATE.over && (columns.tcpFlags[row]! & SYN) !== 0;
      if (!isNew) return this.#forward[slot]!;
      return isSynAck(columns, row) ? 1 - direction : direction;
    }
    const isDialogue = protocol === UDP && columns.timeUs[row]! - this.#lastUs[slot]! <= FLOW_LIFETIME_US;
    return isDialogue ? this.#forward[slot]! : direction;
  }

  #begin(columns: PacketColumns, row: number, slot: number, forward: number): void {
    const isFin = columns.ipProtocol[row] === TCP && (columns.tcpFlags[row]! & FIN) !== 0;
    this.#startUs[slot] = columns.timeUs[row]!;
    this.#lastUs[slot] = columns.timeUs[row]!;
    this.#forward[slot] = forward;
    this.#protocol[slot] = columns.ipProtocol[row]!;
    this.#icmp[slot] = icmpKind(columns, row);
    // The first packet of a flow counts among the FINs of its side, but does not move the state.
    this.#state[slot] = STATE.open;
    this.#fins[slot] = isFin ? 1 << columns.direction[row]! : 0;
  }

  #endsBefore(columns: PacketColumns, row: number, slot: number): boolean {
    if (columns.timeUs[row]! - this.#startUs[slot]! > FLOW_LIFETIME_US) return true;
    if (this.#state[slot] === STATE.over && (columns.tcpFlags[row]! & SYN) !== 0) return true;
    if ((columns.layers[row]! & LAYER.anyIcmp) === 0) return false;
    const kind = icmpKind(columns, row);
    return kind >>> 8 !== this.#icmp[slot]! >>> 8 && (kind & 0xff) !== (this.#icmp[slot]! & 0xff);
  }

  #follow(columns: PacketColumns, row: number, slot: number): void {
    this.#lastUs[slot] = columns.timeUs[row]!;
    const flags = columns.tcpFlags[row]!;
    const state = this.#state[slot];
    if ((flags & FIN) !== 0) {
      this.#fins[slot]! |= 1 << columns.direction[row]!;
      if (state === STATE.open) this.#state[slot] = STATE.firstFin;
      else if (state === STATE.firstFin && this.#fins[slot] === 3) this.#state[slot] = STATE.bothFins;
    } else if ((flags & RST) !== 0) this.#state[slot] = STATE.over;
    else if ((flags & ACK) !== 0 && state === STATE.bothFins) this.#state[slot] = STATE.over;
  }

  #addSegment(segments: BatchSegments, row: number, slot: number, continues: number): number {
    const segment = segments.count;
    segments.count += 1;
    segments.firstRow[segment] = row;
    segments.forward[segment] = this.#forward[slot]!;
    segments.continues[segment] = continues;
    segments.slot[segment] = slot;
    return segment;
  }

  #takeSlot(): number {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    if (this.#slotCount === this.#startUs.length) this.#grow();
    this.#slotCount += 1;
    return this.#slotCount - 1;
  }

  #grow(): void {
    const size = 2 * this.#startUs.length;
    this.#startUs = larger(this.#startUs, new Float64Array(size));
    this.#lastUs = larger(this.#lastUs, new Float64Array(size));
    this.#state = larger(this.#state, new Uint8Array(size));
    this.#fins = larger(this.#fins, new Uint8Array(size));
    this.#forward = larger(this.#forward, new Uint8Array(size));
    this.#protocol = larger(this.#protocol, new Uint8Array(size));
    this.#icmp = larger(this.#icmp, new Uint16Array(size));
  }

  #remember(flow: number): void {
    this.#turned.add(flow);
    if (this.#turned.size <= TURNED_MAX) return;
    const [oldest] = this.#turned;
    this.#turned.delete(oldest!);
  }
}

function larger<T extends Float64Array | Uint8Array | Uint16Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

/** The answer to a SYN that was not seen: its receiver is the one who began. */
function isSynAck(columns: PacketColumns, row: number): boolean {
  return (columns.tcpFlags[row]! & SYN_ACK) === SYN_ACK;
}

function icmpKind(columns: PacketColumns, row: number): number {
  return (columns.icmpType[row]! << 8) | columns.icmpCode[row]!;
}
