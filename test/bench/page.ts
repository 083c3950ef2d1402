/**
 * `npm run bench -- page`: the report page in real Chromium while the line takes 50,000 packets a second: frames, long
 * tasks, heap, bytes over the wire, how old a second is when it is drawn; and how long the first view takes on a phone.
 */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Browser, CDPSession, Page } from 'playwright-core';
import { NODE_ENVIRONMENT, NODE_FLAGS } from '../../tools/find-node.mjs';
import { CHROMIUM, launchChromium } from '../helpers/chromium.ts';
import { installProbe } from './page-probe.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const FRAMES_PER_SECOND = 60;
const MIB = 2 ** 20;
/** Lighthouse's phone: four times slower, and its "Slow 4G". */
const PHONE_CPU = 4;
const SLOW_4G = { offline: false, latency: 150, downloadThroughput: 1.6e6 / 8, uploadThroughput: 0.75e6 / 8 };

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    pps: { type: 'string', default: '50000' },
    packets: { type: 'string', default: '500000' },
    window: { type: 'string', default: '10s' },
    port: { type: 'string', default: '18200' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  process.stdout.write(
    'npm run bench -- page [--minutes M (1)] [--pps N (50000)] [--window 10s] [--packets N of the capture (500000)] [--port P (18200)]\n',
  );
  process.exit(0);
}
if (CHROMIUM === undefined) process.exit(1);
const url = `http://127.0.0.1:${values.port}/`;

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const load = (): string =>
  `load ${loadavg()
    .map((value) => value.toFixed(1))
    .join(' ')}`;
const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
const spread = (unsorted: Iterable<number>, unit: string, digits = 0): string => {
  const sorted = [...unsorted].sort((a, b) => a - b);
  const parts = [0.5, 0.99, 1].map((share) => quantile(sorted, share).toFixed(digits));
  return `${sorted.length} · median ${parts[0]} · p99 ${parts[1]} · most ${parts[2]} ${unit}`;
};

function benchCapture(): string {
  const place = join(tmpdir(), 'tapline-bench');
  mkdirSync(place, { recursive: true });
  const file = join(place, `mix-${values.packets}.pcap`);
  const args = ['--packets', values.packets, '--profile', 'mix', '--seed', '1', '--out', file];
  if (!existsSync(file)) {
    execFileSync(process.execPath, [...NODE_FLAGS, join(ROOT, 'tools/generate-capture/main.ts'), ...args]);
  }
  return file;
}

/** Bytes that arrived since the last call, with headers, as the network saw them. */
function countBytes(session: CDPSession): () => number {
  let bytes = 0;
  session.on('Network.loadingFinished', ({ encodedDataLength }) => (bytes += encodedDataLength));
  session.on('Network.responseReceived', ({ response }) => {
    if (response.status === 304) bytes += response.encodedDataLength;
  });
  return () => {
    const taken = bytes;
    bytes = 0;
    return taken;
  };
}

async function heapBytes(session: CDPSession): Promise<number> {
  await session.send('HeapProfiler.collectGarbage');
  const { metrics } = await session.send('Performance.getMetrics');
  return metrics.find(({ name }) => name === 'JSHeapUsedSize')?.value ?? NaN;
}

/** CPU seconds and resident bytes of a process. */
function processUse(pid: number): { cpuS: number; rss: number } {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return { cpuS: (Number(fields[11]) + Number(fields[12])) / 100, rss: Number(fields[21]) * 4096 };
}

