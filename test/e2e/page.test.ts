/** The report page in real Chromium, over the real API and server: what a reader does, and what must never happen. */
import { createRequire } from 'node:module';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { RunStatus } from '@tapline/core/report/snapshot';
import { noCodec } from '@tapline/core/wire/no-codec';
import { createReport, type ReportApi } from '@tapline/functions/stages/report';
import { startServer, type RunningServer } from '../../embedded/src/server/http-server.ts';
import { buildReport } from '../../report/build.ts';
import { HOSTILE_TEXT, hostileAlert } from '../fixtures/report-alerts.ts';
import { makeReportData, SENSOR, START_US } from '../fixtures/report-data.ts';
import { CHROMIUM, launchChromium } from '../helpers/chromium.ts';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const DESK = { width: 1280, height: 900 };
const PHONE = { width: 360, height: 800 };

/** As Chromium reports it; TypeScript's library does not have it yet. */
interface LayoutShift extends PerformanceEntry {
  readonly value: number;
  readonly sources: readonly { readonly node: Node | null }[];
}

let browser: Browser;
let server: RunningServer;
let folder: string;
/** What the server answers with; a test may put another in its place. */
let api: ReportApi;
let whole: ReportApi;
let half: ReportApi;
let page: Page;
/** Anything a page should not have done: console errors, policy violations, requests to elsewhere. */
let offences: string[];

const apiOf = async (minutes: number): Promise<ReportApi> => {
  const data = await makeReportData({ minutes, extraAlerts: [hostileAlert(SENSOR, START_US)] });
  const run = (): RunStatus => ({
    state: minutes < 6 ? 'running' : 'finished',
    progress: minutes / 6,
    source: 'office.pcap.zst',
    speed: 12,
  });
  return createReport({ results: data.results, packets: data.batches, ledger: data.ledger, codecs: [noCodec], run });
};

