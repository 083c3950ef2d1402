/** The bucket of the flight recorder, over a real emulator of Cloud Storage: what is put there, when, and what is read back. */
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AlertCapture, Overview } from '@tapline/core/report/snapshot';
import { BUNDLED, bundledCapture } from '../helpers/bundled-capture.ts';
import { readCapture, type SeenFrame } from '../helpers/frames.ts';
import { MIB, readRecord, segmentPaths, segmentsOf } from '../helpers/recording.ts';
import { BUCKET, STORAGE_EMULATOR, StorageEmulator } from '../helpers/storage-emulator.ts';
import { startTapline, type Finished } from '../helpers/tapline.ts';
import { TcpProxy } from '../helpers/tcp-proxy.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';
import { until } from '../helpers/until.ts';

const PLACE = `gs://${BUCKET}/tap/one`;
const root = temporaryFolder();
const frames = STORAGE_EMULATOR ? readCapture(bundledCapture()).frames : [];
let storage: StorageEmulator;

const run = (args: readonly string[], host = storage.host): Promise<Finished> =>
  startTapline(args, undefined, { STORAGE_EMULATOR_HOST: host }).finished;
const record = (folder: string, place = PLACE, size = '24M'): string[] => [
  ...['run', BUNDLED, '--exit', '--json', '--sensor', 's', '--data', join(folder, 'data')],
  ...['--record', join(folder, 'record'), '--record-size', size, '--record-bucket', place],
];

/** Exports, and reads what was written. */
async function exported(args: readonly string[]): Promise<Finished & { frames: SeenFrame[] }> {
  const output = join(root, 'out.pcapng');
  const finished = await run(['export', '-w', output, ...args]);
  const found = finished.code === 2 ? [] : readCapture(readFileSync(output)).frames;
  return { ...finished, frames: found };
}

