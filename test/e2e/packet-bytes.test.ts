/** The bytes of a packet on the page, in real Chromium over real runs: what tshark reads, where it comes from, and why not. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { PacketBytes } from '@tapline/core/report/packet-bytes';
import type { Overview, PacketLine, PacketPage } from '@tapline/core/report/snapshot';
import { bundledCapture } from '../helpers/bundled-capture.ts';
import { CHROMIUM, launchChromium } from '../helpers/chromium.ts';
import { DESK, PageReader, PHONE } from '../helpers/page-reader.ts';
import { serveRun } from '../helpers/served-run.ts';
import type { Started } from '../helpers/tapline.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';
import { TSHARK } from '../helpers/tshark.ts';

const root = temporaryFolder();
const capture = join(root, 'office.pcap');
const running: Started[] = [];
let browser: Browser;

beforeAll(async () => {
  writeFileSync(capture, bundledCapture());
  browser = await launchChromium();
});
afterAll(() => browser.close());
afterEach(async () => {
  for (const { child, finished } of running.splice(0)) {
    child.kill('SIGINT');
    await finished;
  }
});

const serve = (args: readonly string[], input?: Uint8Array): Promise<string> => serveRun(running, args, input);

const read = async <T>(url: string): Promise<T> => (await fetch(url)).json() as Promise<T>;

const bytesOf = (url: string, { session, number, timeUs }: PacketLine): Promise<PacketBytes> => {
  const parameters = new URLSearchParams({ session, number: String(number), at: String(timeUs) });
  return read(`${url}/api/v1/packet/bytes?${parameters.toString()}`);
};

/** Every frame of a capture in hex, as tshark reads it, by its number. */
const hexOfTshark = (path: string): string[] =>
  execFileSync('tshark', ['-r', path, '-T', 'jsonraw', '-j', 'frame'], { encoding: 'utf8', maxBuffer: 2 ** 30 })
    .split('"frame_raw": [')
    .slice(1)
    .map((part) => /"([0-9a-f]*)"/u.exec(part)![1]!);

/** Two packets of UDP whose payload is what nobody wants to see interpreted. */
function hostileCapture(): Buffer {
  const text = Buffer.from('<img src=x onerror=alert(1)>\u202e</pre><script>alert(2)</script>\r\n\0\x1b[31m');
  const udp = Buffer.alloc(8);
  [5000, 53, 8 + text.length, 0].forEach((value, index) => udp.writeUInt16BE(value, 2 * index));
  const ip = Buffer.from('4500000000010000401100000a0000010a000002', 'hex');
  ip.writeUInt16BE(28 + text.length, 2);
  const frame = Buffer.concat([Buffer.from('0200000000020200000000010800', 'hex'), ip, udp, text]);
  const header = Buffer.from('d4c3b2a1020004000000000000000000ffff000001000000', 'hex');
  const record = (us: number): Buffer => {
    const head = Buffer.alloc(16);
    [1_500_000_000, us, frame.length, frame.length].forEach((value, index) => head.writeUInt32LE(value, 4 * index));
    return Buffer.concat([head, frame]);
  };
  return Buffer.concat([header, record(10), record(10), record(30)]);
}

