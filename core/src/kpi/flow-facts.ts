/** Numbers about a pane's connections that need a look at every flow record once. */
import { HASHED_FLOW } from '../raw/hashed-flow.ts';
import { COUNTER } from '../window/counters.ts';
import type { BucketKind } from '../window/flow-bucket.ts';
import { flowOrder } from '../window/flow-codec.ts';
import type { FlowRecords } from '../window/flow-records.ts';
import { IP_PROTOCOL, isFailedContact, isHalfOpen } from '../window/flow-traits.ts';
import type { PaneView } from '../window/pane-view.ts';

interface ContactSums {
  /** TCP connection requests seen in the window. */
  requested: number;
  /** Of those, the ones whose handshake the initiator did not complete in the window. */
  halfOpen: number;
  /** Contacts refused or left without any answer, all protocols. */
  failed: number;
  answered: number;
  flows: number;
}

export interface FlowFacts extends Readonly<ContactSums> {
  readonly newFlows: number;
  /** Share of flows with an answer: near 0 in a capture of one direction. */
  readonly twoWayShare: number;
  /** Established TCP connections seen in one direction, and in both. */
  readonly oneWayTcp: number;
  readonly twoWayTcp: number;
}

/** Counts over flow records and folded flows; a folded flow that comes again in another batch counts again. */
export function flowFacts(view: PaneView): FlowFacts {
  const { flows, pane } = view;
  const sums: ContactSums = { requested: 0, halfOpen: 0, failed: 0, answered: view.answered, flows: flows.rows };
  for (let row = 0; row < flows.rows; row++) {
    const initiator = view.initiatorSide[row] as 0 | 1;
    if (flows.protocol[row] === IP_PROTOCOL.tcp && flows.opens[2 * row + initiator]! > 0) sums.requested++;
    if (isHalfOpen(flows, row, initiator)) sums.halfOpen++;
    if (isFailedContact(flows, row, initiator)) sums.failed++;
  }
  // Many sources leave their mark on the victim's bucket, one source on its own: whichever kept more flows knows more.
  const bySource = bucketSums(view, 'source');
  const byVictim = bucketSums(view, 'victim');
  const folded = bySource.flows > byVictim.flows ? bySource : byVictim;
  sums.requested += folded.requested;
  sums.halfOpen += folded.halfOpen;
  sums.failed += folded.failed;
  sums.answered += folded.answered;
  sums.flows += pane.counters[COUNTER.rowsShed]!;
  return {
    ...sums,
    newFlows: newFlows(flows),
    twoWayShare: sums.flows === 0 ? 0 : sums.answered / sums.flows,
    oneWayTcp: view.oneWayTcp,
    twoWayTcp: view.twoWayTcp,
  };
}

function bucketSums(view: PaneView, kind: BucketKind): ContactSums {
  const sums: ContactSums = { requested: 0, halfOpen: 0, failed: 0, answered: 0, flows: 0 };
  for (const { bucket } of view.folded) {
    if (bucket.kind !== kind) continue;
    sums.flows += bucket.flows;
    sums.failed += bucket.failed;
    sums.answered += bucket.answered;
    if (bucket.protocol !== IP_PROTOCOL.tcp) continue;
    sums.requested += bucket.opens;
    sums.halfOpen += Math.max(0, bucket.opens - bucket.completed);
  }
  return sums;
}

/**
 * Flows whose first packet ever fell into the window. The agent numbers flows in order of appearance, so a flow that is
 * first heard after one of a higher number is an old one, and every number above the highest old one is new. Needs no
 * memory of earlier windows and survives folding; too high by the old flows that spoke only before all newer ones.
 * Hashed numbers (raw records) say nothing of age: such a flow is new when it opened in the window (SYN, echo or ARP request).
 */
function newFlows(flows: FlowRecords): number {
  const order = flowOrder(flows);
  let fresh = 0;
  let session = -1;
  let highest = 0;
  // From the highest number down: the first packet heard of any higher flow, and the highest flow heard after it.
  let earliest = Infinity;
  let highestOld = -1;
  let lowest = 0;
  for (let place = order.length - 1; place >= 0; place--) {
    const row = order[place]!;
    if (flows.flow[row]! >= HASHED_FLOW) {
      if (flows.opens[2 * row]! + flows.opens[2 * row + 1]! > 0) fresh++;
      continue;
    }
    if (flows.session[row] !== session) {
      if (session >= 0) fresh += highest - (highestOld < 0 ? lowest - 1 : highestOld);
      session = flows.session[row]!;
      highest = flows.flow[row]!;
      earliest = Infinity;
      highestOld = -1;
    }
    lowest = flows.flow[row]!;
    if (flows.firstNumber[row]! > earliest && highestOld < 0) highestOld = lowest;
    earliest = Math.min(earliest, flows.firstNumber[row]!);
  }
  return session < 0 ? fresh : fresh + highest - (highestOld < 0 ? lowest - 1 : highestOld);
}
