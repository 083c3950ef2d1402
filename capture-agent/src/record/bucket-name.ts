/**
 * What a segment is called in a bucket: by whose packets it holds and which of them, so that the same packets recorded again
 * have the same name, and a list of names says what there is.
 * `SENSOR/RECORDING/FIRST+PACKETS.FROM-TO.pcapng`: number of its first packet, how many, and their event time in microseconds.
 */
import type { SegmentEntry } from './manifest.ts';

const PATTERN = /^([A-Za-z0-9._-]+)\/(\d+)\+(\d+)\.(\d+)-(\d+)\.pcapng$/;

export function bucketName(sensor: string, entry: SegmentEntry): string {
  const { recording, serial, first = serial, packets, fromUs, toUs } = entry;
  return `${sensor}/${recording}/${padded(first)}+${packets}.${padded(fromUs ?? 0)}-${padded(toUs ?? 0)}.pcapng`;
}

/** What a name says, without the sensor's folder; undefined when it is none. Serial and bytes are in none. */
export function parseBucketName(name: string): SegmentEntry | undefined {
  const found = PATTERN.exec(name);
  if (found === null) return undefined;
  const [first, packets, fromUs, toUs] = found.slice(2).map(Number) as [number, number, number, number];
  return { serial: 0, recording: found[1]!, first, open: false, marked: true, packets, bytes: 0, fromUs, toUs };
}

const padded = (count: number): string => String(count).padStart(12, '0');
