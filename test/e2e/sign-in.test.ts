/**
 * Signing in to the report: the page in real Chromium under the policy of firebase.json, accounts and tokens of Firebase's
 * own emulator. Its tokens are unsigned, which the function refuses; so on the way back the test signs what they say, with
 * a key that the function is told to trust.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page, Route } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { noCodec } from '@tapline/core/wire/no-codec';
import { createReaderCheck } from '@tapline/functions/entry/id-token';
import { gated } from '@tapline/functions/entry/report-gate';
import { createReport } from '@tapline/functions/stages/report';
import type { PacketFilter } from '@tapline/core/detect/alert';
import type { DownloadBody, FrameShelf, OpenedFrames } from '@tapline/functions/stages/report/capture';
import { openShelf } from '../../embedded/src/export/frame-shelf.ts';
import { startServer, type RunningServer } from '../../embedded/src/server/http-server.ts';
import { buildReport } from '../../report/build.ts';
import { makeReportData, type ReportData } from '../fixtures/report-data.ts';
import { CHROMIUM, launchChromium } from '../helpers/chromium.ts';
import { HAS_FIREBASE, startEmulator, type Emulator } from '../helpers/firebase-emulators.ts';
import { PROJECT, serveKeys, sign } from '../helpers/id-tokens.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

const READER = 'reader@example.org';
const TOOL = join(import.meta.dirname, '../../tools/report-reader.ts');
const BUNDLED = join(import.meta.dirname, '../../captures/office-under-attack.pcap.zst');
const folder = temporaryFolder();
const keys = await serveKeys();

let started: Emulator | undefined;
let server: RunningServer;
let browser: Browser;
let page: Page;
let data: ReportData;
/** Real packets for alerts that are made: those of the bundled capture. */
let shelf: FrameShelf;
const ALL: PacketFilter = { fromUs: 0, toUs: 2 ** 52 };
let breaksOff = false;
/** What the browser complained of. */
let offences: string[];

const emulator = (): string => started!.address;

/** `npm run reader`, on the emulator. */
function reader(...words: string[]): { status: number | null; stdout: string; stderr: string } {
  const env = { ...process.env, FIREBASE_AUTH_EMULATOR_HOST: started?.address };
  return spawnSync(process.execPath, [TOOL, ...words], { encoding: 'utf8', env });
}

async function openFrames(sensor: string): Promise<OpenedFrames | undefined> {
  const opened = await shelf.open(sensor, ALL);
  return opened && breaksOff ? { ...opened, body: brokenOff(opened.body) } : opened;
}

async function* brokenOff(body: DownloadBody): DownloadBody {
  yield (await body.next()).value as Uint8Array;
  throw new Error('the disk went away');
}

async function framesOf(from: FrameShelf): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  // The reader may use a piece again for the next one.
  for await (const piece of (await from.open('any', ALL))!.body) pieces.push(piece.slice());
  return Buffer.concat(pieces);
}

