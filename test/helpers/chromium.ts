/** A real Chromium for the page tests: the system's, or the one TAPLINE_CHROMIUM names. */
import { existsSync } from 'node:fs';
import { chromium, type Browser } from 'playwright-core';

const CANDIDATES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

const found = [process.env['TAPLINE_CHROMIUM'] ?? '', ...CANDIDATES].find((path) => path !== '' && existsSync(path));

/** Path of the browser; undefined when there is none, unless REQUIRE_SERVICES=1, which makes that an error. */
export const CHROMIUM: string | undefined = found;

if (CHROMIUM === undefined) {
  if (process.env['REQUIRE_SERVICES'] === '1')
    throw new Error('REQUIRE_SERVICES=1, but there is no Chromium: set TAPLINE_CHROMIUM');
  console.warn('SKIPPED: the page tests need Chromium; install it or set TAPLINE_CHROMIUM');
}

/** Starts it headless and quiet: no update, no sync, no background request. */
export function launchChromium(): Promise<Browser> {
  const args = [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ];
  return chromium.launch({ executablePath: CHROMIUM!, headless: true, args });
}
