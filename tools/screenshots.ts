/**
 * `node tools/screenshots.ts`: takes the pictures of every view of the report that docs/ shows (docs/screens, and
 * docs/report.png), from the bundled capture, on a desk and on a phone. Needs Chromium; TAPLINE_CHROMIUM names another.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { chromium } from 'playwright-core';
import type { Overview } from '@tapline/core/report/snapshot';

const ROOT = join(import.meta.dirname, '..');
const SCREENS = join(ROOT, 'docs/screens');
const SIZES = { desk: { width: 1280, height: 900 }, phone: { width: 360, height: 740 } };
/** Figures of a view that its picture does not reach, on a desk: the view, and the figure. */
const FIGURES = { networks: ['overview', '.figure-networks'], 'host-ports': ['host', '.figure-host-ports'] } as const;
/** For the answers of a view and its drawing on a slow machine. */
const SETTLE_MS = 2_000;

const line = spawn(process.execPath, ['embedded/src/main.ts', 'run', '--speed', 'top', '--port', '0'], {
  cwd: ROOT,
  stdio: ['ignore', 'ignore', 'pipe'],
});
const browser = await chromium.launch({
  executablePath: process.env['TAPLINE_CHROMIUM'] ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
});
try {
  const address = await addressOf(line.stderr);
  const views = viewsOf(await finished(address));
  mkdirSync(SCREENS, { recursive: true });
  for (const [size, viewport] of Object.entries(SIZES)) {
    const page = await browser.newPage({ viewport, reducedMotion: 'reduce' });
    for (const [name, hash] of Object.entries(views)) {
      await page.goto(new URL(`#v=1${hash}`, address).href);
      await sleep(SETTLE_MS);
      await page.screenshot({ path: join(SCREENS, `${name}-${size}.png`) });
    }
  }
  const desk = await browser.newPage({ viewport: SIZES.desk, reducedMotion: 'reduce' });
  for (const [name, [view, figure]] of Object.entries(FIGURES)) {
    await desk.goto(new URL(`#v=1${views[view]!}`, address).href);
    await desk.locator(`${figure} svg`).waitFor();
    await desk.locator(figure).screenshot({ path: join(SCREENS, `${name}-desk.png`) });
  }
  copyFileSync(join(SCREENS, 'overview-desk.png'), join(ROOT, 'docs/report.png'));
} finally {
  await browser.close();
  line.kill('SIGINT');
}

async function addressOf(stderr: NodeJS.ReadableStream): Promise<string> {
  let said = '';
  for (;;) {
    const [chunk] = (await once(stderr, 'data')) as [Buffer];
    said += chunk.toString();
    const address = /the report is at (\S+)/.exec(said)?.[1];
    if (address !== undefined) return address;
  }
}

/** The overview once the capture is read. */
async function finished(address: string): Promise<Overview> {
  for (;;) {
    const answer = await fetch(new URL('api/v1/overview', address));
    const overview = (await answer.json()) as Overview;
    if (overview.run.state === 'finished') return overview;
    await sleep(SETTLE_MS);
  }
}

/** The hash of each view, with the alert and the host that say most. */
function viewsOf({ alerts, tops }: Overview): Readonly<Record<string, string>> {
  const alert = alerts.find(({ severity }) => severity === 'critical') ?? alerts[0]!;
  return {
    overview: '',
    hosts: '&page=hosts',
    host: `&page=hosts&of=${encodeURIComponent(tops.sources[0]!.key)}`,
    packets: '&page=packets&q=port+53',
    pipeline: '&page=pipeline',
    scorecard: '&page=scorecard',
    alert: `&page=alert&of=${encodeURIComponent(alert.id)}`,
  };
}