/** Milliseconds from the first byte asked for to the first view: drawn, and the main thread free. */
async function firstView(browser: Browser): Promise<{ drawnMs: number; interactiveMs: number; bytes: number }> {
  const context = await browser.newContext({ viewport: { width: 412, height: 823 }, deviceScaleFactor: 1.75 });
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  await session.send('Network.enable');
  await session.send('Network.emulateNetworkConditions', SLOW_4G);
  await session.send('Emulation.setCPUThrottlingRate', { rate: PHONE_CPU });
  const taken = countBytes(session);
  await page.addInitScript(() => {
    const marks = { drawnMs: 0, busyToMs: 0 };
    Object.assign(window, { marks });
    new PerformanceObserver((list) => {
      if (performance.now() > 10_000) return;
      for (const task of list.getEntries()) marks.busyToMs = Math.max(marks.busyToMs, task.startTime + task.duration);
    }).observe({ type: 'longtask', buffered: true });
    const look = (): void => {
      const isDrawn = document.querySelector('.books') !== null && document.querySelector('.timeline-plot') !== null;
      if (isDrawn) requestAnimationFrame(() => (marks.drawnMs = performance.now()));
      else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  });
  await page.goto(url);
  await page.waitForFunction('marks.drawnMs > 0');
  const bytes = taken();
  // A task that is under way when the view is drawn is part of it.
  await setTimeout(300);
  const { drawnMs, busyToMs } = await page.evaluate<{ drawnMs: number; busyToMs: number }>('marks');
  await context.close();
  return { drawnMs, interactiveMs: Math.max(drawnMs, busyToMs), bytes };
}

async function watch(page: Page, session: CDPSession, pid: number): Promise<void> {
  const taken = countBytes(session);
  taken();
  let before = processUse(pid);
  say(`start    heap ${((await heapBytes(session)) / MIB).toFixed(2)} MiB · ${load()}`);
  for (let minute = 1; minute <= Number(values.minutes); minute++) {
    await setTimeout(60_000);
    const use = processUse(pid);
    const figures = [
      `heap ${((await heapBytes(session)) / MIB).toFixed(2)} MiB`,
      `${(taken() / 1024).toFixed(0)} KiB over the wire`,
      `line ${(((use.cpuS - before.cpuS) / 60) * 100).toFixed(0)} % CPU, ${(use.rss / MIB).toFixed(0)} MiB`,
      load(),
    ];
    before = use;
    say(`minute ${String(minute).padStart(2)} ${figures.join(' · ')}`);
  }
  const [deltas, longTasks, delays] = await page.evaluate(
    () =>
      [
        [...window.probe.deltas.subarray(0, window.probe.frames)],
        window.probe.longTasksMs,
        window.probe.delaysMs,
      ] as const,
  );
  say(`frames            ${spread(deltas, 'ms', 1)}`);
  say(`long tasks        ${longTasks.length === 0 ? 'none' : spread(longTasks, 'ms')}`);
  say(`from the beginning of the newest second to when it is drawn: ${spread(delays, 'ms')}`);
}

const folder = mkdtempSync(join(tmpdir(), 'tapline-page-'));
const feed = spawn(process.execPath, [join(import.meta.dirname, 'live-feed.ts'), benchCapture(), values.pps], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
const run = ['run', '-', '--port', values.port, '--window', values.window, '--data', folder, '--json'];
const line = spawn(process.execPath, [...NODE_FLAGS, join(ROOT, 'embedded/src/main.ts'), ...run], {
  env: { ...NODE_ENVIRONMENT, ...process.env, TZ: 'UTC' },
  stdio: [feed.stdout, 'pipe', 'inherit'],
});
let result = '';
line.stdout.on('data', (chunk: Buffer) => (result += chunk.toString()));
const ended = new Promise((done) => line.on('close', done));
const browser = await launchChromium();
try {
  await setTimeout(25_000);
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  await session.send('Network.enable');
  await session.send('Performance.enable');
  await page.addInitScript(installProbe, (Number(values.minutes) + 2) * 60 * FRAMES_PER_SECOND);
  await page.goto(url);
  await page.waitForSelector('.timeline-plot');
  await setTimeout(5_000);
  await watch(page, session, line.pid!);
  await context.close();
  for (let round = 1; round <= 3; round++) {
    const { drawnMs, interactiveMs, bytes } = await firstView(browser);
    say(
      `first view on a phone (CPU ÷ ${PHONE_CPU}, Slow 4G: 1.6 Mbit/s, 150 ms) ${round}: drawn ${drawnMs.toFixed(0)} ms, ` +
        `interactive ${interactiveMs.toFixed(0)} ms, ${(bytes / 1024).toFixed(0)} KiB · ${load()}`,
    );
  }
} finally {
  await browser.close();
  line.kill('SIGINT');
  feed.kill();
  await ended;
  rmSync(folder, { recursive: true, force: true });
}
const said = result === '' ? undefined : (JSON.parse(result) as { ledger: object });
say(`counted: ${JSON.stringify(said?.ledger)}`);
