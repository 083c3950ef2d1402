import { describe, expect, it } from 'vitest';
import { sniffCapture } from '@tapline/core/pcap/sniff';

const of = (hex: string): string => sniffCapture(Buffer.from(hex.replaceAll(' ', ''), 'hex'));

describe('sniffCapture', () => {
  it.each([
    ['d4 c3 b2 a1', 'pcap'],
    ['a1 b2 c3 d4', 'pcap'],
    ['4d 3c b2 a1', 'pcap'],
    ['a1 b2 3c 4d', 'pcap'],
    ['34 cd b2 a1', 'pcap'],
    ['a1 b2 cd 34', 'pcap'],
    ['0a 0d 0d 0a', 'pcapng'],
    ['1f 8b 08 00', 'gzip'],
    ['1f 8b 08', 'gzip'],
    ['28 b5 2f fd', 'zstd'],
    ['50 2a 4d 18', 'zstd'],
    ['5f 2a 4d 18', 'zstd'],
    ['60 2a 4d 18', 'unknown'],
    ['1f 8b 00 00', 'unknown'],
    ['a1 b2 c3 d5', 'unknown'],
    ['d4 c3 b2', 'unknown'],
    ['', 'unknown'],
  ])('%s is %s', (hex, kind) => {
    expect(of(hex)).toBe(kind);
  });
});