describe.skipIf(!STORAGE_EMULATOR)('a bucket beside the record', { timeout: 240_000 }, () => {
  const folder = join(root, 'one');
  const local = join(folder, 'record');
  beforeAll(async () => {
    storage = await StorageEmulator.start();
    const { code, stderr, stdout } = await run(record(folder));
    expect(code, stderr).toBe(0);
    const { bucket } = (JSON.parse(stdout) as { record: { bucket: object } }).record;
    const marked = segmentsOf(local).filter((entry) => entry.marked).length;
    expect(marked).toBeGreaterThan(0);
    expect(bucket).toMatchObject({ address: PLACE, waiting: 0 });
  }, 120_000);
  afterAll(() => storage.stop());

  it('has every marked segment with its index, and nothing that was not marked', async () => {
    const uploaded = segmentsOf(local).filter((entry) => entry.uploaded === PLACE);
    expect(segmentsOf(local).filter(({ marked }) => marked)).toEqual(uploaded);
    const sizes = (await storage.objects())
      .filter(({ name }) => name.endsWith('.pcapng'))
      .map(({ size }) => Number(size));
    for (const { bytes } of uploaded) expect(sizes).toContain(bytes);
    expect((await storage.objects()).filter(({ name }) => name.endsWith('.index'))).toHaveLength(sizes.length);
  });

  it('keeps what rotation drops here, and gives the same frames back', async () => {
    // 24 MiB do not hold the capture: what alerts marked is in the bucket, and only there.
    const dropped = await exported(['--record', local]);
    expect(dropped.stderr).toContain('it is in the bucket only: --from-bucket gs://… gives it');
    const both = await exported(['--record', local, '--from-bucket', PLACE]);
    expect(both.frames.length).toBeGreaterThan(dropped.frames.length);
    const gone = /missing: .*, rotated away/.test(both.stderr);
    expect(both.code).toBe(gone ? 1 : 0);
    const known = new Set(both.frames.map(({ timeUs, timeNs }) => `${timeUs}.${timeNs}`));
    const expected = frames.filter(({ timeUs, timeNs }) => known.has(`${timeUs}.${timeNs}`));
    expect(both.frames).toEqual(expected);
  });

  it('is left as it is by the same run again', async () => {
    const before = await storage.objects();
    const again = await run(record(folder));
    expect(again.code, again.stderr).toBe(0);
    expect(await storage.objects()).toEqual(before);
  });

  it('gives an alert its packets without the record, frame by frame', async () => {
    const alone = join(root, 'alone');
    const place = `gs://${BUCKET}/alone`;
    const ran = await run(record(alone, place, '2G'));
    const { alerts } = JSON.parse(ran.stdout) as { alerts: { id: string }[] };
    const whole = join(alone, 'record');
    const search = ['--data', join(alone, 'data'), '--alert'];
    const wanted = await Promise.all(alerts.map(({ id }) => exportedAlone(['--record', whole, ...search, id])));
    rmSync(whole, { recursive: true });
    for (const [index, { id }] of alerts.entries()) {
      const found = await exported(['--from-bucket', place, ...search, id]);
      expect({ code: found.code, missing: found.stderr.includes('missing') }, found.stderr).toEqual({
        code: 0,
        missing: false,
      });
      expect(found.frames.length).toBeGreaterThan(500);
      expect(found.frames).toEqual(wanted[index]);
    }
  });

  it('holds the same packets once when they are recorded again in segments of another size', async () => {
    const place = `gs://${BUCKET}/sizes`;
    for (const size of ['48M', '96M']) {
      const ran = await run(record(join(root, size), place, size));
      expect(ran.code, ran.stderr).toBe(0);
    }
    const found = await exported(['--from-bucket', place]);
    expect(found.frames.length).toBeGreaterThan(50_000);
    expect(found.frames).toEqual(frames.slice(0, found.frames.length));
  });

  it('says what is neither here nor there', async () => {
    const both = join(root, 'neither');
    const place = `gs://${BUCKET}/neither`;
    await run(record(both, place, '48M'));
    const there = segmentsOf(join(both, 'record')).findIndex(({ uploaded }) => uploaded !== undefined);
    rmSync(segmentPaths(join(both, 'record'))[there]!);
    const first = (await storage.objects()).find(
      ({ name }) => name.startsWith('neither/') && name.endsWith('.pcapng'),
    )!;
    await storage.delete(first.name);
    const found = await exported(['--record', join(both, 'record'), '--from-bucket', place]);
    expect(found.code).toBe(1);
    expect(found.stderr).toMatch(/missing: .*, it is neither in the folder nor in the bucket/);
  });

  it('is not written over: other content under the name is named', async () => {
    const own = join(root, 'own');
    await run(record(own, PLACE.replace('one', 'own'), '48M'));
    const [name] = (await storage.objects())
      .map((object) => object.name)
      .filter((one) => /tap\/own\/.*pcapng$/.test(one));
    const place = `gs://${BUCKET}/foreign`;
    await storage.put(name!.replace('tap/own', 'foreign'), 'not a capture');
    const again = await run(record(join(root, 'foreign'), place, '48M'));
    expect(again.code, again.stderr).toBe(0);
    expect(again.stderr).toMatch(/holds another content than .*: it is not replaced/);
    expect((JSON.parse(again.stdout) as { record: { bucket: object } }).record.bucket).toMatchObject({ waiting: 1 });
  });

  it('gives the page what is gone from the record', async () => {
    const started = startTapline(
      record(join(root, 'page'), PLACE.replace('one', 'page'), '48M')
        .filter((word) => !['--exit', '--json'].includes(word))
        .concat('--port', '0'),
      undefined,
      { STORAGE_EMULATOR_HOST: storage.host },
    );
    let said = '';
    started.child.stderr!.on('data', (chunk: Buffer) => (said += chunk.toString()));
    try {
      await until('the capture is read', () => said.includes('until Ctrl-C'), 60_000);
      const api = `${/the report is at (\S+)/.exec(said)![1]!}/api/v1`;
      const { alerts } = (await (await fetch(`${api}/overview`)).json()) as Overview;
      const url = `${api}/alerts/${encodeURIComponent(alerts[0]!.id)}/capture`;
      const before = (await (await fetch(url)).json()) as AlertCapture;
      for (const path of segmentPaths(join(root, 'page', 'record'))) rmSync(path);
      expect(await (await fetch(url)).json()).toEqual(before);
      const body = Buffer.from(await (await fetch(`${url}.pcapng`)).arrayBuffer());
      expect(readCapture(body).frames).toHaveLength(before.packets!);
      expect(before.packets).toBeGreaterThan(500);
    } finally {
      started.child.kill('SIGINT');
      await started.finished;
    }
  });
});

