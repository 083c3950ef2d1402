/** What a saved report holds within its limits, and what it says it does not. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { PacketPage } from '@tapline/core/report/snapshot';
import { noCodec } from '@tapline/core/wire/no-codec';
import { createReport } from '@tapline/functions/stages/report';
import { collect, type Collected } from '@tapline/report/save/collect';
import { DEFAULT_STATE } from '@tapline/report/state/url-state';
import { makeReportData } from '../fixtures/report-data.ts';

let get: (address: string) => Promise<unknown>;

beforeAll(async () => {
  const data = await makeReportData();
  const api = createReport({ results: data.results, packets: data.batches, ledger: data.ledger, codecs: [noCodec] });
  const known = new Map<string, Promise<unknown>>();
  get = (address) => {
    const answer = known.get(address) ?? ask(address);
    known.set(address, answer);
    return answer;
  };
  const ask = async (address: string): Promise<unknown> => {
    const url = new URL(address, 'http://report.test/api/v1/');
    const { status, body } = await api({
      ...{ method: 'GET', path: url.pathname, query: url.searchParams, ifNoneMatch: null },
    });
    if (status !== 200) throw new Error(body);
    return JSON.parse(body) as unknown;
  };
});

const collected = (sizeMost: number, requestsMost = 1e6): Promise<Collected> =>
  collect(get, DEFAULT_STATE, { sizeMost, requestsMost });

// Of every host of a flood, which the store in memory looks through one by one.
describe('what is collected for a saved report', { timeout: 120_000 }, () => {
  test('without a limit is every packet of every alert, with every host and window', async () => {
    const { answers, counts, leftOut } = await collected(1e9);
    const pages = Object.entries(answers).filter(([address]) => /^alerts\/[^/]*\/packets/u.test(address));
    expect(pages.filter(([, page]) => (page as PacketPage).next === null)).toHaveLength(counts.alerts);
    expect(counts.packets).toBe(pages.reduce((sum, [, page]) => sum + (page as PacketPage).packets.length, 0));
    expect(counts.packets).toBeGreaterThan(10_000);
    expect([counts.windows, counts.hosts > 3]).toEqual([36, true]);
    expect(leftOut.some((text) => /beyond|^\d/u.test(text.replace(/^1 answers/u, '')))).toBe(false);
  });

  test('within a size keeps what matters most and names what is left out', async () => {
    const { answers, counts, leftOut } = await collected(1.5e6);
    expect(JSON.stringify(answers).length).toBeLessThan(3e6);
    expect(counts.alerts).toBeGreaterThan(3);
    expect(leftOut.join('\n')).toMatch(/packets of alert syn-flood\S* beyond the first \d+00/u);
    expect(leftOut.join('\n')).toMatch(/what went beyond 2 MB/u);
  });

  test('asks no more often than it may', async () => {
    let asked = 0;
    const counting = (address: string): Promise<unknown> => {
      asked++;
      return get(address);
    };
    const { leftOut } = await collect(counting, DEFAULT_STATE, { sizeMost: 1e9, requestsMost: 40 });
    expect(asked).toBe(41);
    expect(leftOut.join('\n')).toMatch(/\d+ hosts?\n\d+ windows?/u);
  });
});