const open = async (hash = '', options: BrowserContextOptions = {}): Promise<void> => {
  const context = await browser.newContext({ viewport: DESK, reducedMotion: 'reduce', ...options });
  page = await context.newPage();
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) offences.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => offences.push(`error: ${error.message}`));
  page.on('request', (request) => {
    const { url } = { url: request.url() };
    if (!url.startsWith(server.url) && !url.startsWith('blob:')) offences.push(`request: ${url}`);
  });
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`);
    });
  });
  await page.goto(`${server.url}/${hash}`);
  await page.waitForSelector('.books.balanced');
};

const hashOf = (): URLSearchParams => new URLSearchParams(new URL(page.url()).hash.slice(1));

const box = async (selector: string): Promise<{ x: number; y: number; width: number; height: number }> =>
  (await page.locator(selector).first().boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 };

const violations = async (): Promise<string[]> => {
  // The policy of the page forbids injected script elements, as it should; evaluate goes through the debugger.
  await page.evaluate(await readFile(AXE, 'utf8'));
  const found = await page.evaluate<{
    violations: { id: string; impact: string; nodes: { target: string[]; failureSummary: string }[] }[];
  }>('axe.run(document, { resultTypes: ["violations"] })');
  return found.violations.map(
    ({ id, impact, nodes }) => `${impact} ${id}: ${nodes[0]!.target.join(' ')} ${nodes[0]!.failureSummary}`,
  );
};

describe.skipIf(CHROMIUM === undefined)('the page', () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tapline-e2e-'));
    [browser, whole, half] = await Promise.all([launchChromium(), apiOf(6), apiOf(3), buildReport(folder)]);
    server = await startServer({ port: 0, api: (request) => api(request), staticDir: folder });
  });
  afterAll(async () => {
    await browser.close();
    await server.close();
    await rm(folder, { recursive: true });
  });
  beforeEach(() => {
    offences = [];
    api = whole;
  });
  afterEach(async () => {
    await page.context().close();
    expect(offences).toEqual([]);
  });

  test.each([
    ['a desk', DESK],
    ['a phone', PHONE],
    ['a wall', { width: 3840, height: 2160 }],
  ])('fits %s without scrolling sideways, whatever is open', async (_, viewport) => {
    await open('', { viewport });
    const hashes = [
      '#v=1&alert=syn-flood-1499428980000000',
      `#v=1&window=${START_US}`,
      '#v=1&view=books&tables=traffic.pairs',
      '#v=1&host=172.16.0.1',
      '',
    ];
    for (const hash of hashes) {
      await page.evaluate((next) => (location.hash = next), hash);
      await page.waitForTimeout(200);
      const [wide, inner] = await page.evaluate(() => [
        document.documentElement.scrollWidth,
        document.documentElement.clientWidth,
      ]);
      expect(wide, hash).toBeLessThanOrEqual(inner);
    }
  });

  test('shows the closed books, the alerts and the traffic', async () => {
    await open();
    expect(await page.locator('.books').innerText()).toMatch(
      /0 unexplained\s+Books closed to 12:06:00 UTC · 48,339 packets/u,
    );
    expect(await page.locator('.alert-row').count()).toBe(5);
    expect(await page.locator('.gap-incomplete').count()).toBe(1);
    expect(await page.locator('.run').innerText()).toContain('finished');
  });

  test('brushing zooms, says so in the URL, and back undoes it', async () => {
    await open();
    const { x, y, width, height } = await box('.timeline-plot');
    await page.mouse.move(x + width * 0.4, y + height / 2);
    await page.mouse.down();
    await page.mouse.move(x + width * 0.5, y + height / 2, { steps: 4 });
    await page.mouse.up();
    await page.waitForFunction(() => location.hash.includes('from='));
    const [from, to] = [Number(hashOf().get('from')), Number(hashOf().get('to'))];
    expect(from).toBeGreaterThan(START_US + 120e6);
    expect(to).toBeLessThan(START_US + 190e6);
    expect(from % 1e6).toBe(0);
    await page.waitForFunction(() => document.querySelector('.legend-range')!.textContent.includes('12:02'));
    await page.goBack();
    expect(hashOf().has('from')).toBe(false);
    await page.waitForFunction(() => document.querySelector('.legend-range')!.textContent.startsWith('12:00:00'));
  });

  test('an alert opens with its reasons in numbers and its packets, from the list and from the time line', async () => {
    await open();
    await page.locator('.alert-row', { hasText: 'syn-flood' }).click();
    expect(hashOf().get('alert')).toBe('syn-flood-1499428980000000');
    await page.waitForSelector('.packet-lines tbody tr');
    const why = await page.locator('.panel-alert').innerText();
    for (const text of [
      'half open',
      '14,000 connections',
      'floor 200 connections',
      'usual 3 connections',
      '70×',
      'T1499.001',
    ]) {
      expect(why).toContain(text);
    }
    const first = await page.locator('.packet-lines tbody tr').first().innerText();
    expect(first).toMatch(/12:03:0\d\.\d{9}\s+10\.\d+\.\d+\.\d+:\d+\s+192\.168\.10\.50:80\s+TCP\s+S\s+60/u);
    await page.getByRole('button', { name: 'Next →' }).click();
    await page.waitForFunction(
      (before) => document.querySelector('.packet-lines tbody tr')!.textContent !== before,
      first.replace(/\s+/gu, ''),
    );
    await page.locator('.mark', { hasText: 'udp-flood' }).locator('.mark-hit').click();
    expect(hashOf().get('alert')).toBe('udp-flood-1499429070000000');
    await page.goBack();
    await page.waitForFunction(() => document.querySelector('.panel-alert')!.textContent.includes('syn-flood'));
  });

  test('a click on the time line opens the indicators of that window', async () => {
    await open();
    const { x, y, width, height } = await box('.timeline-plot');
    await page.mouse.click(x + width * 0.58, y + height * 0.7);
    await page.waitForSelector('.kpi');
    expect(hashOf().get('window')).toBe(String(START_US + 200e6));
    expect(await page.locator('.panel-window').innerText()).toContain('Complete: all');
    await page.getByRole('link', { name: 'Later →' }).click();
    await page.waitForFunction(() => document.querySelector('.panel-window h2')!.textContent.includes('12:03:30'));
  });

  test('a click on a host lists its packets, and every chart has a table and a CSV behind it', async () => {
    await open();
    await page.locator('.figure-sources a.bar-row').first().click();
    await page.waitForSelector('.panel-packets tbody tr');
    expect(hashOf().get('host')).toBe('172.16.0.1');
    for (const name of ['traffic', 'alerts', 'pairs', 'sources', 'destinations', 'services', 'icmp']) {
      const figure = page.locator(`.figure-${name}`);
      await figure.getByRole('button', { name: /as a table/u }).click();
      await figure.locator('tbody tr').nth(2).waitFor();
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        figure.getByRole('button', { name: /as CSV/u }).click(),
      ]);
      const text = await readFile(await download.path(), 'utf8');
      expect(text.split('\r\n').length, name).toBeGreaterThan(3);
    }
    expect(hashOf().get('tables')).toBe('alerts.destinations.icmp.pairs.services.sources.traffic');
  });

  test('everything is reached by the keyboard alone', async () => {
    await open();
    await page.keyboard.press('t');
    for (let step = 0; step < 6; step++) await page.keyboard.press('ArrowRight');
    await page.waitForSelector('.cursor', { state: 'attached' });
    await page.keyboard.press('+');
    await page.waitForFunction(() => location.hash.includes('from='));
    const zoomedFrom = Number(hashOf().get('from'));
    await page.keyboard.press('Shift+ArrowRight');
    await page.waitForFunction((before) => !location.hash.includes(String(before)), zoomedFrom);
    expect(Number(hashOf().get('from'))).toBeGreaterThan(zoomedFrom);
    await page.keyboard.press('0');
    expect(hashOf().has('from')).toBe(false);
    await page.keyboard.press('Enter');
    await page.waitForSelector('.kpi');
    await page.keyboard.press('a');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    expect(hashOf().get('alert')).toBe('udp-flood-1499429070000000');
    await page.keyboard.press('Escape');
    expect(hashOf().has('alert')).toBe(false);
    // On an alert the letter is about it; elsewhere about the measure.
    await page.keyboard.press('t');
    await page.keyboard.press('m');
    expect(hashOf().get('metric')).toBe('bits');
    await page.keyboard.press('?');
    await page.waitForSelector('dialog[open]');
    await page.keyboard.press('Escape');
    await page.waitForFunction(() => document.querySelector('dialog[open]') === null);
  });

  test('text from packets is shown as text, however hostile and however long', async () => {
    const id = `hostile/../?#${HOSTILE_TEXT}`;
    await open(`#${new URLSearchParams({ v: '1', alert: id }).toString()}`, { viewport: PHONE });
    await page.waitForSelector('.panel-alert .summary');
    expect(await page.locator('.panel-alert .summary').innerText()).toContain('<img src=x onerror');
    expect(await page.locator('#app img, #app script').count()).toBe(0);
    expect(await page.title()).toBe('Tapline');
    const [wide, inner] = await page.evaluate(() => [
      document.documentElement.scrollWidth,
      document.documentElement.clientWidth,
    ]);
    expect(wide).toBeLessThanOrEqual(inner);
  });

  test('while a capture replays it follows the newest packets, until the reader zooms', async () => {
    api = half;
    await open();
    expect(await page.locator('.run').innerText()).toContain('replaying 50');
    expect(await page.locator('.legend-range').innerText()).toContain('12:03:00');
    api = whole;
    await page.waitForFunction(() => document.querySelector('.legend-range')!.textContent.includes('12:06:00'));
    await page.context().close();
    api = half;
    await open(`#v=1&from=${START_US}&to=${START_US + 60e6}`);
    api = whole;
    await page.waitForFunction(() => document.querySelector('.run')!.textContent.includes('finished'));
    expect(await page.locator('.legend-range').innerText()).toContain('12:00:00 – 12:01:00');
  });

  test('a server that goes away is said, what is there stays, and it recovers', async () => {
    api = half;
    await open();
    api = () =>
      Promise.resolve({
        status: 503,
        headers: {},
        body: '{"error":{"code":"UNAVAILABLE","message":"the store rests"}}',
      });
    await page.waitForSelector('.notice');
    expect(await page.locator('.notice').innerText()).toContain('the store rests');
    expect(await page.locator('.timeline').count()).toBe(1);
    await page.waitForFunction(() => document.querySelector('.run')!.textContent.includes('no answer'), undefined, {
      timeout: 10_000,
    });
    api = half;
    await page.waitForFunction(() => document.querySelector('.notice') === null);
    offences = offences.filter((offence) => !offence.includes('503'));
  });

  test.each([
    ['light', '', DESK],
    ['dark', '', DESK],
    ['light', '#v=1&alert=syn-flood-1499428980000000', PHONE],
    ['dark', '#v=1&alert=syn-flood-1499428980000000&tables=traffic.pairs', DESK],
    ['light', `#v=1&window=${START_US + 190e6}`, DESK],
    ['dark', '#v=1&view=books', PHONE],
  ] as const)('has no accessibility violation in %s at %s', async (colorScheme, hash, viewport) => {
    await open(hash, { colorScheme, viewport });
    await page.waitForTimeout(300);
    expect(await violations()).toEqual([]);
  });

  test('dark and light follow the system until the reader chooses, and the choice is remembered', async () => {
    await open('', { colorScheme: 'dark' });
    const paper = (): Promise<string> => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const dark = await paper();
    await page.emulateMedia({ colorScheme: 'light' });
    const light = await paper();
    expect(light).not.toBe(dark);
    await page.getByRole('button', { name: /^Colours/u }).click();
    await page.getByRole('button', { name: /^Colours/u }).click();
    expect(await paper()).toBe(dark);
    await page.reload();
    await page.waitForSelector('.timeline');
    expect(await paper()).toBe(dark);
  });

  test('nothing moves while it loads and follows', async () => {
    api = half;
    await open();
    api = whole;
    await page.waitForFunction(() => document.querySelector('.run')!.textContent.includes('finished'));
    // The sources tell whoever breaks this what moved.
    const moved = await page.evaluate(
      () =>
        new Promise<string[]>((resolve) => {
          const found: string[] = [];
          new PerformanceObserver((list) => {
            for (const entry of list.getEntries() as LayoutShift[]) {
              const names = entry.sources.map(({ node }) =>
                node instanceof Element ? node.outerHTML.slice(0, 60) : '',
              );
              if (entry.value > 0.02) found.push(`${entry.value.toFixed(3)} ${names.join(' | ')}`);
            }
          }).observe({ type: 'layout-shift', buffered: true });
          setTimeout(() => {
            resolve(found);
          }, 200);
        }),
    );
    expect(moved).toEqual([]);
  });
});
