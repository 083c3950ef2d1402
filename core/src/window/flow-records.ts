/** What each flow did in one window, as columns: one row per (session, flow number), found by hash. All fields merge exactly. */
import { hashPair } from '../sketch/hash.ts';

/** Codes of the `protocol` column: below 256 the IP protocol number, else NOT_IP + the EtherType. */
export const NOT_IP = 0x1_0000;
export const PROTOCOL_ARP = NOT_IP + 0x0806;

const grow = <T extends { readonly length: number; set(from: T): void }>(from: T, make: (size: number) => T): T => {
  const to = make(from.length * 2);
  to.set(from);
  return to;
};

/**
 * Rows 0 … rows - 1. Columns named per direction hold two elements a row: 2 * row for forward (as the flow's first packet
 * went), 2 * row + 1 for reverse. Address columns hold four words a row.
 * `opens`, `accepts` and `refusals` are one idea in several protocols: TCP SYN, SYN-ACK, RST; ICMP echo request, echo
 * reply, destination unreachable; ARP request, reply, none.
 */
export class FlowRecords {
  rows = 0;
  /** Place in WindowPartial.sessions. */
  session: Uint16Array<ArrayBuffer>;
  flow: Uint32Array<ArrayBuffer>;
  addressType: Uint8Array<ArrayBuffer>;
  protocol: Uint32Array<ArrayBuffer>;
  source: Uint32Array<ArrayBuffer>;
  destination: Uint32Array<ArrayBuffer>;
  sourcePort: Uint16Array<ArrayBuffer>;
  destinationPort: Uint16Array<ArrayBuffer>;
  firstUs: Float64Array<ArrayBuffer>;
  lastUs: Float64Array<ArrayBuffer>;
  /** Number of the flow's first packet in the window. */
  firstNumber: Float64Array<ArrayBuffer>;
  packets: Float64Array<ArrayBuffer>;
  bytes: Float64Array<ArrayBuffer>;
  payload: Float64Array<ArrayBuffer>;
  opens: Float64Array<ArrayBuffer>;
  accepts: Float64Array<ArrayBuffer>;
  refusals: Float64Array<ArrayBuffer>;
  /** TCP segments with PSH and payload: about one for each message an application writes (RFC 9293 3.9.1.2). */
  pushes: Float64Array<ArrayBuffer>;
  /** Union of TCP flags. */
  flags: Uint16Array<ArrayBuffer>;
  #index: Int32Array;

  /** @param capacity rows before the columns must grow */
  constructor(capacity = 64) {
    this.session = new Uint16Array(capacity);
    this.flow = new Uint32Array(capacity);
    this.addressType = new Uint8Array(capacity);
    this.protocol = new Uint32Array(capacity);
    this.source = new Uint32Array(4 * capacity);
    this.destination = new Uint32Array(4 * capacity);
    this.sourcePort = new Uint16Array(capacity);
    this.destinationPort = new Uint16Array(capacity);
    this.firstUs = new Float64Array(capacity);
    this.lastUs = new Float64Array(capacity);
    this.firstNumber = new Float64Array(capacity);
    this.packets = new Float64Array(2 * capacity);
    this.bytes = new Float64Array(2 * capacity);
    this.payload = new Float64Array(2 * capacity);
    this.opens = new Float64Array(2 * capacity);
    this.accepts = new Float64Array(2 * capacity);
    this.refusals = new Float64Array(2 * capacity);
    this.pushes = new Float64Array(2 * capacity);
    this.flags = new Uint16Array(2 * capacity);
    this.#index = new Int32Array(2 ** Math.ceil(Math.log2(2 * capacity + 2))).fill(-1);
  }

  /** Row of a flow, or -1. */
  find(session: number, flow: number): number {
    const mask = this.#index.length - 1;
    for (let slot = hashPair(flow, session) & mask; ; slot = (slot + 1) & mask) {
      const row = this.#index[slot]!;
      if (row < 0 || (this.flow[row] === flow && this.session[row] === session)) return row;
    }
  }

