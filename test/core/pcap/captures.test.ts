import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sniffCapture } from '@tapline/core/pcap/sniff';
import { CAPTURES, captureIndex } from '../../helpers/captures.ts';
import { TSHARK } from '../../helpers/tshark.ts';
import { countFrames, secondsText } from '../../helpers/count-frames.ts';

const root = CAPTURES ?? '';
const read = (path: string): Uint8Array => readFileSync(join(root, path));

/** Every shared file that is a capture by its first bytes (the rest are expected outputs, logs and flow tables). */
const captures = captureIndex('MANIFEST')
  .map((row) => row['path']!)
  .filter((path) => ['pcap', 'pcapng'].includes(sniffCapture(read(path).subarray(0, 4))));

const BAD_FRACTION = 'fractions of a second beyond one second: carried over here, printed as they are by capinfos';
const TIME_ZERO = 'a packet at 1970-01-01 counts as a packet with a time here, not in capinfos';

/** Where capinfos is not followed, on purpose, with the reason; `times` only when the counts still have to agree. */
const DIFFERENT: Record<string, { what: 'times' | 'all'; why: string }> = {
  'seladb 4683685084594176': { what: 'all', why: 'version 2.8224: refused, as libpcap does' },
  'seladb 5766899836387328': { what: 'all', why: 'capinfos takes the zero packet for one of a modified format' },
  'seladb crash-exception-cast-constructed-record': {
    what: 'all',
    why: 'capinfos stops one packet earlier than libpcap',
  },
  'seladb igmplayer': { what: 'all', why: 'capinfos guesses another record layout; libpcap reads it as here' },
  'tcpdump atm-oam-heapoverflow.pcap': { what: 'all', why: 'capinfos does not count the 4-byte ATM pseudo-header' },
  'seladb 5468403752632320': { what: 'times', why: BAD_FRACTION },
  'seladb 5487001111429120': { what: 'times', why: BAD_FRACTION },
  'seladb 5654053026791424': { what: 'times', why: BAD_FRACTION },
  'seladb 5700358767902720': { what: 'times', why: BAD_FRACTION },
  'seladb 6223613626941440': { what: 'times', why: BAD_FRACTION },
  'tcpdump timestamp_invalid_nano.pcap': { what: 'times', why: BAD_FRACTION },
  'tcpdump bgp_vpn_rt-oobr.pcap': { what: 'times', why: TIME_ZERO },
  'tcpdump olsr-oobr-2.pcap': { what: 'times', why: TIME_ZERO },
};

describe.skipIf(CAPTURES === undefined)('the shared captures', () => {
  it.each(captureIndex('GOLDEN').map((row) => [row['path']!, row] as const))(
    '%s reads as GOLDEN.tsv says',
    (path, row) => {
      const count = countFrames(read(path));
      expect(count.fault).toBeUndefined();
      expect([count.packets, count.wireBytes, count.capturedBytes].map(String)).toEqual([
        row['packets'],
        row['bytes_on_wire'],
        row['bytes_captured'],
      ]);
      expect([secondsText(count.minTimeUs), secondsText(count.maxTimeUs)]).toEqual([row['first_ts'], row['last_ts']]);
    },
  );

  it.skipIf(!TSHARK)('agree with capinfos in packets, bytes and times, but for the listed reasons', () => {
    const columns = ['-T', '-M', '-r', '-S', '-c', '-d', '-a', '-e', '-K'];
    const { stdout } = spawnSync('capinfos', [...columns, ...captures], {
      cwd: root,
      encoding: 'utf8',
      maxBuffer: 1e8,
    });
    // No line comes for what capinfos refuses; those files are in test/e2e/malformed.test.ts.
    const lines = stdout.trimEnd().split('\n');
    expect(lines.length).toBeGreaterThan(600);
    const unexpected: string[] = [];
    const unused = new Set(Object.keys(DIFFERENT));
    for (const line of lines) {
      const [path, packets, bytes, first, last] = line.split('\t') as [string, string, string, string, string];
      const count = countFrames(read(path));
      const counts = `${count.packets} ${count.wireBytes}` === `${packets} ${bytes}`;
      const cut = (time: string): string => time.replace(/(\.\d{6})\d*$/, '$1');
      // Simple packet blocks have no time, and one makes capinfos give none for the whole file.
      const times =
        first === 'n/a' || (secondsText(count.minTimeUs) === cut(first) && secondsText(count.maxTimeUs) === cut(last));
      if (counts && times) continue;
      const name = Object.keys(DIFFERENT).find((key) => key.split(' ').every((part) => path.includes(part))) ?? '';
      unused.delete(name);
      if (DIFFERENT[name]?.what === 'all' || (counts && DIFFERENT[name]?.what === 'times')) continue;
      unexpected.push(`${line} | ${count.packets} ${count.wireBytes} ${count.fault?.message ?? ''}`);
    }
    expect(unexpected).toEqual([]);
    expect([...unused]).toEqual([]);
  });
});
