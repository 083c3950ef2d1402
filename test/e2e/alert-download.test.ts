/** The button that downloads the packets behind an alert, in real Chromium over real runs: what it gives, and what it says. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync, renameSync, writeFileSync } from 'node:fs';
import { get, request } from 'node:http';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Alert } from '@tapline/core/detect/alert';
import type { AlertCapture, Overview } from '@tapline/core/report/snapshot';
import { tsharkFramesOf } from '../helpers/alert-filter.ts';
import { bundledCapture } from '../helpers/bundled-capture.ts';
import { CHROMIUM, launchChromium } from '../helpers/chromium.ts';
import { readCapture } from '../helpers/frames.ts';
import { serveRun } from '../helpers/served-run.ts';
import type { Started } from '../helpers/tapline.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';
import { TSHARK } from '../helpers/tshark.ts';
import { until } from '../helpers/until.ts';

const DESK = { width: 1280, height: 900 };
const PHONE = { width: 360, height: 800 };
const root = temporaryFolder();
const capture = join(root, 'office.pcap');
const running: Started[] = [];
let browser: Browser;
let page: Page | undefined;

/** What a process has open; a descriptor may be closed while it is looked at. */
function openFiles(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).flatMap((descriptor) => {
    try {
      return [readlinkSync(join(folder, descriptor))];
    } catch {
      return [];
    }
  });
}

beforeAll(async () => {
  writeFileSync(capture, bundledCapture());
  browser = await launchChromium();
});
afterAll(() => browser.close());
afterEach(async () => {
  await page?.context().close();
  page = undefined;
  for (const { child, finished } of running.splice(0)) {
    child.kill('SIGINT');
    await finished;
  }
});

/** A run that serves the page and has read its capture. */
const serve = (args: readonly string[], input?: Uint8Array): Promise<string> => serveRun(running, args, input);

const read = async <T>(url: string): Promise<T> => (await fetch(url)).json() as Promise<T>;

async function alertOf(url: string, detector: string): Promise<Alert> {
  const { alerts } = await read<Overview>(`${url}/api/v1/overview`);
  return alerts.find((alert) => alert.detector === detector)!;
}

const captureOf = (url: string, { id }: Alert): string => `${url}/api/v1/alerts/${encodeURIComponent(id)}/capture`;

/** Opens the page at an alert, and waits until it says what there is to download. */
async function open(url: string, { id }: Alert, viewport: typeof DESK): Promise<string> {
  const context = await browser.newContext({ viewport, reducedMotion: 'reduce', acceptDownloads: true });
  page = await context.newPage();
  await page.goto(`${url}/#${new URLSearchParams({ v: '1', alert: id }).toString()}`);
  await page.waitForFunction(() => /\.$|:/u.test(document.querySelector('.capture')?.textContent ?? ''));
  await page.waitForFunction(() => document.querySelectorAll('.packet-lines tbody tr').length > 0);
  if (process.env['TAPLINE_SCREENSHOTS'] !== undefined) {
    const name = `alert-${viewport.width}-${String(Date.now())}.png`;
    await page.screenshot({ path: join(process.env['TAPLINE_SCREENSHOTS'], name), fullPage: true });
  }
  return page.locator('.capture').innerText();
}

async function download(): Promise<{ name: string; path: string }> {
  const [file] = await Promise.all([
    page!.waitForEvent('download'),
    page!.getByRole('link', { name: 'Download pcap' }).click(),
  ]);
  const path = join(root, file.suggestedFilename());
  await file.saveAs(path);
  return { name: file.suggestedFilename(), path };
}

/** What tshark reads of a capture, a line per packet. */
const dissected = (path: string, ...filter: string[]): string =>
  execFileSync(
    'tshark',
    [
      '-n',
      '-r',
      path,
      ...filter,
      '-T',
      'fields',
      '-e',
      'frame.time_epoch',
      '-e',
      'frame.len',
      '-e',
      'ip.src',
      '-e',
      '_ws.col.Protocol',
    ],
    { encoding: 'utf8', maxBuffer: 2 ** 30, stdio: ['ignore', 'pipe', 'ignore'] },
  );

