/** What `tapline bridge` says: a line of progress, and the result for people and for programs. */
import type { BridgeStats } from '@tapline/capture-agent/bridge/bridge';
import type { PartitionPosition } from '@tapline/core/record-log';
import { formatBytes, formatCount, formatSeconds } from './format.ts';
import { ownUse } from './process-use.ts';

/** Records of a topic that the group has not committed. */
export interface TopicLag {
  readonly topic: string;
  readonly lag: number;
}

/** By topic, the largest first. */
export function topicLags(positions: readonly PartitionPosition[]): TopicLag[] {
  const lags = new Map<string, number>();
  for (const { topic, committed, end } of positions) {
    lags.set(topic, (lags.get(topic) ?? 0) + Math.max(0, end - committed));
  }
  return [...lags]
    .map(([topic, lag]) => ({ topic, lag }))
    .sort((a, b) => b.lag - a.lag || (a.topic < b.topic ? -1 : 1));
}

export const totalLag = (lags: readonly TopicLag[]): number => lags.reduce((sum, { lag }) => sum + lag, 0);

/**
 * @param before stats at the last line, `seconds` ago
 * @param lags undefined while the brokers do not say
 */
export function bridgeProgress(
  now: BridgeStats,
  before: BridgeStats,
  seconds: number,
  lags: readonly TopicLag[] | undefined,
): string {
  const rate = (value: number): number => (seconds > 0 ? value / seconds : 0);
  const worst = lags?.[0];
  const lag =
    worst === undefined || worst.lag === 0
      ? `lag ${lags === undefined ? 'unknown' : '0'}`
      : `lag ${formatCount(totalLag(lags!))} (${worst.topic} ${formatCount(worst.lag)})`;
  return [
    `${formatCount(rate(now.records - before.records))} records/s`,
    `${formatBytes(rate(now.bytes - before.bytes))}/s`,
    lag,
    `${formatBytes(now.heldBytes)} in flight`,
    `${now.partitions} partitions`,
    ...(now.deadLetters > 0 ? [`${formatCount(now.deadLetters)} dead letters`] : []),
    `${formatBytes(process.memoryUsage.rss())} memory`,
  ].join('  ');
}

export interface BridgeRun {
  readonly stats: BridgeStats;
  readonly elapsedMs: number;
  readonly lags: readonly TopicLag[] | undefined;
}

/** The object of `--json`; scripts read it, so fields are only ever added. */
export function bridgeJson({ stats, elapsedMs, lags }: BridgeRun): object {
  const { records, bytes, batches, rawBlocks, heartbeats, receipts, deadLetters, publishedBytes } = stats;
  return {
    records,
    bytes,
    batches,
    rawBlocks,
    heartbeats,
    receipts,
    deadLetters,
    publishedBytes,
    lag: lags === undefined ? null : totalLag(lags),
    topics: lags ?? [],
    elapsedMs: Math.round(elapsedMs),
    ...ownUse(),
  };
}

export function bridgeText({ stats, elapsedMs, lags }: BridgeRun): string {
  const behind = (lags ?? []).filter(({ lag }) => lag > 0);
  const lines = [
    `${formatCount(stats.records)} records, ${formatBytes(stats.bytes)} in ${formatSeconds(elapsedMs / 1000)}`,
    `published ${formatCount(stats.batches)} batches, ${formatCount(stats.rawBlocks)} raw blocks, ` +
      `${formatCount(stats.heartbeats)} heartbeats, ${formatCount(stats.receipts)} receipts, ` +
      `${formatCount(stats.deadLetters)} dead letters: ${formatBytes(stats.publishedBytes)}`,
    lags === undefined ? 'lag       unknown: the brokers do not answer' : `lag       ${formatCount(totalLag(lags))}`,
    ...behind.map(({ topic, lag }) => `  ${topic}  ${formatCount(lag)}`),
  ];
  return `${lines.join('\n')}\n`;
}
