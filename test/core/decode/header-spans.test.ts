/** Which bytes are which header, as tshark's own dissection lays them out. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { headerSpans } from '@tapline/core/decode/header-spans';
import { CaptureReader } from '@tapline/core/pcap/capture-reader';
import { bundledCapture } from '../../helpers/bundled-capture.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { TSHARK } from '../../helpers/tshark.ts';

const FRAMES = 3000;
/** Names of tshark for headers that it and Tapline both take for one. */
const SHARED: Readonly<Record<string, string>> = {
  eth: 'Ethernet',
  ip: 'IPv4',
  ipv6: 'IPv6',
  tcp: 'TCP',
  udp: 'UDP',
  arp: 'ARP',
};

const framesOf = (capture: Uint8Array): { bytes: Uint8Array; wire: number; linkType: number }[] => {
  const frames: { bytes: Uint8Array; wire: number; linkType: number }[] = [];
  const reader = new CaptureReader({
    frame: (bytes, offset, captured, wire, _us, _ns, linkType) => {
      if (frames.length < FRAMES) frames.push({ bytes: bytes.slice(offset, offset + captured), wire, linkType });
    },
  });
  reader.feed(capture);
  return frames;
};

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(/\s/gu, ''), 'hex'));

describe('the spans of headers', () => {
  it.runIf(TSHARK)('are those of tshark, frame by frame', () => {
    const capture = bundledCapture();
    const path = join(temporaryFolder(), 'office.pcap');
    writeFileSync(path, capture);
    const pdml = execFileSync('tshark', ['-r', path, '-c', String(FRAMES), '-T', 'pdml', '-o', 'ip.defragment:FALSE'], {
      encoding: 'utf8',
      maxBuffer: 2 ** 30,
    });
    const dissected = pdml.split('<packet>').slice(1);
    const frames = framesOf(capture);
    expect(dissected).toHaveLength(FRAMES);
    let compared = 0;
    for (const [index, { bytes, wire, linkType }] of frames.entries()) {
      const spans = headerSpans(bytes, wire, linkType);
      for (const [, name, size, pos] of dissected[index]!.matchAll(
        /<proto name="(\w+)"[^>]*? size="(\d+)" pos="(\d+)"/gu,
      )) {
        const ours = SHARED[name!];
        // Quoted inside an ICMP error there are headers that are not the packet's own.
        if (ours === undefined || spans.some((span) => span.name.startsWith('ICMP'))) continue;
        const span = spans.find((one) => one.name === ours);
        expect([span?.fromAt, span && span.toAt - span.fromAt], `frame ${index + 1} ${name!}`).toEqual([
          Number(pos),
          Number(size),
        ]);
        compared++;
      }
      expect(spans.at(-1)!.toAt, `frame ${index + 1}`).toBe(bytes.length);
    }
    expect(compared).toBeGreaterThan(2 * FRAMES);
  });

  it('tell padding behind a packet from its payload', () => {
    const frame = hex(`ffffffffffff 020000000001 0800 4500001e00010000401100000a0000010a000002
      0035 1000 000a 0000 abcd ${'00'.repeat(16)}`);
    expect(headerSpans(frame, frame.length, 1)).toEqual([
      { name: 'Ethernet', fromAt: 0, toAt: 14 },
      { name: 'IPv4', fromAt: 14, toAt: 34 },
      { name: 'UDP', fromAt: 34, toAt: 42 },
      { name: 'payload', fromAt: 42, toAt: 44 },
      { name: 'trailer', fromAt: 44, toAt: 60 },
    ]);
  });

  it('follow a packet into its tunnel', () => {
    const inner = 'ffffffffffff 020000000001 0806 0001080006040001 020000000001 0a000001 000000000000 0a000002';
    const vxlan = `0800000000000100 ${inner}`;
    const frame = hex(`ffffffffffff 020000000001 8100 0005 0800 4500004e00010000401100000a0000010a000002
      1000 12b5 003a 0000 ${vxlan}`);
    expect(headerSpans(frame, frame.length, 1).map(({ name, fromAt }) => [name, fromAt])).toEqual([
      ['Ethernet', 0],
      ['VLAN tag', 14],
      ['IPv4', 18],
      ['UDP', 38],
      ['VXLAN', 46],
      ['Ethernet', 54],
      ['ARP', 68],
    ]);
  });

  it('never reach beyond the frame and never overlap, whatever is cut', () => {
    for (const { bytes, wire, linkType } of framesOf(bundledCapture()).slice(0, 200)) {
      for (const length of [0, 1, 13, 14, 20, 33, 34, 40, 53]) {
        let at = 0;
        for (const { fromAt, toAt } of headerSpans(bytes.subarray(0, length), wire, linkType)) {
          expect(fromAt).toBeGreaterThanOrEqual(at);
          expect(toAt).toBeGreaterThan(fromAt);
          at = toAt;
        }
        expect(at).toBeLessThanOrEqual(length);
      }
    }
  });
});
