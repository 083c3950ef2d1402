/** The flow picture, the time before, the map of ports and the choice of the time zone, in real Chromium. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { noCodec } from '@tapline/core/wire/no-codec';
import { createReport } from '@tapline/functions/stages/report';
import { startServer, type RunningServer } from '../../embedded/src/server/http-server.ts';
import { buildReport } from '../../report/build.ts';
import { makeReportData, START_US } from '../fixtures/report-data.ts';
import { CHROMIUM, launchChromium } from '../helpers/chromium.ts';
import { DESK, PageReader, PHONE, WALL } from '../helpers/page-reader.ts';

const VICTIM = '#v=1&page=hosts&of=192.168.10.50';
const MINUTE = `#v=1&from=${START_US + 120e6}&to=${START_US + 180e6}`;

let browser: Browser;
let server: RunningServer;
let folder: string;
let reader: PageReader;
let page: Page;

const open = async (hash: string, options: BrowserContextOptions = {}): Promise<void> => {
  reader = await PageReader.open(browser, server.url, hash, options);
  ({ page } = reader);
};

/** The text of what a button of a figure saves. */
const saved = async (figure: string, button: RegExp): Promise<Buffer> => {
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.locator(`.figure-${figure}`).getByRole('button', { name: button }).click(),
  ]);
  return readFile(await download.path());
};

const readOut = (figure: string): Promise<string> =>
  page
    .locator(`.figure-${figure} .read-out`)
    .innerText()
    .then((text) => text.trim());