describe.skipIf(CHROMIUM === undefined || !TSHARK)('the download of an alert', () => {
  it.each([
    ['from the file that was read', []],
    ['from the flight record', ['--record', join(root, 'record')]],
  ])('%s is what tshark selects there, on a desk and on a phone', async (_how, recording) => {
    const url = await serve([capture, ...recording]);
    for (const [viewport, detector] of [
      [DESK, 'syn-flood'],
      [PHONE, 'vertical-scan'],
    ] as const) {
      const alert = await alertOf(url, detector);
      const expected = tsharkFramesOf(capture, alert.filter);
      expect(expected.length).toBeGreaterThan(500);
      const said = await open(url, alert, viewport);
      expect(said).toContain(`${expected.length.toLocaleString('en-US')} packets`);
      expect(said).toContain(
        recording.length === 0 ? 'from office.pcap, nothing missing' : 'from the flight record, nothing missing',
      );
      const { name, path } = await download();
      expect(name).toMatch(new RegExp(`^tapline-${detector}-[0-9.-]+-\\d{8}T\\d{6}Z\\.pcapng$`));
      expect(readCapture(readFileSync(path)).frames).toEqual(expected);
      const { host } = alert.filter;
      const time = `frame.time_epoch >= ${alert.filter.fromUs / 1e6} && frame.time_epoch < ${alert.filter.toUs / 1e6}`;
      const all = dissected(path);
      expect(all.split('\n').length).toBe(expected.length + 1);
      expect(dissected(capture, '-Y', `${time} && ip.addr == ${host!}`)).toContain(all.split('\n')[0]);
      const [wide, inner] = await page!.evaluate(() => [
        document.documentElement.scrollWidth,
        document.documentElement.clientWidth,
      ]);
      expect(wide).toBeLessThanOrEqual(inner);
      await page!.context().close();
    }
  });

  it('says which time the record has lost, on the page, in the header and in the trailer', async () => {
    const record = join(root, 'small-record');
    const url = await serve([capture, '--record', record, '--record-size', '2M']);
    const { alerts } = await read<Overview>(`${url}/api/v1/overview`);
    const surveys = await Promise.all(alerts.map((alert) => read<AlertCapture>(captureOf(url, alert))));
    const index = surveys.findIndex(({ missing }) => missing.length > 0);
    // Nothing is missing only where nothing is said to be.
    for (const [at, { packets, missing }] of surveys.entries()) {
      const selected = tsharkFramesOf(capture, alerts[at]!.filter).length;
      if (missing.length === 0) expect(packets).toBe(selected);
      else expect(packets).toBeLessThanOrEqual(selected);
    }
    const survey = surveys[index]!;
    const alert = alerts[index]!;
    const said = await open(url, alert, PHONE);
    expect(said).toContain('missing');
    expect(said).toContain(survey.missing[0]!.reason);
    const answered = await new Promise<{
      headers: NodeJS.Dict<string | string[]>;
      trailers: NodeJS.Dict<string>;
      bytes: Buffer;
    }>((resolve, reject) => {
      get(`${captureOf(url, alert)}.pcapng`, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', reject);
        response.on('end', () => {
          resolve({ headers: response.headers, trailers: response.trailers, bytes: Buffer.concat(chunks) });
        });
      }).on('error', reject);
    });
    const { frames } = readCapture(answered.bytes);
    expect(frames).toHaveLength(survey.packets!);
    expect(answered.headers['x-tapline-missing']).toMatch(/^\d{4}-\d\d-\d\dT[^/]*Z\/\S* (?:rotated|markedRotated)/);
    expect(answered.trailers).toMatchObject({
      'x-tapline-packets': String(frames.length),
      'x-tapline-missing': answered.headers['x-tapline-missing'],
    });
    const whole = new Set(tsharkFramesOf(capture, alert.filter).map((frame) => JSON.stringify(frame)));
    expect(frames.every((frame) => whole.has(JSON.stringify(frame)))).toBe(true);
  });

  it('is a sentence where packets passed by once, or the file is gone or another by now', async () => {
    const piped = await serve(['-'], bundledCapture());
    const said = await open(piped, await alertOf(piped, 'syn-flood'), DESK);
    expect(said).toBe('The packets of - pass by once and were not kept: run with --record DIR to have them here.');
    expect(await page!.getByRole('link', { name: 'Download pcap' }).count()).toBe(0);

    const own = join(root, 'own.pcap');
    writeFileSync(own, bundledCapture());
    const url = await serve([own]);
    const alert = await alertOf(url, 'syn-flood');
    renameSync(own, `${own}.old`);
    expect((await read<AlertCapture>(captureOf(url, alert))).reason).toMatch(/^own\.pcap cannot be read any more/);
    writeFileSync(own, bundledCapture().subarray(0, 1_000_000));
    expect((await read<AlertCapture>(captureOf(url, alert))).reason).toMatch(/^own\.pcap is another file by now/);
    const refused = await fetch(`${captureOf(url, alert)}.pcapng`);
    expect(refused.status).toBe(404);
    expect(await refused.text()).toContain('--record DIR');
  });

  it('is refused for an alert that is not there, answers HEAD without reading, and outlives a client that leaves', async () => {
    const url = await serve([capture]);
    const alert = await alertOf(url, 'syn-flood');
    expect((await fetch(`${url}/api/v1/alerts/none/capture.pcapng`)).status).toBe(404);
    const head = await fetch(`${captureOf(url, alert)}.pcapng`, { method: 'HEAD' });
    expect([head.status, head.headers.get('x-tapline-missing')]).toEqual([200, 'none']);
    const old = execFileSync('curl', ['-s', '--http1.0', `${captureOf(url, alert)}.pcapng`], { maxBuffer: 2 ** 30 });
    expect(readCapture(old).frames.length).toBeGreaterThan(500);
    const leaving = request(`${captureOf(url, alert)}.pcapng`, (response) =>
      response.once('data', () => leaving.destroy()),
    );
    leaving.on('error', () => undefined).end();
    await new Promise((resolve) => leaving.on('close', resolve));
    const { pid } = running[0]!.child;
    if (process.platform === 'linux') await until('the file is closed', () => !openFiles(pid!).includes(capture));
    expect((await fetch(captureOf(url, alert))).status).toBe(200);
  });
});