describe.runIf(CHROMIUM !== undefined)('the bytes of a packet', () => {
  it.runIf(TSHARK).each([
    ['the file that was read', [], 'office.pcap'],
    ['the flight record', ['--record', join(root, 'record')], 'the flight record'],
  ])('from %s are those that tshark reads', async (_how, recording, from) => {
    const url = await serve([capture, ...recording]);
    const frames = hexOfTshark(capture);
    for (const query of ['tcp', 'udp', 'arp', 'icmp', 'tcp and flags P.']) {
      const { packets } = await read<PacketPage>(`${url}/api/v1/search?limit=7&q=${encodeURIComponent(query)}`);
      expect(packets.length, query).toBeGreaterThan(0);
      for (const packet of packets) {
        const found = await bytesOf(url, packet);
        expect(found, `${query} ${packet.number}`).toMatchObject({ from, reason: null, alike: 1 });
        expect(found.hex).toBe(frames[packet.number - 1]);
        expect(found.capturedLength).toBe(found.hex.length / 2);
      }
    }
    expect((await fetch(`${url}/api/v1/packet/bytes?session=x&number=1&at=5`)).status).toBe(404);
    expect((await fetch(`${url}/api/v1/packet/bytes`)).status).toBe(400);
  });

  it.each([
    ['light', DESK],
    ['dark', PHONE],
  ] as const)('open behind an alert by the keyboard, in %s, and fit', async (colorScheme, viewport) => {
    const url = await serve([capture]);
    const { alerts } = await read<Overview>(`${url}/api/v1/overview`);
    const hash = `#${new URLSearchParams({ v: '1', page: 'alert', of: alerts[0]!.id }).toString()}`;
    const reader = await PageReader.open(browser, url, hash, { viewport, colorScheme });
    const { page } = reader;
    await page.locator('.open-packet').nth(3).focus();
    await page.keyboard.press('Enter');
    await page.waitForSelector('.hex .hex-line');
    const number = await page.locator('.open-packet').nth(3).innerText();
    expect(await page.locator('#packet-title').innerText()).toBe(`Packet ${number}`);
    expect(await page.locator('.open-packet').nth(3).getAttribute('aria-expanded')).toBe('true');
    expect(await page.locator('.hex-layers').innerText()).toMatch(/^Ethernet 0–13\s+IPv4 14–33\s+TCP 34–/u);
    expect(await page.locator('.hex').innerText()).toMatch(/^0x0000 {2}(?:[0-9a-f]{2} ){8}/u);
    expect(await reader.overhang()).toBeLessThanOrEqual(0);
    expect(await reader.violations()).toEqual([]);
    await page.keyboard.press('Enter');
    await page.waitForSelector('.hex', { state: 'detached' });
    expect(reader.offences).toEqual([]);
    await reader.close();
  });

  it('that are hostile are text in their column, and two frames of one moment are said to be two', async () => {
    const path = join(root, 'hostile.pcap');
    writeFileSync(path, hostileCapture());
    const url = await serve([path]);
    const reader = await PageReader.open(browser, url, '#v=1&page=packets&q=udp', { viewport: PHONE });
    const { page } = reader;
    await page.locator('.packet-lines').focus();
    for (const key of ['ArrowDown', 'Enter']) await page.keyboard.press(key);
    await page.waitForSelector('.hex .hex-line');
    const text = await page.locator('.hex').innerText();
    const letters = text
      .split('\n')
      .map((line) => line.slice(-8))
      .join('');
    expect(letters).toContain('<img src=x onerror=alert(1)>...</pre><script>');
    expect(text).not.toMatch(/[^\x20-\x7e\n]/u);
    expect(await page.locator('#app img, #app script').count()).toBe(0);
    expect(await page.locator('.panel-packet').innerText()).toContain('2 frames of this moment have the same headers');
    expect(await reader.overhang()).toBeLessThanOrEqual(0);
    expect(await reader.violations()).toEqual([]);
    expect(reader.offences).toEqual([]);
    await reader.close();
  });

  it('are a sentence where packets passed by once', async () => {
    const url = await serve(['-'], bundledCapture());
    const reader = await PageReader.open(browser, url, '#v=1&page=packets&q=udp');
    await reader.page.locator('.packet-lines tbody tr').nth(1).locator('td').nth(1).click();
    await reader.page.waitForFunction(() =>
      document.querySelector('.panel-packet')?.textContent.includes('--record DIR'),
    );
    expect(await reader.page.locator('.panel-packet .hint').innerText()).toMatch(/^The packets of - pass by once/u);
    expect(await reader.page.locator('.packet-fields').innerText()).toContain('destinationPort');
    await reader.close();
  });
});
