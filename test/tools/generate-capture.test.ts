/** The seeded generator: the same bytes for the same seed, valid packets by three opinions, and labels that are true. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allocateColumns, clearColumns, LAYER } from '@tapline/core/packet/columns';
import { Decoder } from '@tapline/core/decode/decoder';
import { CaptureWriter } from '../../tools/generate-capture/capture-writer.ts';
import { generateFrames, type GeneratorOptions, type GeneratorResult } from '../../tools/generate-capture/generator.ts';
import { ipv4Of, MONITOR, SERVER } from '../../tools/generate-capture/hosts.ts';
import { passUs, repeatCapture } from '../../tools/generate-capture/repeat-capture.ts';
import { decodeCapture } from '../helpers/decode.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';
import { TSHARK } from '../helpers/tshark.ts';
import { BAD_CHECKSUM, selectedByTshark } from '../helpers/tshark-counts.ts';

const folder = temporaryFolder();

interface Frame {
  readonly bytes: Uint8Array;
  readonly timeUs: number;
}

function collect(options: GeneratorOptions): { frames: Frame[]; result: GeneratorResult } {
  const frames: Frame[] = [];
  const result = generateFrames(options, {
    frame: (bytes, offset, length, _wireLength, timeUs) => {
      frames.push({ bytes: bytes.slice(offset, offset + length), timeUs });
    },
  });
  return { frames, result };
}

function hashOf(frames: readonly Frame[]): string {
  const hash = createHash('sha256');
  for (const { bytes, timeUs } of frames) hash.update(`${timeUs} `).update(bytes);
  return hash.digest('hex');
}

/** Ones' complement sum of a stretch (RFC 1071), written the slow way on purpose. */
function onesSum(bytes: Uint8Array, from: number, to: number): number {
  let sum = 0;
  for (let at = from; at < to; at++) {
    sum += (at - from) % 2 === 0 ? bytes[at]! * 256 : bytes[at]!;
    if (sum > 0xffff) sum -= 0xffff;
  }
  return sum;
}

/** What the checksums of an IPv4 or IPv6 frame add up to, pseudo-header included: 0xffff each when they are right. */
function checksumsOf(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const ipv4 = view.getUint16(12) === 0x0800;
  const transport = ipv4 ? 34 : 54;
  const end = ipv4 ? 14 + view.getUint16(16) : 54 + view.getUint16(18);
  const protocol = ipv4 ? bytes[23]! : bytes[20]!;
  const addresses = ipv4 ? onesSum(bytes, 26, 34) : onesSum(bytes, 22, 54);
  const pseudo = protocol === 1 ? 0 : addresses + protocol + (end - transport);
  const whole = (onesSum(bytes, transport, end) + pseudo) % 0xffff;
  return ipv4 ? [onesSum(bytes, 14, 34) % 0xffff, whole] : [whole];
}

const anyOptions = fc.record({
  packets: fc.integer({ min: 1, max: 3000 }),
  seed: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  profile: fc.constantFrom('mix' as const, 'small64' as const),
});

