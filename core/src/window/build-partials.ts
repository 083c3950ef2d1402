/**
 * From a batch of packets to its partials, one per window it touches. One pass over the columns does what each packet
 * needs; addresses, ports, sketches and flags by name are done once per flow or once per distinct value.
 */
import type { PacketColumns } from '../packet/columns.ts';
import { hashAddress, hashPair } from '../sketch/hash.ts';
import type { FlowIndex } from '../wire/flow-index.ts';
import { COUNTER } from './counters.ts';
import { FlowRecords } from './flow-records.ts';
import { addPackets } from './packet-pass.ts';
import { rowsByWindow } from './rows-by-window.ts';
import { checkWindowWidth } from './time-window.ts';
import { WindowPartial } from './window-partial.ts';

/**
 * The partials of one batch by window start. Their merge over all batches, in any order, is the window.
 * @param index flow index of the same columns
 * @param session the session the flow numbers belong to
 */
export function buildPartials(
  columns: PacketColumns,
  index: Pick<FlowIndex, 'local' | 'flows'>,
  windowUs: number,
  session: string,
): Map<number, WindowPartial> {
  checkWindowWidth(windowUs);
  const partials = new Map<number, WindowPartial>();
  const flowRows = new Int32Array(index.flows).fill(-1);
  for (const [windowStartUs, rows] of rowsByWindow(columns, windowUs)) {
    const partial = new WindowPartial(windowStartUs, windowUs);
    partial.flows = new FlowRecords(Math.min(index.flows, rows.length));
    partial.sessionIndex(session);
    addPackets(partial, columns, rows, index.local, flowRows);
    addFlows(partial);
    for (const row of rows) flowRows[index.local[row]!] = -1;
    partial.compact();
    partials.set(windowStartUs, partial);
  }
  return partials;
}

/** What needs doing once per flow: protocols, distinct counts, entropy bins. */
function addFlows(partial: WindowPartial): void {
  const { flows, distinct, bins, counters } = partial;
  for (let row = 0; row < flows.rows; row++) {
    const forward = flows.packets[2 * row]!;
    const reverse = flows.packets[2 * row + 1]!;
    counters[COUNTER.payloadBytes]! += flows.payload[2 * row]! + flows.payload[2 * row + 1]!;
    partial.protocols.add(flows.protocol[row]!, forward + reverse, flows.bytes[2 * row]! + flows.bytes[2 * row + 1]!);
    const source = hashAddress(flows.source, 4 * row);
    const destination = hashAddress(flows.destination, 4 * row);
    const hasPorts = flows.sourcePort[row]! + flows.destinationPort[row]! > 0;
    const sourcePort = hashPair(flows.sourcePort[row]!, 1);
    const destinationPort = hashPair(flows.destinationPort[row]!, 1);
    distinct.pairs.add(source < destination ? hashPair(source, destination) : hashPair(destination, source));
    if (forward > 0) {
      distinct.sources.add(source);
      distinct.destinations.add(destination);
      bins.source.add(source, forward);
      bins.destination.add(destination, forward);
      if (hasPorts) addPorts(partial, sourcePort, destinationPort, forward);
    }
    if (reverse > 0) {
      distinct.sources.add(destination);
      distinct.destinations.add(source);
      bins.source.add(destination, reverse);
      bins.destination.add(source, reverse);
      if (hasPorts) addPorts(partial, destinationPort, sourcePort, reverse);
    }
  }
}

function addPorts(partial: WindowPartial, source: number, destination: number, packets: number): void {
  partial.distinct.sourcePorts.add(source);
  partial.distinct.destinationPorts.add(destination);
  partial.bins.sourcePort.add(source, packets);
  partial.bins.destinationPort.add(destination, packets);
}
