import { describe, expect, it } from 'vitest';
import type { BridgeStats } from '@tapline/capture-agent/bridge/bridge';
import { bridgeJson, bridgeProgress, bridgeText, topicLags } from '@tapline/embedded/cli/bridge-output';

const stats: BridgeStats = {
  records: 3_000,
  bytes: 4_194_304,
  batches: 2_990,
  rawBlocks: 2,
  heartbeats: 8,
  receipts: 6,
  deadLetters: 0,
  publishedBytes: 4_200_000,
  heldBytes: 65_536,
  partitions: 3,
};
const position = (topic: string, partition: number, committed: number, end: number) => ({
  topic,
  partition,
  committed,
  end,
});
const lags = topicLags([
  position('a-pcap', 0, 10, 12),
  position('b-pcap', 0, 0, 1_500),
  position('b-pcap', 1, 5, 5),
  position('c-heartbeat', 0, 9, 4),
]);

describe('what the bridge says', () => {
  it('is how far the group is behind, by topic, the worst first, and never less than nothing', () => {
    expect(lags).toEqual([
      { topic: 'b-pcap', lag: 1_500 },
      { topic: 'a-pcap', lag: 2 },
      { topic: 'c-heartbeat', lag: 0 },
    ]);
  });

  it('while it runs: rates since the last line, the lag and where it is, what is in flight', () => {
    const before = { ...stats, records: 1_000, bytes: 2_097_152 };
    const line = bridgeProgress(stats, before, 2, lags);
    expect(line).toMatch(
      /^1,000 records\/s {2}1.00 MiB\/s {2}lag 1,502 \(b-pcap 1,500\) {2}64.0 KiB in flight {2}3 partitions {2}\S+ MiB memory$/,
    );
    expect(bridgeProgress({ ...stats, deadLetters: 4 }, before, 2, [])).toContain('lag 0  64.0 KiB in flight');
    expect(bridgeProgress({ ...stats, deadLetters: 4 }, before, 2, [])).toContain('  4 dead letters  ');
    expect(bridgeProgress(stats, before, 2, undefined)).toContain('lag unknown');
  });

  it('at the end: the same for people and for programs', () => {
    expect(bridgeText({ stats, elapsedMs: 2_000, lags })).toBe(
      '3,000 records, 4.00 MiB in 2 s\n' +
        'published 2,990 batches, 2 raw blocks, 8 heartbeats, 6 receipts, 0 dead letters: 4.01 MiB\n' +
        'lag       1,502\n  b-pcap  1,500\n  a-pcap  2\n',
    );
    expect(bridgeText({ stats, elapsedMs: 1, lags: undefined })).toContain('lag       unknown');
    expect(bridgeJson({ stats, elapsedMs: 2_000.4, lags })).toMatchObject({
      records: 3_000,
      lag: 1_502,
      elapsedMs: 2_000,
    });
    expect(bridgeJson({ stats, elapsedMs: 1, lags: undefined })).toMatchObject({ lag: null, topics: [] });
  });
});
