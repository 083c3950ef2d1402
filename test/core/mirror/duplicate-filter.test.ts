/** Copies of packets: what a hop changes makes no other packet of it, and what came again is not the same one. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Decoder } from '@tapline/core/decode/decoder';
import { DuplicateFilter } from '@tapline/core/mirror/duplicate-filter';
import { allocateColumns, clearColumns } from '@tapline/core/packet/columns';
import { CaptureReader } from '@tapline/core/pcap/capture-reader';
import { beforeAll, describe, expect, it } from 'vitest';
import { CAPTURES, captureIndex } from '../../helpers/captures.ts';
import { hex } from '../../helpers/decode.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { TSHARK } from '../../helpers/tshark.ts';

const run = promisify(execFile);
const columns = allocateColumns();
const decoder = new Decoder();

function filtering(): { filter: DuplicateFilter; isCopy: (frame: Uint8Array, timeUs: number) => boolean } {
  const filter = new DuplicateFilter();
  const isCopy = (frame: Uint8Array, timeUs: number): boolean => {
    clearColumns(columns, 1);
    decoder.decode(columns, 0, frame, 0, frame.length, frame.length, timeUs, 0, 1);
    return filter.isDuplicate(columns, 0, frame, 0, frame.length);
  };
  return { filter, isCopy };
}

/** TCP with 12 bytes of options and 4 of payload. */
function frame({ tag = '', ttl = '40', checksum = '0000', id = '1234', sack = '00000001', payload = '61626364' } = {}) {
  return hex(
    `020000000002020000000001${tag}0800 45000038${id}4000${ttl}06${checksum}0a0000010a000002` +
      `c0de0050000000010000000280180200beef0000 0101050a${sack}00000009 ${payload}`,
  );
}

describe('the filter of duplicate packets', () => {
  it('takes a copy with another VLAN tag, time to live and MAC address for what it is', () => {
    const { isCopy } = filtering();
    const routed = frame({ tag: '8100012c', ttl: '3f', checksum: '1111' });
    routed.set([4, 4, 4, 4, 4, 4], 0);
    expect([isCopy(frame(), 1000), isCopy(routed, 1400), isCopy(frame(), 1900)]).toEqual([false, true, true]);
  });

  it('takes a packet with another identification, option or payload, or one that comes later, for another', () => {
    const { isCopy } = filtering();
    const others = [frame(), frame({ id: '1235' }), frame({ sack: '00000002' }), frame({ payload: '61626365' })];
    expect(others.map((one) => isCopy(one, 1000))).toEqual([false, false, false, false]);
    expect(isCopy(frame(), 1501)).toBe(false);
  });

  it('compares frames of unknown protocols byte by byte', () => {
    const { isCopy } = filtering();
    const unknown = hex('0200000000020200000000019999 0102030405060708090a0b0c0d0e0f10');
    const other = Uint8Array.from(unknown).fill(9, 15, 16);
    expect([isCopy(unknown, 0), isCopy(other, 1), isCopy(unknown, 2)]).toEqual([false, false, true]);
  });
});

/** Captures where editcap, which compares whole frames, finds another number of copies: ours, then its. */
const BEYOND_EDITCAP: Record<string, readonly [ours: number, editcaps: number]> = {
  // Both sides of a router: the same identification under another MAC address, VLAN and time to live.
  'arkime+arkime/tests/pcap/http-post-upload.pcap': [17, 0],
  'arkime+arkime/tests/pcap/mongo.pcap': [7, 0],
  // Two resets of one connection 285 µs apart, which have no identification: nothing tells them from copies.
  'arkime+arkime/tests/pcap/aerospike.pcap': [1, 0],
  // Two switches mirror the same packets, each in a tunnel of its own.
  'the-tcpdump-group+tcpdump/tests/erspan-type-ii-2.pcap': [8, 0],
  // Keepalives of a tunnel: the same packet inside it and, on its way back, outside.
  'the-tcpdump-group+tcpdump/tests/various_gre.pcap': [8, 0],
  // Captures that a fuzzer has damaged: times that run backwards, frames of a quarter megabyte that differ in the middle.
  'hadrielk+pcapng-test-generator/output_le/difficult/test202.pcapng': [1, 0],
  'the-tcpdump-group+tcpdump/tests/bgp_vpn_rt-oobr.pcap': [29, 33],
  'the-tcpdump-group+tcpdump/tests/kday4.pcap': [3, 0],
  'the-tcpdump-group+tcpdump/tests/kday7.pcap': [3, 0],
  'the-tcpdump-group+tcpdump/tests/l2tp-avp-overflow.pcap': [8, 1],
  'the-tcpdump-group+tcpdump/tests/vrrp-vrrp_print-oobr-2.pcap': [1, 0],
};

describe.runIf(CAPTURES !== undefined && TSHARK)('the filter beside editcap', () => {
  const found: Record<string, readonly [number, number]> = {};
  let [captures, packets] = [0, 0];
  beforeAll(async () => {
    const output = join(temporaryFolder(), 'left.pcapng');
    for (const { path } of captureIndex('MANIFEST').filter((row) => /\.pcap(ng)?$/.test(row['path']!))) {
      const file = join(CAPTURES!, path!);
      const ours = countCopies(file);
      const left = await run('editcap', ['-w', '0.0005', file, output]).then(
        () => countCopies(output).packets,
        () => undefined,
      );
      if (ours.fault || left === undefined) continue;
      captures += 1;
      packets += ours.packets;
      if (ours.copies !== ours.packets - left) found[path!] = [ours.copies, ours.packets - left];
    }
  }, 120_000);

  it('finds what editcap finds, and besides it copies that a hop has changed', () => {
    expect(captures).toBeGreaterThan(500);
    expect(packets).toBeGreaterThan(50_000);

    expect(found).toEqual(BEYOND_EDITCAP);
  });
});

function countCopies(path: string): { packets: number; copies: number; fault: boolean } {
  const { filter } = filtering();
  let [packets, copies] = [0, 0];
  const reader = new CaptureReader({
    frame: (bytes, offset, capturedLength, wireLength, timeUs, timeNs, linkType) => {
      clearColumns(columns, 1);
      decoder.decode(columns, 0, bytes, offset, capturedLength, wireLength, timeUs, timeNs, linkType);
      packets += 1;
      if (filter.isDuplicate(columns, 0, bytes, offset, capturedLength)) copies += 1;
    },
  });
  try {
    reader.feed(readFileSync(path));
    reader.end();
    return { packets, copies, fault: false };
  } catch {
    return { packets, copies, fault: true };
  }
}
