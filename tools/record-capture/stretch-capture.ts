/**
 * Slows a recorded capture down: every packet's distance from the first times a factor, so that an attack of hours can be
 * recorded in minutes. Round trips and time-outs grow by the same factor; nothing else of the packets changes.
 * Usage: node stretch-capture.ts FROM.pcap TO.pcap FACTOR
 */
import { readFileSync, writeFileSync } from 'node:fs';

const FILE_HEADER = 24;
const RECORD_HEADER = 16;
/** Of a little-endian pcap with nanoseconds, as tcpdump writes it here. */
const MAGIC = 0xa1b23c4d;
const SECOND_NS = 1_000_000_000n;

/** Stretches the times in place. Throws when it is no such pcap, or its last record is cut. */
function stretch(pcap: Buffer, factor: bigint): void {
  if (pcap.readUInt32LE(0) !== MAGIC) throw new Error('not a little-endian pcap with nanoseconds');
  let firstNs: bigint | undefined;
  let at = FILE_HEADER;
  while (at < pcap.length) {
    const timeNs = BigInt(pcap.readUInt32LE(at)) * SECOND_NS + BigInt(pcap.readUInt32LE(at + 4));
    firstNs ??= timeNs;
    const stretchedNs = firstNs + (timeNs - firstNs) * factor;
    pcap.writeUInt32LE(Number(stretchedNs / SECOND_NS), at);
    pcap.writeUInt32LE(Number(stretchedNs % SECOND_NS), at + 4);
    at += RECORD_HEADER + pcap.readUInt32LE(at + 8);
  }
  if (at !== pcap.length) throw new Error('the last record is cut');
}

const [from, to, factor] = process.argv.slice(2);
if (from === undefined || to === undefined || !/^[1-9]\d*$/.test(factor ?? '')) {
  throw new Error('usage: node stretch-capture.ts FROM.pcap TO.pcap FACTOR (a whole number)');
}
const pcap = readFileSync(from);
stretch(pcap, BigInt(factor!));
writeFileSync(to, pcap);