const unsigned = (token: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as Record<string, unknown>;

/** Takes a request to Google's service to the emulator, and signs the token that comes back. */
async function relay(route: Route): Promise<void> {
  const request = route.request();
  const url = new URL(request.url());
  const type = request.headers()['content-type'] ?? '';
  const answer = await fetch(`http://${emulator()}/${url.host}${url.pathname}${url.search}`, {
    method: request.method(),
    headers: { 'Content-Type': type, Origin: server.url },
    body: request.method() === 'POST' ? request.postData() : null,
  });
  const said = (await answer.json().catch(() => ({}))) as Record<string, string>;
  for (const name of ['idToken', 'id_token']) {
    if (said[name] !== undefined) said[name] = await sign(unsigned(said[name]));
  }
  await route.fulfill({
    status: answer.status,
    headers: {
      'Content-Type': 'application/json',
      'Access-Control-Allow-Origin': '*',
      'Access-Control-Allow-Headers': '*',
    },
    body: JSON.stringify(said),
  });
}

/** Chooses the password behind the link of the last mail, as the reader would in the mail's page. */
async function choosePassword(password: string): Promise<void> {
  const { oobCodes } = (await (
    await fetch(`http://${emulator()}/emulator/v1/projects/${PROJECT}/oobCodes`)
  ).json()) as {
    oobCodes: { email: string; oobLink: string }[];
  };
  const { oobLink, email } = oobCodes.at(-1)!;
  expect(email).toBe(READER);
  const answer = await fetch(`${oobLink}&newPassword=${encodeURIComponent(password)}`);
  expect(answer.status).toBe(200);
}

async function signIn(password: string): Promise<void> {
  await page.getByLabel('E-mail').fill(READER);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

const message = (): Promise<string | null> => page.locator('.sign-in-message').textContent();

describe.runIf(HAS_FIREBASE && CHROMIUM !== undefined)('the report with a sign-in', () => {
  beforeAll(async () => {
    started = await startEmulator('auth', PROJECT, folder);
    await buildReport(join(folder, 'dist'));
    data = await makeReportData({ minutes: 6, extraAlerts: [] });
    shelf = await openShelf({ source: BUNDLED, follow: false });
    const api = createReport({
      results: data.results,
      packets: data.batches,
      ledger: data.ledger,
      codecs: [noCodec],
      frames: {
        survey: (sensor) => shelf.survey(sensor, ALL),
        open: openFrames,
        look: shelf.look.bind(shelf),
      },
    });
    const check = createReaderCheck(PROJECT, keys.url);
    const guarded = gated(api, { perMinute: 600, signIn: { way: { kind: 'firebase', apiKey: 'any' }, check } });
    server = await startServer({ port: 0, api: guarded, staticDir: join(folder, 'dist') });
    browser = await launchChromium();
  }, 120_000);
  afterAll(async () => {
    await browser.close();
    await server.close();
    await started?.stop();
  });
  beforeEach(async () => {
    offences = [];
    page = await (await browser.newContext({ viewport: { width: 360, height: 800 } })).newPage();
    await page.route(/^https:\/\/(identitytoolkit|securetoken)\.googleapis\.com\//u, relay);
    page.on('console', (line) => {
      // The browser itself says every 4xx, and the first one is how the page learns that it must ask who reads.
      if (!line.text().startsWith('Failed to load resource')) offences.push(line.text());
    });
    page.on('pageerror', (error) => offences.push(error.message));
    return async () => {
      await page.context().close();
      expect(offences).toEqual([]);
    };
  });

  it('is nobody’s until `npm run reader` says so; then the reader chooses a password and signs in', async () => {
    await page.goto(server.url);
    await page.getByRole('heading', { name: 'Sign in to Tapline' }).waitFor();
    expect(await message()).toBe('sign in to read the report');
    await signIn('whatever');
    await expect.poll(message).toBe('Address and password do not belong together.');

    const granted = reader(READER, 'viewer', '--project', PROJECT);
    expect(granted.stdout, granted.stderr).toBe(
      `${READER} is viewer; a mail is on its way with which to choose a password\n`,
    );
    await choosePassword('correct horse');
    await signIn('correct horse');
    await page.waitForSelector('.books.balanced');
  });

  it('stays signed in over a reload, with a token that is renewed, and forgets at once when the reader signs out', async () => {
    await page.goto(server.url);
    await signIn('correct horse');
    await page.waitForSelector('.books.balanced');
    const renewed = page.waitForRequest(/securetoken/u);
    await page.reload();
    await renewed;
    await page.waitForSelector('.books.balanced');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in to Tapline' }).waitFor();
    expect(await page.evaluate('sessionStorage.length')).toBe(0);
    await page.reload();
    await page.getByRole('heading', { name: 'Sign in to Tapline' }).waitFor();
  });

  it('downloads the packets behind an alert for an analyst, and tells a viewer whom to ask', async () => {
    const { alerts } = data;
    const open = async (): Promise<void> => {
      await page.goto(`${server.url}/#${new URLSearchParams({ v: '1', alert: alerts[0]!.id }).toString()}`);
      await signIn('correct horse');
      await page.getByRole('button', { name: 'Download pcap' }).waitFor();
    };
    const failure = (): Promise<string | null> => page.locator('.capture [role=alert]').textContent();
    await open();
    await page.getByRole('button', { name: 'Download pcap' }).click();
    await expect
      .poll(failure)
      .toBe("Not downloaded: this needs the role analyst, and yours is viewer: ask the report's owner");

    expect(reader(READER, 'analyst', '--project', PROJECT).stdout).toContain(`${READER} is analyst`);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in to Tapline' }).waitFor();
    await open();
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download pcap' }).click(),
    ]);
    expect(file.suggestedFilename()).toMatch(/^tapline-[a-z-]+-[0-9A-Za-z.-]+\.pcapng$/);
    const path = join(folder, 'downloaded.pcapng');
    await file.saveAs(path);
    const expected = await framesOf(shelf);
    expect(expected.length).toBeGreaterThan(1_000_000);
    expect(readFileSync(path).equals(expected)).toBe(true);
    await expect.poll(() => page.locator('.capture').textContent()).toMatch(/Downloaded [\d.]+\sMB\./);

    breaksOff = true;
    await page.getByRole('button', { name: 'Download pcap' }).click();
    await expect.poll(failure).toBe('Not downloaded: the connection broke off; try again.');
    breaksOff = false;
  });

  it('sends a new password on demand', async () => {
    await page.goto(server.url);
    await page.getByLabel('E-mail').fill(READER);
    await page.getByRole('button', { name: 'Send me a new password' }).click();
    await expect.poll(message).toBe(`A mail is on its way to ${READER}.`);
    await choosePassword('battery staple');
    await signIn('battery staple');
    await page.waitForSelector('.books.balanced');
  });

  it('says to somebody who has an account and no role whom to ask', async () => {
    expect(reader(READER, 'none', '--project', PROJECT).stdout).toBe(`${READER} may not read the report any more\n`);
    await page.goto(server.url);
    await signIn('battery staple');
    await expect.poll(message).toBe('your account may not read this report: ask its owner for the role viewer');
  });

  it('refuses the emulator’s own tokens, which nobody signed', async () => {
    const url = `http://${emulator()}/identitytoolkit.googleapis.com/v1/accounts:signInWithPassword?key=any`;
    const body = JSON.stringify({ email: READER, password: 'battery staple', returnSecureToken: true });
    const answer = await fetch(url, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
    const { idToken } = (await answer.json()) as { idToken: string };
    const headers = { authorization: `Bearer ${idToken}` };
    expect((await fetch(`${server.url}/api/v1/overview`, { headers })).status).toBe(401);
  });
});

describe('npm run reader', () => {
  it('explains itself, and says in a line what is wrong', () => {
    expect(reader('--help')).toMatchObject({ status: 0, stdout: expect.stringContaining('analyst') as string });
    for (const words of [
      [],
      [READER],
      [READER, 'owner', '--project', 'p'],
      ['nobody', 'viewer', '--project', 'p'],
      ['--nonsense'],
    ]) {
      const { status, stderr } = reader(...words);
      expect([status, stderr.trimEnd().split('\n').length], stderr).toEqual([2, 1]);
    }
  });
});
