/**
 * `node test/bench/live-feed.ts CAPTURE PPS`: a pcap stream on stdout that looks like a busy link now: the frames of CAPTURE
 * (plain pcap) over and over, at PPS packets a second, each with the time at which it is written.
 */
import { readFileSync } from 'node:fs';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';

const TICK_MS = 20;
const NANOSECONDS = 0xa1b23c4d;

const [file = '', rate = '50000'] = process.argv.slice(2);
const capture = readFileSync(file);
const unit = capture.readUInt32LE(0) === NANOSECONDS ? 1e6 : 1e3;
const starts: number[] = [];
for (let at = 24; at + 16 <= capture.length; at += 16 + capture.readUInt32LE(at + 8)) starts.push(at);
starts.push(capture.length);
const packets = starts.length - 1;
const perMs = Number(rate) / 1000;

/** Packets `from` to `to` of the capture, stamped with times up to now. */
function stamped(from: number, to: number, nowMs: number): Buffer {
  const piece = Buffer.from(capture.subarray(starts[from], starts[to]));
  for (let packet = from; packet < to; packet++) {
    const timeMs = nowMs - (to - 1 - packet) / perMs;
    const at = starts[packet]! - starts[from]!;
    piece.writeUInt32LE(Math.floor(timeMs / 1000), at);
    piece.writeUInt32LE(Math.floor((timeMs % 1000) * unit), at + 4);
  }
  return piece;
}

process.stdout.on('error', () => process.exit(0));
process.stdout.write(capture.subarray(0, 24));
const startedMs = performance.now();
for (let sent = 0; ;) {
  const due = Math.floor((performance.now() - startedMs) * perMs);
  while (sent < due) {
    const from = sent % packets;
    const to = Math.min(packets, from + due - sent);
    if (!process.stdout.write(stamped(from, to, Date.now()))) await once(process.stdout, 'drain');
    sent += to - from;
  }
  await setTimeout(TICK_MS);
}
