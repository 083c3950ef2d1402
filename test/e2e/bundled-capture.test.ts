/** The capture that `npm start` replays: whole, varied, small enough to ship, and truly labelled. */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { LAYER, QUALITY_MALFORMED } from '@tapline/core/packet/columns';
import { decodeCapture, type DecodedCapture } from '../helpers/decode.ts';
import { displayFilter, type RowTest } from '@tapline/core/eval/display-filter';
import { temporaryFolder } from '../helpers/temporary-folder.ts';
import { TSHARK } from '../helpers/tshark.ts';
import { BAD_CHECKSUM, selectedByTshark } from '../helpers/tshark-counts.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const CAPTURE = join(ROOT, 'captures/office-under-attack.pcap.zst');
const LABELS = join(ROOT, 'captures/office-under-attack.labels.tsv');
const MEBIBYTE = 1024 * 1024;
/** The rewritten sources of the SYN flood: an updated checksum can come out as 0xffff for 0 (RFC 1624), which tshark calls bad. */
const FORGED = 'ip.src==198.18.0.0/16';
const folder = temporaryFolder();

const [head, ...rows] = readFileSync(LABELS, 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => line.split('\t'));
const labels = rows.map((row) => Object.fromEntries(head!.map((name, index) => [name, row[index]!])));

/** What the decoded columns say about the packets a filter selects, in the columns of the label table. */
function measure({ batches }: DecodedCapture, filter: RowTest): Record<string, string> {
  const start = batches[0]!.timeUs[0]!;
  const times: number[] = [];
  for (const batch of batches) {
    for (let row = 0; row < batch.count; row++) if (filter(batch, row)) times.push(batch.timeUs[row]!);
  }
  const windows = (seconds: number): string => `${new Set(times.map((time) => Math.floor(time / 1e6 / seconds))).size}`;
  const since = (timeUs: number): string => ((timeUs - start) / 1e6).toFixed(2);
  return {
    attack_packets: `${times.length}`,
    from_s: since(times[0]!),
    to_s: since(times.at(-1)!),
    attack_windows_10s: windows(10),
    attack_windows_1s: windows(1),
  };
}

describe('the bundled capture', () => {
  let capture: DecodedCapture;
  beforeAll(async () => {
    capture = await decodeCapture(CAPTURE);
  });

  it('is small enough to ship, decodes to its end, and holds what an office network carries', () => {
    expect(statSync(CAPTURE).size).toBeLessThan(8 * MEBIBYTE);
    expect(capture.fault).toBeUndefined();
    expect(capture.packets).toBeGreaterThan(50_000);
    const seen = new Map<string, number>();
    let malformed = 0;
    for (const batch of capture.batches) {
      for (let row = 0; row < batch.count; row++) {
        for (const [name, bit] of Object.entries(LAYER)) {
          if ((batch.layers[row]! & bit) !== 0) seen.set(name, (seen.get(name) ?? 0) + 1);
        }
        if ((batch.quality[row]! & QUALITY_MALFORMED) !== 0) malformed++;
      }
    }
    for (const name of ['arp', 'ipv4', 'ipv6', 'tcp', 'udp', 'icmp', 'icmpv6', 'fragment']) {
      expect(seen.get(name) ?? 0, name).toBeGreaterThan(100);
    }
    expect(malformed).toBe(0);
  });

  it('has its first attack in the first half minute and one label per attack, whose packets the decoder finds', () => {
    expect(Number(labels[0]!['from_s'])).toBeLessThan(30);
    const classes = new Set(labels.map((label) => label['class']));
    expect([...classes].sort()).toEqual(
      ['arp_sweep', 'brute_force', 'host_sweep', 'port_scan', 'slow_http', 'syn_flood', 'udp_flood'].sort(),
    );
    for (const label of labels) {
      const found = measure(capture, displayFilter(label['attack_packets_display_filter']!));
      const { from_s, to_s, ...exact } = found;
      expect(label, label['class']).toMatchObject(exact);
      expect(Math.abs(Number(from_s) - Number(label['from_s']))).toBeLessThan(0.02);
      expect(Math.abs(Number(to_s) - Number(label['to_s']))).toBeLessThan(0.02);
    }
  });

  it('is strong enough where a rule has a floor: the floods, the scans and the password attempts', () => {
    const label = (attack: string): Record<string, string> => labels.find((row) => row['class'] === attack)!;
    const rate = (attack: string): number =>
      Number(label(attack)['attack_packets']) / (Number(label(attack)['to_s']) - Number(label(attack)['from_s']));
    expect(rate('syn_flood')).toBeGreaterThan(200);
    expect(rate('udp_flood')).toBeGreaterThan(600);
    expect(Number(label('port_scan')['attack_packets'])).toBeGreaterThan(900);
    expect(Number(label('host_sweep')['attack_packets'])).toBeGreaterThanOrEqual(512);
    expect(Number(label('slow_http')['to_s']) - Number(label('slow_http')['from_s'])).toBeGreaterThan(60);
    const attempts = displayFilter('ip.src==203.0.113.67 && tcp.dstport==22');
    let connections = 0;
    for (const batch of capture.batches) {
      for (let row = 0; row < batch.count; row++)
        if (attempts(batch, row) && batch.tcpFlags[row] === 0x02) connections++;
    }
    expect(connections).toBeGreaterThanOrEqual(25);
  });

  it.skipIf(!TSHARK)('has the attack packets that tshark selects by the labels, and no wrong checksum', () => {
    const path = join(folder, 'bundled.pcap');
    writeFileSync(path, zstdDecompressSync(readFileSync(CAPTURE)));
    const filters = labels.map((label) => label['attack_packets_display_filter']!);
    const counts = selectedByTshark(path, [...filters, `!(${FORGED}) && (${BAD_CHECKSUM})`]);
    expect(counts).toEqual([...labels.map((label) => Number(label['attack_packets'])), 0]);
  });
});