  /** A new row for a flow that is not there: all counts zero, key columns for the caller to fill. */
  insert(session: number, flow: number): number {
    if (this.rows === this.flow.length) this.#growColumns();
    if (this.rows * 2 >= this.#index.length) this.#rehash(this.#index.length * 2);
    const row = this.rows++;
    this.session[row] = session;
    this.flow[row] = flow;
    this.firstUs[row] = Infinity;
    this.lastUs[row] = -Infinity;
    this.firstNumber[row] = Infinity;
    this.#link(row);
    return row;
  }

  /** Adds row `from` of another table, whose session numbers `sessions` translates; `row` must be the same flow. */
  accumulate(row: number, other: FlowRecords, from: number): void {
    if (other.firstUs[from]! < this.firstUs[row]!) this.firstUs[row] = other.firstUs[from]!;
    if (other.lastUs[from]! > this.lastUs[row]!) this.lastUs[row] = other.lastUs[from]!;
    if (other.firstNumber[from]! < this.firstNumber[row]!) this.firstNumber[row] = other.firstNumber[from]!;
    for (let side = 0; side < 2; side++) {
      const to = 2 * row + side;
      const at = 2 * from + side;
      this.packets[to]! += other.packets[at]!;
      this.bytes[to]! += other.bytes[at]!;
      this.payload[to]! += other.payload[at]!;
      this.opens[to]! += other.opens[at]!;
      this.accepts[to]! += other.accepts[at]!;
      this.refusals[to]! += other.refusals[at]!;
      this.pushes[to]! += other.pushes[at]!;
      this.flags[to]! |= other.flags[at]!;
    }
  }

  /** Fills the key columns of a new row from another table's row. */
  copyKey(row: number, other: FlowRecords, from: number): void {
    this.addressType[row] = other.addressType[from]!;
    this.protocol[row] = other.protocol[from]!;
    this.sourcePort[row] = other.sourcePort[from]!;
    this.destinationPort[row] = other.destinationPort[from]!;
    for (let word = 0; word < 4; word++) {
      this.source[4 * row + word] = other.source[4 * from + word]!;
      this.destination[4 * row + word] = other.destination[4 * from + word]!;
    }
  }

  /** Packets of a row in both directions. */
  total(row: number): number {
    return this.packets[2 * row]! + this.packets[2 * row + 1]!;
  }

  #link(row: number): void {
    const mask = this.#index.length - 1;
    let slot = hashPair(this.flow[row]!, this.session[row]!) & mask;
    while (this.#index[slot]! >= 0) slot = (slot + 1) & mask;
    this.#index[slot] = row;
  }

  #rehash(size: number): void {
    this.#index = new Int32Array(size).fill(-1);
    for (let row = 0; row < this.rows; row++) this.#link(row);
  }

  #growColumns(): void {
    const u8 = (size: number): Uint8Array<ArrayBuffer> => new Uint8Array(size);
    const u16 = (size: number): Uint16Array<ArrayBuffer> => new Uint16Array(size);
    const u32 = (size: number): Uint32Array<ArrayBuffer> => new Uint32Array(size);
    const f64 = (size: number): Float64Array<ArrayBuffer> => new Float64Array(size);
    this.session = grow(this.session, u16);
    this.flow = grow(this.flow, u32);
    this.addressType = grow(this.addressType, u8);
    this.protocol = grow(this.protocol, u32);
    this.source = grow(this.source, u32);
    this.destination = grow(this.destination, u32);
    this.sourcePort = grow(this.sourcePort, u16);
    this.destinationPort = grow(this.destinationPort, u16);
    this.firstUs = grow(this.firstUs, f64);
    this.lastUs = grow(this.lastUs, f64);
    this.firstNumber = grow(this.firstNumber, f64);
    this.packets = grow(this.packets, f64);
    this.bytes = grow(this.bytes, f64);
    this.payload = grow(this.payload, f64);
    this.opens = grow(this.opens, f64);
    this.accepts = grow(this.accepts, f64);
    this.refusals = grow(this.refusals, f64);
    this.pushes = grow(this.pushes, f64);
    this.flags = grow(this.flags, u16);
  }
}