describe('the capture generator', () => {
  it('makes the same frames for the same options and others for another seed', () => {
    fc.assert(
      fc.property(anyOptions, (options) => {
        const once = hashOf(collect(options).frames);
        expect(hashOf(collect(options).frames)).toBe(once);
        expect(hashOf(collect({ ...options, seed: options.seed ^ 1 }).frames)).not.toBe(once);
      }),
      { numRuns: 12 },
    );
  });

  it('makes exactly as many frames as asked, in time order, each valid to the decoder and by its checksums', () => {
    const decoder = new Decoder();
    const columns = allocateColumns();
    fc.assert(
      fc.property(anyOptions, (options) => {
        const { frames, result } = collect(options);
        expect(frames.length).toBe(options.packets);
        expect(result.bytes).toBe(frames.reduce((sum, { bytes }) => sum + bytes.length, 0));
        clearColumns(columns, 1);
        let before = 0;
        frames.forEach(({ bytes, timeUs }, row) => {
          expect(timeUs).toBeGreaterThanOrEqual(before);
          before = timeUs;
          if (options.profile === 'small64') expect(bytes.length).toBe(64);
          decoder.decode(columns, row, bytes, 0, bytes.length, bytes.length, timeUs, 0, 1);
          expect(columns.quality[row]).toBe(0);
          if ((columns.layers[row]! & LAYER.ip) !== 0) expect(checksumsOf(bytes).every((sum) => sum === 0)).toBe(true);
        });
      }),
      { numRuns: 12 },
    );
  });

  it('has the mix of sizes, protocols and flows it promises', () => {
    const packets = 150_000;
    const seen = { bytes: 0, ipv6: 0, tcp: 0, udp: 0, arp: 0, icmp: 0 };
    const result = generateFrames(
      { packets, seed: 3 },
      {
        frame: (bytes, _offset, length) => {
          const type = bytes[12]! * 256 + bytes[13]!;
          const protocol = type === 0x0800 ? bytes[23]! : type === 0x86dd ? bytes[20]! : 0;
          seen.bytes += length;
          if (type === 0x86dd) seen.ipv6++;
          if (type === 0x0806) seen.arp++;
          if (protocol === 6) seen.tcp++;
          if (protocol === 17) seen.udp++;
          if (protocol === 1 || protocol === 58) seen.icmp++;
        },
      },
    );
    const share = (count: number): number => count / packets;
    expect(seen.bytes / packets).toBeGreaterThan(700);
    expect(seen.bytes / packets).toBeLessThan(930);
    expect(share(seen.ipv6)).toBeGreaterThan(0.02);
    expect(share(seen.ipv6)).toBeLessThan(0.1);
    expect(share(seen.tcp)).toBeGreaterThan(0.7);
    expect(share(seen.udp)).toBeGreaterThan(0.05);
    expect(seen.arp).toBeGreaterThan(0);
    expect(seen.icmp).toBeGreaterThan(0);
    expect(result.conversationsDropped).toBe(0);
    expect(result.attacks.map(({ attackClass }) => attackClass)).toEqual([
      'port_scan',
      'syn_flood',
      'udp_flood',
      'host_sweep',
    ]);
  });

  it('repeats a capture with event time going on, in place or into another file', async () => {
    const path = join(folder, 'once.pcap');
    const writer = new CaptureWriter(path);
    const { frames, result } = write(writer, { packets: 5000, seed: 9 });
    const other = join(folder, 'thrice.pcap');
    expect(repeatCapture(path, other, 3).packets).toBe(15_000);
    repeatCapture(path, path, 3);
    const [inPlace, apart] = await Promise.all([decodeCapture(path), decodeCapture(other)]);
    for (const { packets, fault, batches } of [inPlace, apart]) {
      expect({ packets, fault }).toEqual({ packets: 15_000, fault: undefined });
      const times = batches.flatMap((batch) => Array.from(batch.timeUs.subarray(0, batch.count)));
      const step = passUs(result.firstUs, result.lastUs);
      expect(step % 10_000_000).toBe(0);
      expect(times).toEqual([0, 1, 2].flatMap((pass) => frames.map(({ timeUs }) => timeUs + pass * step)));
    }
  });

  it.skipIf(!TSHARK)('labels exactly the packets that its filters select, and tshark finds no bad checksum', () => {
    const path = join(folder, 'labelled.pcap');
    const { result } = write(new CaptureWriter(path), { packets: 30_000, seed: 5 });
    const counts = selectedByTshark(path, [...result.attacks.map(({ filter }) => filter), BAD_CHECKSUM]);
    expect(counts).toEqual([...result.attacks.map(({ attackPackets }) => attackPackets), 0]);
    expect(Math.min(...counts.slice(0, -1))).toBeGreaterThan(100);
  });
});

function write(writer: CaptureWriter, options: GeneratorOptions): { frames: Frame[]; result: GeneratorResult } {
  const collected = collect(options);
  for (const { bytes, timeUs } of collected.frames) writer.frame(bytes, 0, bytes.length, bytes.length, timeUs);
  writer.close();
  return collected;
}

describe('an ordinary day', () => {
  const MINUTE_US = 60e6;
  const night = Date.UTC(2026, 0, 5, 1) * 1000;
  const afternoon = Date.UTC(2026, 0, 5, 13) * 1000;

  /** Frames of one hour, and in how many of its minutes the monitor opens SSH to the site's server. */
  function hourFrom(startUs: number): { packets: number; lastUs: number; polledMinutes: number } {
    const polled = new Set<number>();
    const { packets, lastUs } = generateFrames(
      { packets: Infinity, hours: 1, seed: 5, startUs, benignOnly: true },
      {
        frame: (bytes, _offset, _length, _wireLength, timeUs) => {
          const view = new DataView(bytes.buffer, bytes.byteOffset);
          const isSyn = view.getUint16(12) === 0x0800 && bytes[23] === 6 && bytes[47] === 0x02;
          if (!isSyn || view.getUint32(26) !== ipv4Of(MONITOR) || view.getUint32(30) !== ipv4Of(SERVER.ssh)) return;
          polled.add(Math.round((timeUs - startUs) / MINUTE_US));
        },
      },
    );
    return { packets, lastUs, polledMinutes: polled.size };
  }

  it('is as long as was asked for, quieter at night than in the afternoon, with polls every minute', () => {
    const quiet = hourFrom(night);
    const busy = hourFrom(afternoon);
    for (const [hour, startUs] of [
      [quiet, night],
      [busy, afternoon],
    ] as const) {
      expect((hour.lastUs - startUs) / MINUTE_US).toBeCloseTo(60, 0);
      // Some go over IPv6.
      expect(hour.polledMinutes).toBeGreaterThan(45);
    }
    expect(busy.packets).toBeGreaterThan(2 * quiet.packets);
  });

  it('has no attacks', () => {
    expect(() => collect({ packets: 10, hours: 1, seed: 1 })).toThrow('benign');
  });
});
