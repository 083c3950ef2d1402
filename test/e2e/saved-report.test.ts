/** `tapline export --report`: the report as files, opened in real Chromium from disk and from a plain web server. */
import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundledCapture } from '../helpers/bundled-capture.ts';
import { CHROMIUM, launchChromium } from '../helpers/chromium.ts';
import { DESK, PageReader, PHONE } from '../helpers/page-reader.ts';
import { startTapline } from '../helpers/tapline.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';
import { until } from '../helpers/until.ts';

const root = temporaryFolder();
const data = join(root, 'data');
const folder = join(root, 'report');
let said = '';
let browser: Browser;
let server: ChildProcess;
let url: string;

const tapline = (...args: string[]): Promise<{ code: number | null; stderr: string }> => startTapline(args).finished;

describe.runIf(CHROMIUM !== undefined)('a report as files', () => {
  beforeAll(async () => {
    const capture = join(root, 'office.pcap');
    writeFileSync(capture, bundledCapture());
    await tapline('run', capture, '--exit', '--data', data);
    said = (await tapline('export', '--data', data, '--report', folder)).stderr;
    browser = await launchChromium();
    server = spawn('python3', ['-u', '-m', 'http.server', '0', '--bind', '127.0.0.1', '--directory', folder]);
    let told = '';
    server.stdout!.on('data', (chunk: Buffer) => (told += chunk.toString()));
    await until('python serves', () => /port \d+/.test(told));
    url = `http://127.0.0.1:${/port (\d+)/.exec(told)![1]!}`;
  }, 180_000);
  afterAll(async () => {
    await browser.close();
    server.kill();
  });

  it('says on stderr what it holds, how it is opened and what it leaves out', () => {
    expect(said).toMatch(/alerts 6, their packets [\d,]+, hosts \d+, windows \d+/u);
    expect(said).toContain('python3 -m http.server');
    expect(said).toContain('left out: the bytes of packets');
  });

  it.each([
    ['any web server', '/', DESK, 'light'],
    ['disk', 'report.html', PHONE, 'dark'],
  ] as const)(
    'is whole from %s: every view, every packet of an alert, and nothing is asked elsewhere',
    async (from, path, viewport, colorScheme) => {
      const address = from === 'disk' ? pathToFileURL(join(folder, path)).href : url;
      const reader = await PageReader.open(browser, address, '', { viewport, colorScheme }, from === 'disk' ? '' : '/');
      const { page } = reader;
      await page.locator('.left-out summary').click();
      expect(await page.locator('.left-out').innerText()).toContain('searches, but for the one it was saved with');
      await page.locator('.alert-row').first().click();
      await page.getByRole('link', { name: 'Open alert' }).click();
      await page.waitForSelector('.packet-lines tbody tr');
      const first = await page.locator('.packet-lines tbody tr').first().innerText();
      for (let turned = 0; turned < 3; turned++) {
        const before = await page.locator('.packet-lines tbody tr').first().innerText();
        await page.getByRole('button', { name: 'Next →' }).click();
        await page.waitForFunction(
          (known) => document.querySelector<HTMLElement>('.packet-lines tbody tr')?.innerText !== known,
          before,
        );
      }
      expect(await page.locator('.packet-lines tbody tr').first().innerText()).not.toBe(first);
      for (const [name, selector] of [
        ['Hosts', '.figure-hosts tbody a'],
        ['Packets', '.packet-lines tbody tr'],
        ['Pipeline', '.pipeline-lists'],
        ['Scorecard', '.figure table'],
      ] as const) {
        await page.locator('.navigation a', { hasText: name }).click();
        await page.waitForSelector(`main ${selector}`);
        expect(await reader.overhang(), name).toBeLessThanOrEqual(0);
      }
      await page.locator('.navigation a', { hasText: 'Hosts' }).click();
      await page.locator('.figure-hosts tbody a').first().click();
      await page.waitForSelector('svg.host-traffic');
      await page.waitForSelector('.figure-host-flows tbody tr');
      expect(await reader.violations()).toEqual([]);
      expect(reader.offences).toEqual([]);
      await reader.close();
    },
  );

  it('opened as index.html from disk says which file to open instead', async () => {
    const page = await (await browser.newContext()).newPage();
    await page.goto(pathToFileURL(join(folder, 'index.html')).href);
    expect(await page.locator('#app').innerText()).toContain('python3 -m http.server');
    await page.getByRole('link', { name: 'report.html' }).click();
    await page.waitForSelector('.books.balanced');
    await page.context().close();
  });

  it('says which file is missing, and shows the rest', async () => {
    const list = JSON.parse(readFileSync(join(folder, 'answers/index.json'), 'utf8')) as {
      files: Record<string, string>;
    };
    const pipeline = join(folder, 'answers', list.files['pipeline']!);
    const kept = readFileSync(pipeline);
    rmSync(pipeline);
    const reader = await PageReader.open(browser, url, '#v=1&page=pipeline');
    await reader.page.waitForFunction(() => document.querySelector('main')!.textContent.includes('is missing'));
    await reader.close();
    writeFileSync(pipeline, kept);
  });

  it('is refused over something that is there, without data, and with what chooses packets', async () => {
    for (const [args, why] of [
      [['--data', data, '--report', folder], /is not empty/u],
      [['--report', join(root, 'new')], /--data DIR/u],
      [['--data', data, '--report', join(root, 'new'), '--from-bucket', 'gs://x'], /leave --from-bucket away/u],
      [['--data', data, '--report', join(root, 'new'), '--from', '5'], /both --from and --to/u],
    ] as const) {
      const { code, stderr } = await tapline('export', ...args);
      expect([code, why.test(stderr)], stderr).toEqual([2, true]);
    }
  });
});