describe.skipIf(CHROMIUM === undefined)('charts of the page', () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tapline-charts-'));
    const data = await makeReportData();
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

  test('the flow picture says how much it shows, and a part of it in numbers, to the pointer and to the keyboard', async () => {
    await open('');
    await page.waitForSelector('svg.sankey');
    const standing = await readOut('networks');
    expect(standing).toMatch(
      /^The 20 largest conversations of each window, both ways: \d+(?:\.\d)?\s% of the packets/u,
    );
    const before = await page.locator('.figure-networks').boundingBox();
    await page.locator('.flow-node rect').first().hover();
    await page.waitForSelector('.figure-networks .read-out.pointed');
    expect(await readOut('networks')).toMatch(/began [\d.]+\s?k?packets, \d/u);
    expect((await page.locator('.figure-networks').boundingBox())!.height).toBe(before!.height);
    await page.mouse.move(1, 1);
    await page.waitForSelector('.figure-networks .read-out:not(.pointed)');
    expect(await readOut('networks')).toBe(standing);
    await page.locator('a.flow').first().focus();
    await page.waitForSelector('.figure-networks .read-out.pointed');
    expect(await readOut('networks')).toMatch(/ → .*: .*packets, .*pairs? of hosts/u);
  });

  test('a ribbon leads to its packets, a host to its page, and the picture follows the measure', async () => {
    await open('');
    await page.locator('a.flow').first().focus();
    await page.keyboard.press('Enter');
    await page.waitForSelector('.packet-lines tbody tr');
    expect(reader.state.get('q')).toMatch(/^(?:net|host) \S+ and (?:net|host) \S+$/u);
    await page.goBack();
    await page.waitForSelector('svg.sankey');
    const inPackets = await page.locator('svg.sankey').innerHTML();
    await page.keyboard.press('m');
    await page.waitForFunction((before) => document.querySelector('svg.sankey')!.innerHTML !== before, inPackets);
    expect(await readOut('networks')).toContain('% of the bytes');
    await page.locator('a.flow-node', { hasNotText: '/' }).first().click();
    await page.waitForSelector('#host-title');
  });

  test('the flow picture is a table, a CSV file and a picture as well', async () => {
    await open('');
    await page.waitForSelector('svg.sankey');
    expect((await saved('networks', /as SVG/u)).toString()).toMatch(/^<svg .*<path /su);
    expect((await saved('networks', /as PNG/u)).subarray(1, 4).toString()).toBe('PNG');
    const lines = (await saved('networks', /as CSV/u)).toString().trim().split('\r\n');
    expect(lines[0]).toBe('began,spoken to,packets,pairs of hosts');
    const packets = lines.slice(1).reduce((sum, line) => sum + Number(line.split(',')[2]), 0);
    expect(packets).toBe(48_339);
    await page
      .locator('.figure-networks')
      .getByRole('button', { name: /as a table/u })
      .click();
    expect(await page.locator('.figure-networks tbody tr').count()).toBe(lines.length - 1);
  });

  test('the time before is a line while something is stored of it, and the legend says when nothing is', async () => {
    await open('');
    expect(await page.locator('.legend-before').innerText()).toMatch(/before\s+none stored/u);
    expect(await page.locator('.timeline .before').count()).toBe(0);
    await reader.close();
    await open(MINUTE);
    await page.waitForSelector('.timeline .before', { state: 'attached' });
    expect(await page.locator('.legend-before').innerText()).toMatch(/before\s+[\d.]+\s?k?\/s/u);
    expect(await page.locator('.legend-before').getAttribute('title')).toContain('12:01:00 – 12:02:00 UTC');
    const [head, first] = (await saved('traffic', /as CSV/u)).toString().split('\r\n') as [string, string];
    expect(head).toContain('"before, all packets/s"');
    expect(Number(first.split(',').at(-1))).toBeGreaterThan(0);
  });

  test('the time zone is chosen beside the date, kept in the address, and all times are written in it', async () => {
    await open(MINUTE, { timezoneId: 'Asia/Kathmandu' });
    const zone = page.getByLabel('Time zone');
    expect(await zone.inputValue()).toBe('UTC');
    const width = (await page.locator('.sensor').boundingBox())!.width;
    await zone.selectOption('local');
    expect(reader.state.get('tz')).toBe('local');
    await page.waitForFunction(() => document.querySelector('.legend-range')!.textContent.includes('UTC+5:45'));
    expect(await page.locator('.legend-range').innerText()).toContain('17:47:00 – 17:48:00 UTC+5:45');
    expect(await page.locator('.axis-x').first().innerHTML()).toContain('17:47:30');
    expect(await page.locator('.books-detail').innerText()).toContain('17:51:00 UTC+5:45');
    expect((await page.locator('.sensor').boundingBox())!.width).toBe(width);
    await zone.selectOption('America/New_York');
    expect(reader.state.get('tz')).toBe('America/New_York');
    await page.waitForFunction(() => document.querySelector('.legend-range')!.textContent.includes('08:02:00'));
    const [head, first] = (await saved('traffic', /as CSV/u)).toString().split('\r\n') as [string, string];
    expect(head).toMatch(/^time \(America\/New_York\),/u);
    expect(first).toMatch(/^2017-07-07T08:02:00\.000000-04:00,/u);
    // The filter stays UTC, and says so by what it offers; the list is in the zone.
    await page.keyboard.press('3');
    await page.waitForSelector('.packet-lines tbody tr');
    expect(await page.locator('.packet-lines thead').innerText()).toContain('time (America/New_York)');
    expect(await page.locator('.panel-search .hint').first().innerText()).toContain('Times in the filter are UTC');
    expect(await page.locator('.packet-lines tbody tr td').nth(1).innerText()).toMatch(/^08:02:0/u);
    await page.reload();
    await page.waitForSelector('.books.balanced');
    expect(await zone.inputValue()).toBe('America/New_York');
    expect(await page.locator('.sensor-day').innerText()).toContain('2017-07-07');
  });

  test('a scan is a line and a flood a dot in the ports of a host, each cell with its numbers and its packets', async () => {
    await open(VICTIM);
    await page.waitForSelector('svg.port-map');
    const cells = page.locator('svg.port-map a.port');
    expect(await cells.count()).toBeGreaterThan(20);
    expect(await page.locator('svg.port-map .shade-6').count()).toBeLessThanOrEqual(2);
    const flood = page.locator('svg.port-map a.port[aria-label^="192.168.10.50, "]:has(.shade-6)').first();
    await flood.hover();
    await page.waitForSelector('.figure-host-ports .read-out.pointed');
    expect(await readOut('host-ports')).toMatch(/^192\.168\.10\.50, \d+ ports from 7\d to 9\d: /u);
    await cells.first().focus();
    await page.waitForFunction(() => document.querySelector('.read-out-pointed')!.textContent.includes('flow'));
    expect((await saved('host-ports', /as CSV/u)).toString()).toMatch(/^asked,lowest port,highest port,ports,flows/u);
    expect((await saved('host-ports', /as PNG/u)).subarray(1, 4).toString()).toBe('PNG');
    await flood.click();
    await page.waitForSelector('.packet-lines tbody tr');
    expect(reader.state.get('q')).toMatch(/^host 192\.168\.10\.50 and port 7\d-9\d$/u);
  });

  test.each([
    ['light', '#v=1&tz=Asia/Kathmandu', DESK, 'svg.sankey'],
    ['dark', `${MINUTE}&tables=networks`, DESK, '.figure-networks table'],
    ['dark', MINUTE, PHONE, '.timeline .before'],
    ['light', VICTIM, PHONE, 'svg.port-map'],
    ['dark', VICTIM, WALL, 'svg.port-map'],
  ] as const)('nothing is inaccessible or too wide in %s at %s', async (colorScheme, hash, viewport, selector) => {
    await open(hash, { colorScheme, viewport });
    await page.waitForSelector(selector, { state: 'attached' });
    expect(await reader.violations()).toEqual([]);
    expect(await reader.overhang()).toBeLessThanOrEqual(0);
  });
});