describe.skipIf(!STORAGE_EMULATOR)('a bucket that is away', { timeout: 120_000 }, () => {
  it('holds nothing up: what waits is kept, named, and taken along by the next run', async () => {
    const proxy = new TcpProxy('127.0.0.1:1');
    await proxy.open();
    await proxy.cut();
    const folder = join(root, 'away');
    const started = startTapline(record(folder, PLACE, '24M'), undefined, {
      STORAGE_EMULATOR_HOST: `127.0.0.1:${proxy.port}`,
    });
    const first = await started.finished;
    expect(first.code, first.stderr).toBe(0);
    const { ledger, record: recorded } = JSON.parse(first.stdout) as {
      ledger: { stored: number };
      record: { bucket: { uploaded: number; waiting: number; failed: string } };
    };
    expect(ledger.stored).toBe(frames.length);
    expect(recorded.bucket).toMatchObject({ uploaded: 0 });
    expect(recorded.bucket.failed).toMatch(/cannot be reached: .*ECONNREFUSED/);
    expect(first.stderr).toMatch(/cannot be reached: .*; \d+ segments wait, it is tried again/);
    const waiting = segmentsOf(join(folder, 'record')).filter(({ marked }) => marked);
    expect(waiting).toHaveLength(recorded.bucket.waiting);
    // What waits is never deleted, though the record is full.
    const paths = segmentPaths(join(folder, 'record')).filter(
      (_path, index) => segmentsOf(join(folder, 'record'))[index]!.marked,
    );
    for (const path of paths) expect(readFileSync(path).length).toBeGreaterThan(MIB / 4);
    const missing = readRecord(join(folder, 'record')).missing.map(({ reason }) => reason);
    expect(missing).not.toContain('markedRotated');

    const emulator = await StorageEmulator.start();
    try {
      const other = [
        'run',
        join(root, 'other.pcap'),
        '--exit',
        '--json',
        '--sensor',
        's',
        '--data',
        join(folder, 'data'),
      ];
      writeFileSync(join(root, 'other.pcap'), bundledCapture().subarray(0, 100_000));
      const args = [...other, '--record', join(folder, 'record'), '--record-size', '24M', '--record-bucket', PLACE];
      const next = await run(args, emulator.host);
      const { bucket } = (JSON.parse(next.stdout) as { record: { bucket: object } }).record;
      expect(bucket).toMatchObject({ waiting: 0 });
      const names = (await emulator.objects()).filter(({ name }) => name.endsWith('.pcapng'));
      expect(names.length).toBeGreaterThanOrEqual(waiting.length);
    } finally {
      await emulator.stop();
    }
    expect(readdirSync(join(folder, 'record', 's'))).not.toContain('reserve');
  });
});

async function exportedAlone(args: readonly string[]): Promise<SeenFrame[]> {
  const output = join(root, `${args.at(-1)!.replaceAll(/[^a-z0-9]/gi, '-')}.pcapng`);
  const { code, stderr } = await run(['export', '-w', output, ...args]);
  expect(code, stderr).toBe(0);
  return readCapture(readFileSync(output)).frames;
}
