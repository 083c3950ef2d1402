/**
 * A WindowPartial as bytes: what one batch leaves in one window's row of the state store. Numbers are varints, zeros are
 * skipped, sketches are in their sparse form; a few KB for usual traffic and under 64 KB for any.
 *
 *   magic u8 · version u8 · windowStart signed varint · windowUs varint · sessions · first and last time, lengths
 *   counters · seconds · sizes · protocols · ICMP types · distincts · bins · flows (flow-codec.ts) · buckets (bucket-codec.ts)
 *   ARP claims (arp-codec.ts)
 */
import { PipelineError } from '../errors.ts';
import { ByteReader } from '../sketch/byte-reader.ts';
import { ByteWriter } from '../sketch/byte-writer.ts';
import { HashedBins } from '../sketch/hashed-bins.ts';
import { HyperLogLog } from '../sketch/hyperloglog.ts';
import { LogHistogram } from '../sketch/log-histogram.ts';
import { decodeArp, encodeArp } from './arp-codec.ts';
import { decodeBuckets, encodeBuckets } from './bucket-codec.ts';
import { decodeFlows, encodeFlows } from './flow-codec.ts';
import type { KeyedCounts } from './keyed-counts.ts';
import { MAX_WINDOW_US, SECOND_US } from './time-window.ts';
import { DISTINCTS, DISTRIBUTIONS, KEYED_LIMIT, WindowPartial } from './window-partial.ts';

const MAGIC = 0x57;
export const PARTIAL_VERSION = 3;
/** No partial of a batch is longer, whatever the traffic. */
export const MAX_PARTIAL_BYTES = 65_536;
const MAX_SESSIONS = 65_535;
const MAX_SESSION_TEXT = 256;

export function encodePartial(partial: WindowPartial): Uint8Array {
  const writer = new ByteWriter(16_384);
  writer.u8(MAGIC);
  writer.u8(PARTIAL_VERSION);
  writer.signed(partial.windowStartUs);
  writer.varint(partial.windowUs);
  writer.varint(partial.sessions.length);
  for (const session of partial.sessions) writer.text(session);
  if (encodeExtent(partial, writer)) {
    encodeNumbers(partial.counters, writer);
    encodeNumbers(partial.secondPackets, writer);
    encodeNumbers(partial.secondBytes, writer);
    partial.sizes.encode(writer);
    encodeKeyed(partial.protocols, writer);
    encodeKeyed(partial.icmpTypes, writer);
    for (const name of DISTINCTS) partial.distinct[name].encode(writer);
    for (const name of DISTRIBUTIONS) partial.bins[name].encode(writer);
    encodeFlows(partial, writer);
    encodeBuckets(partial.buckets, partial.windowStartUs, writer);
    encodeArp(partial.arp, partial.windowStartUs, writer);
  }
  return writer.finish();
}

/** Throws WIRE_VERSION for another version's bytes and WIRE_CORRUPT for damaged ones. */
export function decodePartial(bytes: Uint8Array): WindowPartial {
  const reader = new ByteReader(bytes);
  const { partial, isFilled } = decodeCounts(reader);
  if (isFilled) {
    partial.sizes.merge(LogHistogram.decode(reader));
    decodeKeyed(partial.protocols, reader);
    decodeKeyed(partial.icmpTypes, reader);
    for (const name of DISTINCTS) partial.distinct[name].merge(HyperLogLog.decode(reader));
    for (const name of DISTRIBUTIONS) partial.bins[name].merge(HashedBins.decode(reader));
    partial.flows = decodeFlows(partial, reader);
    decodeBuckets(partial.buckets, partial.windowStartUs, reader);
    decodeArp(partial.arp, partial.windowStartUs, reader);
  }
  reader.end();
  return partial;
}

/**
 * Its packets and bytes by second, which stand at its beginning: what is behind them is neither read nor checked.
 * Throws as decodePartial.
 */
export function decodeSeconds(
  bytes: Uint8Array,
): Pick<WindowPartial, 'windowStartUs' | 'windowUs' | 'secondPackets' | 'secondBytes'> {
  return decodeCounts(new ByteReader(bytes)).partial;
}

function decodeCounts(reader: ByteReader): { partial: WindowPartial; isFilled: boolean } {
  if (reader.u8() !== MAGIC) throw reader.damage('does not begin like one');
  const version = reader.u8();
  if (version !== PARTIAL_VERSION) {
    throw new PipelineError('WIRE_VERSION', `a partial of version ${version}, this build reads ${PARTIAL_VERSION}`);
  }
  const windowStartUs = reader.signed();
  const windowUs = reader.bounded(MAX_WINDOW_US, 'microseconds of window');
  if (windowUs < SECOND_US || windowUs % SECOND_US !== 0) throw reader.damage('has an impossible window width');
  const partial = new WindowPartial(windowStartUs, windowUs);
  const sessions = reader.bounded(MAX_SESSIONS, 'sessions');
  for (let index = 0; index < sessions; index++) partial.sessions.push(reader.text(MAX_SESSION_TEXT));
  const isFilled = decodeExtent(partial, reader);
  if (isFilled) {
    decodeNumbers(partial.counters, reader);
    decodeNumbers(partial.secondPackets, reader);
    decodeNumbers(partial.secondBytes, reader);
  }
  return { partial, isFilled };
}

/** First and last time, shortest and longest packet; false when the partial is empty and nothing more follows. */
function encodeExtent(partial: WindowPartial, writer: ByteWriter): boolean {
  const filled = partial.packets > 0;
  writer.u8(filled ? 1 : 0);
  if (!filled) return false;
  writer.varint(partial.firstUs - partial.windowStartUs);
  writer.varint(partial.lastUs - partial.firstUs);
  writer.varint(partial.minLength);
  writer.varint(partial.maxLength - partial.minLength);
  return true;
}

function decodeExtent(partial: WindowPartial, reader: ByteReader): boolean {
  if (reader.u8() === 0) return false;
  partial.firstUs = partial.windowStartUs + reader.varint();
  partial.lastUs = partial.firstUs + reader.varint();
  partial.minLength = reader.varint();
  partial.maxLength = partial.minLength + reader.varint();
  return true;
}

/** Values that are not zero, as (distance to the previous one, value). */
function encodeNumbers(values: Float64Array, writer: ByteWriter): void {
  let filled = 0;
  for (const value of values) if (value > 0) filled++;
  writer.varint(filled);
  let previous = 0;
  for (let index = 0; index < values.length; index++) {
    if (values[index] === 0) continue;
    writer.varint(index - previous);
    writer.varint(values[index]!);
    previous = index;
  }
}

function decodeNumbers(values: Float64Array, reader: ByteReader): void {
  const filled = reader.bounded(values.length, 'counters');
  let index = 0;
  for (let count = 0; count < filled; count++) {
    index += reader.varint();
    if (index >= values.length) throw reader.damage('has a counter that does not exist');
    values[index] = reader.varint();
  }
}

function encodeKeyed(counts: KeyedCounts, writer: ByteWriter): void {
  const entries = counts.entries();
  writer.varint(entries.length);
  for (const entry of entries) for (const value of entry) writer.varint(value);
}

function decodeKeyed(counts: KeyedCounts, reader: ByteReader): void {
  const entries = reader.bounded(KEYED_LIMIT + 1, 'keys');
  for (let index = 0; index < entries; index++) {
    const key = reader.bounded(0xffff_ffff, 'as a key');
    counts.add(key, reader.varint(), reader.varint());
  }
}
