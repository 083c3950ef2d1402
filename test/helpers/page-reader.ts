/** Somebody who reads the report page in real Chromium, and takes down what a page must never do. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

export const DESK = { width: 1280, height: 900 };
export const PHONE = { width: 360, height: 800 };
export const WALL = { width: 3840, height: 2160 };

export class PageReader {
  readonly page: Page;
  /** Console errors, policy violations, requests to elsewhere. */
  readonly offences: string[] = [];

  private constructor(page: Page) {
    this.page = page;
  }

  static async open(
    browser: Browser,
    url: string,
    hash: string,
    options: BrowserContextOptions = {},
    path = '/',
    awaited = '.books.balanced',
  ): Promise<PageReader> {
    const context = await browser.newContext({ viewport: DESK, reducedMotion: 'reduce', ...options });
    const reader = new PageReader(await context.newPage());
    const { page, offences } = reader;
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) offences.push(`console: ${message.text()}`);
    });
    page.on('pageerror', (error) => offences.push(`error: ${error.message}`));
    page.on('request', (request) => {
      const to = request.url();
      if (!to.startsWith(url) && !/^(?:blob|data):/u.test(to)) offences.push(`request: ${to}`);
    });
    await page.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', (event) => {
        console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`);
      });
    });
    await page.goto(`${url}${path}${hash}`);
    await page.waitForSelector(awaited);
    return reader;
  }

  /** Of the address as it is now. */
  get state(): URLSearchParams {
    return new URLSearchParams(new URL(this.page.url()).hash.slice(1));
  }

  async close(): Promise<void> {
    await this.page.context().close();
  }

  /** What axe finds wrong. The page's policy forbids injected script elements; evaluate goes through the debugger. */
  async violations(): Promise<string[]> {
    await this.page.evaluate(await readFile(AXE, 'utf8'));
    const found = await this.page.evaluate<{
      violations: { id: string; impact: string; nodes: { target: string[]; failureSummary: string }[] }[];
    }>('axe.run(document, { resultTypes: ["violations"] })');
    return found.violations.map(
      ({ id, impact, nodes }) => `${impact} ${id}: ${nodes[0]!.target.join(' ')} ${nodes[0]!.failureSummary}`,
    );
  }

  /** Pixels by which the page is wider than its window. */
  overhang(): Promise<number> {
    return this.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  }
}
