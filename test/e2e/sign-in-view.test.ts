/** The form that asks who reads, in real Chromium: by eye, by keyboard and by axe. What is behind it is sign-in.test.ts. */
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createReaderCheck } from '@tapline/functions/entry/id-token';
import { gated } from '@tapline/functions/entry/report-gate';
import { startServer, type RunningServer } from '../../embedded/src/server/http-server.ts';
import { buildReport } from '../../report/build.ts';
import { CHROMIUM, launchChromium } from '../helpers/chromium.ts';
import { PROJECT, serveKeys } from '../helpers/id-tokens.ts';
import { DESK, PageReader, PHONE } from '../helpers/page-reader.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

const folder = temporaryFolder();
let server: RunningServer;
let browser: Browser;

const open = async (options: object): Promise<{ reader: PageReader; page: Page }> => {
  const reader = await PageReader.open(browser, server.url, '', options, '/', 'form');
  return { reader, page: reader.page };
};

describe.runIf(CHROMIUM !== undefined)('the sign-in form', () => {
  beforeAll(async () => {
    await buildReport(folder);
    const check = createReaderCheck(PROJECT, (await serveKeys()).url);
    const api = gated(() => Promise.reject(new Error('nobody is let in here')), {
      perMinute: 600,
      signIn: { way: { kind: 'firebase', apiKey: 'any' }, check },
    });
    server = await startServer({ port: 0, api, staticDir: join(folder) });
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser.close();
    await server.close();
  });

  it.each([
    ['light', DESK],
    ['dark', DESK],
    ['light', PHONE],
    ['dark', PHONE],
  ] as const)('has no accessibility violation and fits in %s at %o', async (colorScheme, viewport) => {
    const { reader, page } = await open({ colorScheme, viewport });
    expect(await page.title()).toBe('Sign in · Tapline');
    expect(await reader.violations()).toEqual([]);
    expect(await reader.overhang()).toBeLessThanOrEqual(0);
    // At a click's size, also for a thumb.
    for (const control of await page.locator('form input, form button').all())
      expect((await control.boundingBox())!.height).toBeGreaterThanOrEqual(40);
    await reader.close();
  });

  it('is filled in by the keyboard alone, and says what is wrong without losing the place', async () => {
    const { reader, page } = await open({ viewport: PHONE });
    await page.route(/^https:\/\/identitytoolkit\.googleapis\.com\//u, (route) => route.abort());
    const focused = (): Promise<string | null> =>
      page.evaluate(() => document.activeElement?.getAttribute('name') ?? document.activeElement?.textContent ?? null);
    expect(await focused()).toBe('email');
    await page.keyboard.type('reader@example.org');
    await page.keyboard.press('Tab');
    expect(await focused()).toBe('password');
    await page.keyboard.type('correct horse');
    await page.keyboard.press('Enter');
    await page.getByText('Cannot reach the sign-in service.').waitFor();
    expect(await focused()).toBe('password');
    expect(await page.getByLabel('E-mail').inputValue()).toBe('reader@example.org');
    await page.keyboard.press('Tab');
    expect(await focused()).toBe('Sign in');
    await page.keyboard.press('Tab');
    expect(await focused()).toBe('Send me a new password');
    expect(await reader.violations()).toEqual([]);
    await reader.close();
  });

  it('is refused by the browser for an address that is none, before anybody is asked', async () => {
    const { reader, page } = await open({});
    let asked = 0;
    page.on('request', (request) => {
      if (request.url().includes('googleapis')) asked++;
    });
    await page.getByLabel('E-mail').fill('no address');
    await page.getByLabel('Password').fill('x');
    await page.getByRole('button', { name: 'Sign in' }).click();
    expect(await page.getByLabel('E-mail').evaluate((input: HTMLInputElement) => input.validity.typeMismatch)).toBe(
      true,
    );
    await page.getByRole('button', { name: 'Send me a new password' }).click();
    expect(await page.locator('.sign-in-message').innerText()).toBe('sign in to read the report');
    expect(asked).toBe(0);
    await reader.close();
  });
});
