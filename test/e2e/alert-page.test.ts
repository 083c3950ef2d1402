/** The list of alerts, the page of each, triage and the saved report, in real Chromium over the real API and server. */
import { createRequire } from 'node:module';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { MemoryTriageStore } from '@tapline/adapters/memory/triage-store';
import { noCodec } from '@tapline/core/wire/no-codec';
import { createReport, type ReportApi } from '@tapline/functions/stages/report';
import { startServer, type RunningServer } from '../../embedded/src/server/http-server.ts';
import { buildReport } from '../../report/build.ts';
import { HOSTILE_TEXT, hostileAlert } from '../fixtures/report-alerts.ts';
import { makeReportData, SENSOR, START_US, type ReportData } from '../fixtures/report-data.ts';
import { CHROMIUM, launchChromium } from '../helpers/chromium.ts';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const DESK = { width: 1280, height: 900 };
const PHONE = { width: 360, height: 800 };
const SYN = 'syn-flood-1499428980000000';
const HOSTILE = `hostile/../?#${HOSTILE_TEXT}`;

let browser: Browser;
let server: RunningServer;
let folder: string;
let data: ReportData;
let api: ReportApi;
let page: Page;
let offences: string[];
let requests: string[];

const watch = (): void => {
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) offences.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => offences.push(`error: ${error.message}`));
  page.on('request', (request) => {
    requests.push(request.url());
    if (!request.url().startsWith(server.url) && !/^(?:blob|data|file):/u.test(request.url()))
      offences.push(`request: ${request.url()}`);
  });
};

const open = async (hash = '', options: BrowserContextOptions = {}, address = `${server.url}/`): Promise<void> => {
  const context = await browser.newContext({ viewport: DESK, reducedMotion: 'reduce', ...options });
  page = await context.newPage();
  watch();
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`);
    });
  });
  await page.goto(`${address}${hash}`);
  await page.waitForSelector('.books.balanced');
};

const hashOf = (): URLSearchParams => new URLSearchParams(new URL(page.url()).hash.slice(1));
const rows = (): Promise<string[]> => page.locator('.alert-row .alert-detector').allInnerTexts();
const alertHash = (id: string): string => `#${new URLSearchParams({ v: '1', page: 'alert', of: id }).toString()}`;

const isTooWide = (): Promise<boolean> =>
  page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);

const violations = async (): Promise<string[]> => {
  await page.evaluate(await readFile(AXE, 'utf8'));
  const found = await page.evaluate<{
    violations: { id: string; nodes: { target: string[]; failureSummary: string }[] }[];
  }>('axe.run(document, { resultTypes: ["violations"] })');
  return found.violations.map(({ id, nodes }) => `${id}: ${nodes[0]!.target.join(' ')} ${nodes[0]!.failureSummary}`);
};

const saveReport = async (): Promise<string> => {
  const button = page.getByRole('button', { name: 'Save this report as one file' });
  const [download] = await Promise.all([page.waitForEvent('download'), button.click()]);
  expect(download.suggestedFilename()).toMatch(/^tapline-[\w.-]+\.html$/u);
  const path = join(folder, `saved-${Date.now()}.html`);
  await writeFile(path, await readFile(await download.path()));
  return path;
};

