/** The score of the history below the traffic, in real Chromium: while it learns, and once it judges. */
import { createRequire } from 'node:module';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { ScoreRow } from '@tapline/core/history/score-row';
import { noCodec } from '@tapline/core/wire/no-codec';
import { createReport, type ReportApi } from '@tapline/functions/stages/report';
import { startServer, type RunningServer } from '../../embedded/src/server/http-server.ts';
import { buildReport } from '../../report/build.ts';
import { historyScores } from '../fixtures/history-scores.ts';
import { makeReportData } from '../fixtures/report-data.ts';
import { CHROMIUM, launchChromium } from '../helpers/chromium.ts';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const DESK = { width: 1280, height: 900 };
const PHONE = { width: 360, height: 800 };

let browser: Browser;
let server: RunningServer;
let folder: string;
let api: ReportApi;
let page: Page;

const apiOf = async (scores: readonly ScoreRow[]): Promise<ReportApi> => {
  const data = await makeReportData({});
  await data.results.putScores(scores);
  return createReport({ results: data.results, packets: data.batches, ledger: data.ledger, codecs: [noCodec] });
};

const open = async (options: BrowserContextOptions = {}): Promise<void> => {
  const context = await browser.newContext({ viewport: DESK, reducedMotion: 'reduce', ...options });
  page = await context.newPage();
  await page.goto(server.url);
  await page.waitForSelector('.score-strip');
};

const box = async (selector: string): Promise<{ x: number; y: number; width: number; height: number }> =>
  (await page.locator(selector).first().boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 };

const violations = async (): Promise<string[]> => {
  await page.evaluate(await readFile(AXE, 'utf8'));
  const found = await page.evaluate<{ violations: { id: string; nodes: { target: string[] }[] }[] }>(
    'axe.run(document, { resultTypes: ["violations"] })',
  );
  return found.violations.map(({ id, nodes }) => `${id}: ${nodes[0]!.target.join(' ')}`);
};

describe.skipIf(CHROMIUM === undefined)('the score of the history on the page', () => {
  let learning: ReportApi;
  let judged: ReportApi;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tapline-e2e-'));
    const scores = historyScores();
    [browser, learning, judged] = await Promise.all([
      launchChromium(),
      apiOf(scores.slice(0, 6)),
      apiOf(scores),
      buildReport(folder),
    ]);
    server = await startServer({ port: 0, api: (request) => api(request), staticDir: folder });
  });
  afterAll(async () => {
    await browser.close();
    await server.close();
    await rm(folder, { recursive: true });
  });
  afterEach(() => page.context().close());

  test('is one line while the history learns', async () => {
    api = learning;
    await open();
    expect(await page.locator('.score-text').textContent()).toBe('the history is learning: 2,159 of 2,160 windows');
    expect((await box('.score-line')).height).toBeLessThanOrEqual(30);
    expect(await page.locator('.figure-score').count()).toBe(0);
  });

  test.each([
    ['a desk', DESK],
    ['a phone', PHONE],
  ])('takes from the traffic what it needs on %s, so that nothing below is elsewhere', async (_, viewport) => {
    api = learning;
    await open({ viewport });
    const before = await box('.figure-alerts');
    const axis = await box('.figure-traffic .timeline .axis-x line');
    await page.context().close();
    api = judged;
    await open({ viewport });
    expect((await box('.figure-alerts')).y).toBe(before.y);
    const foot = await box('.figure-score .score-foot');
    expect([foot.x, foot.width]).toEqual([axis.x, axis.width]);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    expect(wide).toBeLessThanOrEqual(0);
  });

  test('says what the pointer and the keys point at, as the traffic does', async () => {
    api = judged;
    await open();
    const said = page.locator('.figure-score .score-said');
    expect(await said.textContent()).toMatch(/^highest 12:05:50: score 5\.6 of 3\.9, an incident/u);
    const foot = await box('.figure-score .score-foot');
    await page.mouse.move(foot.x + (foot.width * 205) / 360, foot.y - 10);
    await expect
      .poll(() => said.textContent())
      .toMatch(/^12:03:20: score 5\.5 of 3\.9, an alarm: failed contacts 8,120 flows where 95 flows is usual/u);
    expect(await page.locator('.cursor').count()).toBe(2);
    await page.locator('.figure-score .timeline-plot').focus();
    await page.keyboard.press('Home');
    await expect.poll(() => said.textContent()).toBe('12:00:00: not judged');
  });

  test('has a table, a CSV and a picture behind it', async () => {
    api = judged;
    await open();
    const figure = page.locator('.figure-score');
    const saved = async (name: RegExp): Promise<string> => {
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        figure.getByRole('button', { name }).click(),
      ]);
      return readFile(await download.path(), 'utf8');
    };
    const text = await saved(/as CSV/u);
    // The header, the judged windows, two bands, and what is after the last line.
    expect(text.split('\r\n')).toHaveLength(1 + 28 + 2 + 1);
    expect(text).toContain('2017-07-07T12:03:20');
    expect(await saved(/as SVG/u)).toContain('stroke-dasharray="4px, 3px"');
    await figure.getByRole('button', { name: /as a table/u }).click();
    expect(await figure.locator('tbody tr').first().textContent()).toContain('learning');
  });

  test.each([
    ['dark', DESK],
    ['light', PHONE],
  ] as const)('has no accessibility violation in %s', async (colorScheme, viewport) => {
    for (const each of [learning, judged]) {
      api = each;
      await open({ colorScheme, viewport });
      expect(await violations()).toEqual([]);
      if (each === learning) await page.context().close();
    }
  });
});
