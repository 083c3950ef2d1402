/**
 * Where flows go that a bound does not let stay records of their own: summed by what they have in common. A flood of
 * single-packet flows becomes a handful of buckets, and the detectors still see whom it hit, from where, and how often.
 */
import { hashAddress, hashPair } from '../sketch/hash.ts';
import { ThetaSet } from '../sketch/theta-set.ts';
import type { FlowRecords } from './flow-records.ts';
import { isCompleted, isFailedContact, isIllegalProbe } from './flow-traits.ts';

/**
 * What the flows of a bucket have in common, and what its `contacts` are (of the flow's initiator and responder):
 * - service: responder and its port; contacts are the initiators
 * - victim: responder; contacts are the initiators
 * - sweep: initiator and the responder's port; contacts are the responders it failed to reach
 * - probe: initiator and responder; contacts are the ports it failed to reach
 * - source: initiator; contacts are the responders
 */
export const BUCKET_KINDS = ['service', 'victim', 'sweep', 'probe', 'source'] as const;
export type BucketKind = (typeof BUCKET_KINDS)[number];
export const BUCKET_KIND_COUNT = BUCKET_KINDS.length;

/** Hashes a bucket surely keeps in a batch, and keeps at most (error bounds: see ThetaSet). */
export const BATCH_CONTACTS = 32;
export const PANE_CONTACTS = 1024;

/** Sums over the folded flows; sides are 0 = initiator, 1 = responder. */
export interface FlowBucket {
  readonly kind: BucketKind;
  readonly protocol: number;
  readonly addressType: number;
  /** Four words of the host that gives the bucket its key, and of its one peer (probe only, else zeros). */
  readonly host: Uint32Array;
  readonly peer: Uint32Array;
  /** The responder's port; 0 unless kind is service or sweep. */
  readonly port: number;
  flows: number;
  failed: number;
  completed: number;
  illegal: number;
  answered: number;
  opens: number;
  accepts: number;
  refusals: number;
  readonly packets: [number, number];
  readonly bytes: [number, number];
  firstUs: number;
  lastUs: number;
  readonly contacts: ThetaSet;
}

/** Hash of the key under which row `row` falls for kind number `kind` (32 bits; what buckets are found by). */
export function bucketHash(table: FlowRecords, row: number, kind: number, initiator: 0 | 1): number {
  const initiators = initiator === 0 ? table.source : table.destination;
  const responders = initiator === 0 ? table.destination : table.source;
  const port = initiator === 0 ? table.destinationPort[row]! : table.sourcePort[row]!;
  const at = 4 * row;
  const salt = hashPair(kind, table.protocol[row]!);
  switch (BUCKET_KINDS[kind]!) {
    case 'service':
      return hashPair(hashAddress(responders, at, salt), port);
    case 'victim':
      return hashAddress(responders, at, salt);
    case 'sweep':
      return hashPair(hashAddress(initiators, at, salt), port);
    case 'probe':
      return hashPair(hashAddress(initiators, at, salt), hashAddress(responders, at, salt));
    case 'source':
      return hashAddress(initiators, at, salt);
  }
}

/** An empty bucket for the key of row `row`. */
export function bucketFor(
  table: FlowRecords,
  row: number,
  kind: number,
  initiator: 0 | 1,
  contactLimit: number,
): FlowBucket {
  const name = BUCKET_KINDS[kind]!;
  const from = 4 * row;
  const initiatorWords = (initiator === 0 ? table.source : table.destination).slice(from, from + 4);
  const responderWords = (initiator === 0 ? table.destination : table.source).slice(from, from + 4);
  const byResponder = name === 'service' || name === 'victim';
  const withPort = name === 'service' || name === 'sweep';
  return emptyBucket({
    kind: name,
    protocol: table.protocol[row]!,
    addressType: table.addressType[row]!,
    host: byResponder ? responderWords : initiatorWords,
    peer: name === 'probe' ? responderWords : new Uint32Array(4),
    port: withPort ? (initiator === 0 ? table.destinationPort[row]! : table.sourcePort[row]!) : 0,
    contactLimit,
  });
}

/** A bucket with its key and nothing in it. */
export function emptyBucket(
  key: Pick<FlowBucket, 'kind' | 'protocol' | 'addressType' | 'host' | 'peer' | 'port'> & { contactLimit: number },
): FlowBucket {
  const { contactLimit, ...rest } = key;
  return {
    ...rest,
    flows: 0,
    failed: 0,
    completed: 0,
    illegal: 0,
    answered: 0,
    opens: 0,
    accepts: 0,
    refusals: 0,
    packets: [0, 0],
    bytes: [0, 0],
    firstUs: Infinity,
    lastUs: -Infinity,
    contacts: new ThetaSet(contactLimit),
  };
}

/** Adds row `row` of `table` to a bucket of its key. */
export function foldRow(bucket: FlowBucket, table: FlowRecords, row: number, initiator: 0 | 1): void {
  const asked = 2 * row + initiator;
  const answered = 2 * row + 1 - initiator;
  const illegal = isIllegalProbe(table, row);
  const failed = illegal || isFailedContact(table, row, initiator);
  bucket.flows++;
  if (failed) bucket.failed++;
  if (illegal) bucket.illegal++;
  if (isCompleted(table, row, initiator)) bucket.completed++;
  if (table.packets[answered]! > table.refusals[answered]!) bucket.answered++;
  bucket.opens += table.opens[asked]!;
  bucket.accepts += table.accepts[answered]!;
  bucket.refusals += table.refusals[answered]!;
  bucket.packets[0] += table.packets[asked]!;
  bucket.packets[1] += table.packets[answered]!;
  bucket.bytes[0] += table.bytes[asked]!;
  bucket.bytes[1] += table.bytes[answered]!;
  if (table.firstUs[row]! < bucket.firstUs) bucket.firstUs = table.firstUs[row]!;
  if (table.lastUs[row]! > bucket.lastUs) bucket.lastUs = table.lastUs[row]!;
  if (bucket.kind === 'sweep' || bucket.kind === 'probe') {
    if (failed) bucket.contacts.add(contactHash(bucket.kind, table, row, initiator));
  } else bucket.contacts.add(contactHash(bucket.kind, table, row, initiator));
}

/** Hash of the thing a flow contributes to the contacts of a bucket of this kind. */
export function contactHash(kind: BucketKind, table: FlowRecords, row: number, initiator: 0 | 1): number {
  switch (kind) {
    case 'service':
    case 'victim':
      return hashAddress(initiator === 0 ? table.source : table.destination, 4 * row);
    case 'sweep':
    case 'source':
      return hashAddress(initiator === 0 ? table.destination : table.source, 4 * row);
    case 'probe':
      return portHash(initiator === 0 ? table.destinationPort[row]! : table.sourcePort[row]!);
  }
}

/** Hash of a port as a contact. */
export function portHash(port: number): number {
  return hashPair(port, 0x706f_7274);
}

/** Adds bucket `from` of the same key to `to`. */
export function mergeBucket(to: FlowBucket, from: FlowBucket): void {
  to.flows += from.flows;
  to.failed += from.failed;
  to.completed += from.completed;
  to.illegal += from.illegal;
  to.answered += from.answered;
  to.opens += from.opens;
  to.accepts += from.accepts;
  to.refusals += from.refusals;
  for (const side of [0, 1] as const) {
    to.packets[side] += from.packets[side];
    to.bytes[side] += from.bytes[side];
  }
  to.firstUs = Math.min(to.firstUs, from.firstUs);
  to.lastUs = Math.max(to.lastUs, from.lastUs);
  to.contacts.merge(from.contacts);
}