describe.skipIf(CHROMIUM === undefined)('alerts on the page', () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tapline-alerts-'));
    data = await makeReportData({ minutes: 6, extraAlerts: [hostileAlert(SENSOR, START_US)] });
    [browser] = await Promise.all([launchChromium(), buildReport(join(folder, 'page'))]);
    server = await startServer({ port: 0, api: (request) => api(request), staticDir: join(folder, 'page') });
  });
  afterAll(async () => {
    await browser.close();
    await server.close();
    await rm(folder, { recursive: true });
  });
  beforeEach(() => {
    offences = [];
    requests = [];
    api = createReport({
      results: data.results,
      packets: data.batches,
      ledger: data.ledger,
      codecs: [noCodec],
      run: () => ({ state: 'finished', progress: 1, source: 'office.pcap', speed: 0 }),
      triage: new MemoryTriageStore(),
      clock: { nowUs: () => Date.now() * 1000 },
    });
  });
  afterEach(async () => {
    await page.context().close();
    expect(offences).toEqual([]);
  });

  test('the list is filtered by words, severity, class and state, and grouped, all in the URL', async () => {
    await open();
    await page.keyboard.press('/');
    await page.keyboard.type('flood');
    await page.waitForFunction(() => document.querySelectorAll('.alert-row').length === 2);
    expect(hashOf().get('find')).toBe('flood');
    await page.getByLabel('Grouping').selectOption('class');
    expect(await page.locator('.alert-group').allInnerTexts()).toHaveLength(2);
    await page.getByLabel('Least severity').selectOption('critical');
    await page.waitForFunction(() => document.querySelectorAll('.alert-row').length === 1);
    await page.reload();
    await page.waitForSelector('.alert-row');
    expect(await rows()).toEqual(['syn-flood']);
    expect(await page.locator('.figure-alerts .figure-note').innerText()).toBe('1 of 5');
    await page.getByLabel('Filter the alerts by words').fill('nothing like it');
    await page.getByRole('link', { name: 'Show all' }).click();
    await page.waitForFunction(() => document.querySelectorAll('.alert-row').length === 5);
  });

  test('by the keyboard alone an alert is acknowledged, noted, muted, and all of it taken back', async () => {
    await open();
    await page.keyboard.press('a');
    await page.keyboard.press('j');
    await page.keyboard.press('k');
    await page.keyboard.press('a');
    await page.waitForSelector('.tag-acknowledged');
    await page.keyboard.press('n');
    await page.waitForSelector('.triage-dialog[open]');
    await page.keyboard.type('asked the web team');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.querySelector('.alert-row .alert-tags')!.textContent.includes('1 note'));
    expect(await page.evaluate(() => document.activeElement?.classList.contains('alert-row'))).toBe(true);
    const before = await rows();
    await page.keyboard.press('m');
    await page.waitForSelector('.triage-dialog[open]');
    await page.keyboard.type('load test');
    await page.getByRole('button', { name: 'Mute', exact: true }).last().click();
    await page.waitForFunction((count) => document.querySelectorAll('.alert-row').length === count - 1, before.length);
    expect(await page.locator('.figure-alerts').innerText()).toContain('1 alert muted. Show');
    await page.locator('.toast').getByRole('button', { name: 'Undo' }).click();
    await page.waitForFunction((count) => document.querySelectorAll('.alert-row').length === count, before.length);
    expect(await rows()).toEqual(before);
  });

  test('in three clicks from the list to the packets: what, why, who, which rows and which CQL', async () => {
    await open();
    await page.locator('.alert-row', { hasText: 'syn-flood' }).click();
    await page.getByRole('link', { name: 'Open alert' }).click();
    await page.waitForSelector('.figure-reasons .reason');
    expect(hashOf().get('page')).toBe('alert');
    expect(hashOf().get('of')).toBe(SYN);
    await page.waitForSelector('.packet-lines tbody tr');
    const text = await page.locator('main').innerText();
    for (const part of [
      'syn-flood',
      '14,000 connections',
      'floor 200 connections',
      'T1499.001',
      'ALLOW FILTERING; -- inside',
    ]) {
      expect(text).toContain(part);
    }
    const technique = page.getByRole('link', { name: 'T1499.001 Endpoint Denial of Service: OS Exhaustion Flood' });
    expect(await technique.getAttribute('href')).toBe('https://attack.mitre.org/techniques/T1499/001/');
    expect(await technique.getAttribute('rel')).toContain('noreferrer');
    await page.keyboard.press('a');
    await page.waitForFunction(
      () => document.querySelector('.triage-list')?.textContent.includes('local acknowledged') === true,
    );
    await page.keyboard.press('u');
    await page.waitForFunction(
      () => document.querySelector('.triage-list')?.textContent.includes('took back') === true,
    );
    await page.keyboard.press('Escape');
    await page.waitForSelector('.timeline');
    expect(hashOf().has('page')).toBe(false);
  });

  test('a refusal is said in words, and nothing looks done', async () => {
    const allowed = api;
    api = (request) =>
      request.method === 'POST'
        ? Promise.resolve({
            status: 401,
            headers: {},
            body: '{"error":{"code":"UNAUTHENTICATED","message":"sign in first"}}',
          })
        : allowed(request);
    await open(alertHash(SYN));
    await page.getByRole('button', { name: 'Acknowledge' }).click();
    await page.waitForFunction(() => document.querySelector('.toast')!.textContent.includes('sign in first'));
    expect(await page.locator('.tag-acknowledged').count()).toBe(0);
    offences = offences.filter((offence) => !offence.includes('401'));
  });

  test('a deed whose answer is lost is sent again and kept once', async () => {
    await open(alertHash(SYN));
    let lost = 0;
    await page.route('**/triage', async (route) => {
      if (route.request().method() !== 'POST' || lost++ > 0) return route.continue();
      await route.fetch();
      return route.abort('connectionreset');
    });
    await page.getByRole('button', { name: 'Acknowledge' }).click();
    await page.waitForSelector('.triage-list');
    expect(lost).toBe(2);
    expect(await page.locator('.triage-list li').count()).toBe(1);
    offences = offences.filter((offence) => !offence.includes('ERR_CONNECTION_RESET'));
  });

  test.each(['svg', 'png'] as const)('a chart is saved as %s with the colours of the page', async (format) => {
    await open(alertHash(SYN));
    await page.waitForSelector('.reason-series');
    const button = page.getByRole('button', { name: `Save Why as ${format.toUpperCase()}` });
    const [download] = await Promise.all([page.waitForEvent('download'), button.click()]);
    const bytes = await readFile(await download.path());
    expect(download.suggestedFilename()).toBe(`tapline-reasons.${format}`);
    if (format === 'png') expect(bytes.subarray(1, 4).toString()).toBe('PNG');
    else expect(bytes.toString()).toMatch(/^<svg .*fill="rgb\(\d+, \d+, \d+\)"/u);
    expect(bytes.length).toBeGreaterThan(3000);
  });

  test('on paper there are no controls, and what scrolls is whole', async () => {
    await open(alertHash(SYN));
    await page.waitForSelector('.packet-lines tbody tr');
    await page.emulateMedia({ media: 'print' });
    expect(await page.locator('button:visible, .navigation:visible').count()).toBe(0);
    const cut = await page.evaluate(
      () =>
        [...document.querySelectorAll('.table-scroll, .cql')].filter((box) => box.scrollHeight > box.clientHeight + 1)
          .length,
    );
    expect(cut).toBe(0);
  });

  test('a saved report opens from disk: the overview, each alert and its packets, and not one request', async () => {
    await open();
    const path = await saveReport();
    await page.context().close();
    requests = [];
    const address = pathToFileURL(path).href;
    await open('', {}, address);
    expect(await page.locator('.saved-note').innerText()).toMatch(/^Saved \d{4}-/u);
    await page.locator('.left-out summary').click();
    expect(await page.locator('.left-out').innerText()).toContain('searches, but for the one');
    expect(await page.locator('.alert-row').count()).toBe(5);
    await page.locator('.alert-row', { hasText: 'syn-flood' }).click();
    await page.getByRole('link', { name: 'Open alert' }).click();
    await page.waitForSelector('.packet-lines tbody tr');
    expect(await page.locator('main').innerText()).toContain('14,000 connections');
    expect(await page.getByRole('button', { name: 'Acknowledge' }).count()).toBe(0);
    await page.goBack();
    await page.keyboard.press('t');
    await page.keyboard.press('+');
    await page.waitForFunction(() => location.hash.includes('from='));
    expect(await violations()).toEqual([]);
    expect(requests.filter((url) => !url.startsWith('data:') && url.split('#')[0] !== address)).toEqual([]);
  });

  test('a saved report keeps hostile text as text', async () => {
    await open(alertHash(HOSTILE));
    await page.waitForSelector('.alert-head');
    const path = await saveReport();
    await page.context().close();
    await open('', { viewport: PHONE }, pathToFileURL(path).href);
    await page.waitForSelector('.alert-head .summary');
    expect(hashOf().get('of')).toBe(HOSTILE);
    expect(await page.locator('.alert-head .summary').innerText()).toContain('<img src=x onerror');
    expect(await page.locator('#app img, #app script').count()).toBe(0);
    expect(await isTooWide()).toBe(false);
  });

  test.each([
    ['light', alertHash(SYN), DESK],
    ['dark', alertHash(SYN), PHONE],
    ['dark', `${alertHash(SYN)}&tables=reasons`, DESK],
    ['light', alertHash(HOSTILE), PHONE],
    ['light', '#v=1&group=class&show=all', PHONE],
  ] as const)('has no accessibility violation in %s at %s, and fits', async (colorScheme, hash, viewport) => {
    await open(hash, { colorScheme, viewport });
    await page.waitForTimeout(500);
    expect(await isTooWide()).toBe(false);
    expect(await violations()).toEqual([]);
    await page.keyboard.press(hash.includes('page=alert') ? 'm' : '?');
    await page.waitForSelector('dialog[open]');
    expect(await violations()).toEqual([]);
  });

  test('fits a wall', async () => {
    await open(alertHash(SYN), { viewport: { width: 3840, height: 2160 } });
    await page.waitForSelector('.packet-lines tbody tr');
    expect(await isTooWide()).toBe(false);
  });

  test('an alert that is not there says so', async () => {
    await open(alertHash('none'));
    await page.waitForFunction(() => document.querySelector('main')!.textContent.includes('no such alert'));
    offences = offences.filter((offence) => !offence.includes('404'));
  });
});
