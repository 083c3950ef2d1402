/** Records that a kill, a damage, a hand or a full disk left less than whole. */
import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { indexPath } from '@tapline/capture-agent/record/segment-index';
import { bundledCapture } from '../../helpers/bundled-capture.ts';
import { readCapture } from '../../helpers/frames.ts';
import { MIB, readRecord, recordCapture, segmentPaths, segmentsOf } from '../../helpers/recording.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

const capture = bundledCapture();
const frames = readCapture(capture).frames;

describe('a record that was damaged', () => {
  const folder = temporaryFolder();

  /** A recorder in a process of its own, which is killed in the middle. */
  function recordAndKill(into: string): void {
    const script = `
      import { Recorder } from '@tapline/capture-agent/record/recorder';
      import { Batcher } from '@tapline/capture-agent/batcher';
      import { zstd } from '@tapline/adapters/codec/zstd';
      import { CaptureReader } from '@tapline/core/pcap/capture-reader';
      import { bundledCapture } from './test/helpers/bundled-capture.ts';
      const [folder] = process.argv.slice(1);
      const recorder = new Recorder({ folder, sensor: 's', recording: 'one', sizeBytes: 2 ** 31, warn: () => undefined });
      const options = { sensor: 's', session: 'x', windowUs: 10e6, allowedLatenessUs: 60e6, codec: zstd, recorder };
      const reader = new CaptureReader(new Batcher(options, () => undefined));
      reader.feed(bundledCapture().subarray(0, 10 * 2 ** 20));
      process.kill(process.pid, 'SIGKILL');`;
    const root = join(import.meta.dirname, '../../..');
    const { signal, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script, into], { cwd: root });
    expect(signal, stderr.toString()).toBe('SIGKILL');
  }

  it('survives kill -9: whole packets stay, a torn tail is cut, the end is unknown until the next recording', () => {
    recordAndKill(folder);
    const path = segmentPaths(folder)[0]!;
    expect(segmentsOf(folder)).toEqual([expect.objectContaining({ open: true })]);
    const whole = readRecord(folder).frames;
    expect(whole.length).toBeGreaterThan(20_000);
    expect(whole).toEqual(frames.slice(0, whole.length));
    const size = readFileSync(path).length;
    // The last packet is torn, and half of another follows.
    truncateSync(path, size - 5);
    appendFileSync(path, Buffer.from('0600000040000000', 'hex'));
    expect(readRecord(folder).frames).toEqual(frames.slice(0, whole.length - 1));

    const warnings: string[] = [];
    recordCapture(folder, { recording: 'two', source: capture.subarray(0, 24), warnings });
    expect(warnings).toEqual([expect.stringMatching(/bytes of an unfinished packet were cut/)]);
    expect(existsSync(indexPath(path))).toBe(true);
    const after = readRecord(folder);
    expect(after.frames).toEqual(frames.slice(0, whole.length - 1));
    const fromUs = Math.max(...after.frames.map(({ timeUs }) => timeUs));
    expect(after.missing).toEqual([{ reason: 'killed', fromUs, toUs: Infinity }]);
    expect(readRecord(folder, { toUs: fromUs }).missing).toEqual([]);
  });

  it('is found again by its files when the manifest is gone or says nothing', () => {
    for (const text of ['', undefined]) {
      const into = join(folder, `without-${String(text)}`);
      recordCapture(into, { source: capture, sizeBytes: 48 * MIB });
      const count = segmentPaths(into).length;
      const manifest = join(into, 's', 'record.json');
      rmSync(manifest);
      if (text !== undefined) writeFileSync(manifest, text);
      expect(() => readRecord(into)).toThrow('holds no record');
      recordCapture(into, { recording: 'none', source: capture.subarray(0, 24), sizeBytes: 64 * MIB });
      expect(segmentPaths(into)).toHaveLength(count);
      expect(readRecord(into).frames).toEqual(frames);
    }
  });

  it('names the time of a segment that somebody deleted, read-only and when it is opened again', () => {
    const into = join(folder, 'deleted');
    recordCapture(into, { source: capture, sizeBytes: 48 * MIB });
    const { serial, fromUs, toUs, packets } = segmentsOf(into)[2]!;
    rmSync(segmentPaths(into)[2]!);
    const gap = { reason: 'deleted', fromUs, toUs };
    const before = readRecord(into);
    expect(before.missing).toEqual([gap]);
    expect(before.frames).toHaveLength(frames.length - packets);
    recordCapture(into, { recording: 'none', source: capture.subarray(0, 24), sizeBytes: 64 * MIB });
    expect(segmentsOf(into).map((entry) => entry.serial)).not.toContain(serial);
    expect(readRecord(into).missing).toEqual([gap]);
  });

  it('reads around damage in the middle and says which time it cost', () => {
    const into = join(folder, 'damaged');
    recordCapture(into, { source: capture });
    const path = segmentPaths(into)[0]!;
    const bytes = readFileSync(path);
    bytes.fill(0xff, 5 * MIB, 5 * MIB + 200_000);
    writeFileSync(path, bytes);
    const { frames: found, missing } = readRecord(into);
    expect(found.length).toBeGreaterThan(80_000);
    expect(missing.length).toBeGreaterThan(0);
    for (const { reason, fromUs, toUs } of missing) {
      expect(reason).toBe('damaged');
      expect(toUs - fromUs).toBeLessThan(30e6);
    }
  });

  it('is read whole when its index is gone', () => {
    const into = join(folder, 'unindexed');
    recordCapture(into, { source: capture });
    rmSync(indexPath(segmentPaths(into)[0]!));
    expect(readRecord(into)).toEqual({ frames, missing: [] });
  });

  it('of another version is left alone', () => {
    const into = join(folder, 'newer');
    recordCapture(into, { source: capture.subarray(0, MIB) });
    writeFileSync(join(into, 's', 'record.json'), '{"version":2,"segments":[],"gaps":[]}');
    expect(() => recordCapture(into, { source: capture })).toThrow('of another version of Tapline');
  });
});

describe('a full disk', () => {
  const folder = temporaryFolder();
  const mounted = ((): boolean => {
    if (
      process.getuid?.() === 0 &&
      spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', folder]).status === 0
    ) {
      return true;
    }
    if (process.env['REQUIRE_SERVICES'] === '1')
      throw new Error('REQUIRE_SERVICES=1, but no small disk can be mounted');
    console.warn('no small disk can be mounted (that needs root): the test of a full disk is SKIPPED');
    return false;
  })();

  it.skipIf(!mounted)('stops the recording with one warning, not the capture, and what is missing is known', () => {
    try {
      const warnings: string[] = [];
      const summary = recordCapture(folder, { source: capture, warnings });
      expect(warnings).toEqual([expect.stringMatching(/stopped: the disk is full; the capture goes on without it/)]);
      expect(summary.packets + summary.lost).toBe(frames.length);
      const found = readRecord(folder);
      expect(found.frames).toHaveLength(summary.packets);
      expect(found.frames).toEqual(frames.slice(0, summary.packets));
      const fromUs = Math.max(...found.frames.map(({ timeUs }) => timeUs));
      const toUs = Math.max(...frames.map(({ timeUs }) => timeUs));
      expect(found.missing).toEqual([{ reason: 'disk', fromUs, toUs }]);
      expect(existsSync(indexPath(segmentPaths(folder)[0]!))).toBe(true);
    } finally {
      spawnSync('umount', [folder]);
    }
  });
});
