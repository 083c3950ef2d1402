/** The pages beside the overview in real Chromium: the way between them, hosts, packets, the pipeline and the scorecard. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { noCodec } from '@tapline/core/wire/no-codec';
import { createReport } from '@tapline/functions/stages/report';
import { startServer, type RunningServer } from '../../embedded/src/server/http-server.ts';
import { buildReport } from '../../report/build.ts';
import { HOSTILE_TEXT, hostileAlert } from '../fixtures/report-alerts.ts';
import { makeReportData, SENSOR, START_US } from '../fixtures/report-data.ts';
import { CHROMIUM, launchChromium } from '../helpers/chromium.ts';
import { DESK, PageReader, PHONE, WALL } from '../helpers/page-reader.ts';

const ATTACKER = '172.16.0.1';
const HOST = `#v=1&page=hosts&of=${ATTACKER}`;
const SEARCH = '#v=1&page=packets&q=tcp+and+flags+S';

let browser: Browser;
let server: RunningServer;
let folder: string;
let reader: PageReader;
let page: Page;

const open = async (hash: string, options: BrowserContextOptions = {}): Promise<void> => {
  reader = await PageReader.open(browser, server.url, hash, options);
  ({ page } = reader);
};

const heading = (text: string): Promise<unknown> =>
  page.waitForFunction(
    (wanted) => [...document.querySelectorAll('h2')].some((h) => h.textContent.includes(wanted)),
    text,
  );

describe.skipIf(CHROMIUM === undefined)('the pages', () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tapline-pages-'));
    const data = await makeReportData({ extraAlerts: [hostileAlert(SENSOR, START_US)] });
    const api = createReport({ results: data.results, packets: data.batches, ledger: data.ledger, codecs: [noCodec] });
    [browser] = await Promise.all([launchChromium(), buildReport(folder)]);
    server = await startServer({ port: 0, api, staticDir: folder });
  });
  afterAll(async () => {
    await browser.close();
    await server.close();
    await rm(folder, { recursive: true });
  });
  afterEach(async () => {
    await reader.close();
    expect(reader.offences).toEqual([]);
  });

  test('have a URL each, are named in the title, marked in the links, and the back button goes back', async () => {
    await open('');
    for (const [name, title] of [
      ['Hosts', 'Hosts · Tapline'],
      ['Packets', 'Packets · Tapline'],
      ['Pipeline', 'Pipeline · Tapline'],
      ['Scorecard', 'Scorecard · Tapline'],
      ['Overview', 'Tapline'],
    ] as const) {
      await page.locator('.navigation a', { hasText: name }).click();
      await page.waitForFunction((wanted) => document.title === wanted, title);
      expect(await page.locator('.navigation [aria-current="page"]').innerText()).toBe(name);
      // The focus is in the new page, whose name is read out.
      expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe(name);
    }
    await page.goBack();
    await page.waitForFunction(() => document.title === 'Scorecard · Tapline');
    await page.reload();
    await heading('what was evaluated');
  });

  test('are reached by the keyboard alone, from a key to the details of a packet', async () => {
    await open('');
    await page.keyboard.press('2');
    await page.waitForSelector('.figure-hosts tbody a');
    await page.keyboard.press('3');
    await page.waitForSelector('.packet-lines tbody tr');
    await page.keyboard.press('Tab');
    await page.keyboard.type('ud');
    await page.waitForSelector('.choices li');
    await page.keyboard.press('ArrowDown');
    await page.waitForSelector('.choices [aria-selected="true"]');
    await page.keyboard.press('Enter');
    await page.keyboard.type('and port 53');
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => location.hash.includes('q=udp+and+port+53'));
    await page.waitForFunction(
      () => document.querySelector('.packet-lines tbody tr td:nth-child(5)')?.textContent === 'UDP',
    );
    await page.locator('.packet-lines').focus();
    for (const key of ['ArrowDown', 'ArrowDown', 'ArrowUp', 'Enter']) await page.keyboard.press(key);
    await page.waitForSelector('.packet-fields');
    expect(await page.locator('.packet-fields').innerText()).toContain('destinationPort');
    expect(await page.locator('[aria-selected="true"]').getAttribute('aria-rowindex')).toBe('2');
  });

  test('every name of a host leads to its page: from the talkers, the matrix, the alert and the packets', async () => {
    for (const [hash, selector] of [
      ['', '.figure-sources a.bar-row'],
      ['', '.matrix-name'],
      ['#v=1&alert=syn-flood-1499428980000000', 'a.panel-entity'],
      ['#v=1&alert=syn-flood-1499428980000000', '.packet-lines td a'],
      [SEARCH, '.packet-lines td a'],
    ] as const) {
      await open(hash);
      await page.locator(selector).first().click();
      await page.waitForSelector('#host-title');
      expect(reader.state.get('page'), `${hash} ${selector}`).toBe('hosts');
      await page.waitForSelector('svg.host-traffic');
      await reader.close();
    }
    await open(HOST);
  });

  test('a host says what it did, and leads on to its packets and to one of its peers', async () => {
    await open(HOST);
    await page.waitForSelector('.host-alerts a');
    expect(await page.locator('.page-head').innerText()).toMatch(/first seen 2017-07-07 12:0\d:\d0, last seen/u);
    await page.waitForSelector('.figure-host-flows tbody tr');
    await page.locator('.figure-peers a.bar-row').first().click();
    await page.waitForFunction((host) => !location.hash.includes(host), ATTACKER);
    await page.goBack();
    await page.waitForFunction((host) => document.querySelector('.host-name')?.textContent === host, ATTACKER);
    await page.getByRole('link', { name: 'Its packets' }).click();
    await page.waitForSelector('.packet-lines tbody tr');
    expect(reader.state.get('q')).toBe(`host ${ATTACKER}`);
  });

  test('only the packets in sight are in the document, and scrolling brings the others', async () => {
    await open(SEARCH);
    await page.waitForSelector('.packet-lines tbody tr');
    const rows = page.locator('.packet-lines tbody tr:not(.spacer)');
    expect(await page.locator('.packet-lines').getAttribute('aria-rowcount')).toBe('1001');
    expect(await rows.count()).toBeLessThan(60);
    await page.locator('.packet-scroll').evaluate((element) => {
      element.scrollTop = element.scrollHeight;
    });
    await page.waitForSelector('[aria-rowindex="1001"]');
    expect(await rows.count()).toBeLessThan(60);
  });

  test('what a filter does not say right is marked where it stands, and nothing is asked', async () => {
    await open(SEARCH);
    await page.locator('.filter-input').fill('tcp and prot 80');
    await page.waitForSelector('.mistake mark');
    expect(await page.locator('.mistake mark').innerText()).toBe('prot');
    await page.getByRole('button', { name: 'Search' }).click();
    expect(reader.state.get('q')).toBe('tcp and flags S');
  });

  test('a search says what it read, and shows itself as CQL', async () => {
    await open(SEARCH);
    await page.waitForSelector('.pager-note');
    expect(await page.locator('.pager-note').innerText()).toMatch(
      /1,000 packets so far\. [\d,]+ rows of \d+ batch(?:es)? read/u,
    );
    await page.locator('.search-cql summary').click();
    expect(await page.locator('.search-cql pre').innerText()).toContain('AND tcp_flags = 2');
  });

  test('the pipeline says how far behind each hop is in seconds, and what nobody can know', async () => {
    await open('#v=1&page=pipeline');
    await heading('The line as a whole');
    const text = await page.locator('main').innerText();
    expect(text).toMatch(/windowed[\s\S]*? · (?:up to date|[\d.]+ (?:ms|s) behind)/u);
    expect(text).toContain('tapline dlq list names them');
  });

  test('hostile text in the address of a page is shown as text', async () => {
    const parameters = new URLSearchParams({ v: '1', page: 'packets', q: HOSTILE_TEXT.slice(0, 300) });
    await open(`#${parameters.toString()}`, { viewport: PHONE });
    await page.waitForSelector('.mistake');
    expect(await page.locator('#app img, #app script').count()).toBe(0);
    expect(await reader.overhang()).toBeLessThanOrEqual(0);
    // The API refuses it, too, and the browser says so.
    reader.offences.splice(0, Infinity, ...reader.offences.filter((offence) => !offence.includes('400')));
  });

  test.each([
    ['a desk', DESK],
    ['a phone', PHONE],
    ['a wall', WALL],
  ])('fit %s without scrolling sideways', async (_, viewport) => {
    await open('', { viewport });
    for (const hash of ['#v=1&page=hosts', HOST, SEARCH, '#v=1&page=pipeline', '#v=1&page=scorecard']) {
      await page.evaluate((next) => (location.hash = next), hash);
      await page.waitForTimeout(400);
      expect(await reader.overhang(), hash).toBeLessThanOrEqual(0);
    }
  });

  test.each([
    ['light', '#v=1&page=hosts', DESK],
    ['dark', HOST, DESK],
    ['light', HOST, PHONE],
    ['light', SEARCH, DESK],
    ['dark', SEARCH, PHONE],
    ['dark', '#v=1&page=pipeline', DESK],
    ['light', '#v=1&page=pipeline', PHONE],
    ['dark', '#v=1&page=scorecard', DESK],
    ['light', '#v=1&page=scorecard', PHONE],
  ] as const)('have no accessibility violation in %s at %s', async (colorScheme, hash, viewport) => {
    await open(hash, { colorScheme, viewport });
    await page.waitForSelector('main table');
    if (hash === SEARCH) {
      await page.locator('.packet-lines tbody tr').nth(2).locator('td').nth(1).click();
      await page.waitForSelector('.packet-fields');
      await page.locator('.filter-input').fill('tcp and ');
      await page.waitForSelector('.choices li');
    }
    expect(await reader.violations()).toEqual([]);
  });

  test('the whole page is fewer than 150 kB on the wire before anything is asked', async () => {
    await open('');
    const files = (await readdir(folder, { recursive: true })).filter((name) => /\.(?:html|js|css|svg)$/u.test(name));
    const sizes = await Promise.all(files.map(async (name) => gzipSync(await readFile(join(folder, name))).length));
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(150_000);
  });
});
