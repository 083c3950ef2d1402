/** The flight recorder: what it keeps, what it lets go, and what it says is missing. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { markRecord } from '@tapline/capture-agent/record/mark-record';
import { Recorder } from '@tapline/capture-agent/record/recorder';
import { keysOfFilter } from '@tapline/core/record/packet-keys';
import { bundledCapture } from '../../helpers/bundled-capture.ts';
import { readCapture, type SeenFrame } from '../../helpers/frames.ts';
import { EVERYTHING, MIB, readRecord, recordCapture, segmentPaths, segmentsOf } from '../../helpers/recording.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { TSHARK } from '../../helpers/tshark.ts';

const capture = bundledCapture();
const frames = readCapture(capture).frames;

const sizeOf = (folder: string): number =>
  readdirSync(join(folder, 's')).reduce((sum, name) => sum + readFileSync(join(folder, 's', name)).length, 0);

describe('a record', () => {
  const folder = temporaryFolder();

  it('gives back every frame unchanged and in order, from one segment or many', () => {
    for (const [name, sizeBytes] of [['one', 2048 * MIB] as const, ['many', 48 * MIB] as const]) {
      const into = join(folder, name);
      const summary = recordCapture(into, { source: capture, sizeBytes });
      expect(summary).toMatchObject({ packets: frames.length, lost: 0 });
      expect(summary.segments).toBe(name === 'one' ? 1 : segmentPaths(into).length);
      const found = readRecord(into);
      expect(found.missing).toEqual([]);
      expect(found.frames).toEqual(frames);
    }
    expect(segmentPaths(join(folder, 'many')).length).toBeGreaterThan(4);
  });

  it.skipIf(!TSHARK)('is made of files that Wireshark opens', () => {
    for (const path of segmentPaths(join(folder, 'many'))) {
      const text = execFileSync('capinfos', ['-c', '-M', '-T', '-r', path], { encoding: 'utf8' });
      expect(Number(text.trimEnd().split('\t').at(-1))).toBeGreaterThan(1000);
    }
  });

  it('finds by time and by host what a reader of everything finds, and reads less for it', () => {
    const [fromUs, toUs] = [frames[40_000]!.timeUs, frames[50_000]!.timeUs];
    const inTime = ({ timeUs }: SeenFrame): boolean => timeUs >= fromUs && timeUs < toUs;
    const byTime = readRecord(join(folder, 'one'), { fromUs, toUs });
    expect(byTime.frames.filter(inTime)).toEqual(frames.filter(inTime));
    expect(byTime.frames.length).toBeLessThan(frames.length / 2);

    const keys = keysOfFilter({ ...EVERYTHING, host: '203.0.113.66' });
    const hex = 'cb007142';
    const byHost = readRecord(join(folder, 'one'), { keys });
    const isOfHost = ({ bytes }: SeenFrame): boolean => [bytes.slice(52, 60), bytes.slice(60, 68)].includes(hex);
    expect(byHost.frames.filter(isOfHost)).toEqual(frames.filter(isOfHost));
    expect(byHost.frames.length).toBeLessThan(frames.length / 2);
  });

  it('is read while it is written', () => {
    const into = join(folder, 'written');
    let seen = 0;
    recordCapture(into, {
      source: capture,
      between: () => {
        const now = readRecord(into).frames;
        expect(now).toEqual(frames.slice(0, now.length));
        seen = now.length;
      },
    });
    expect(seen).toBeGreaterThan(80_000);
  });

  it('is written by one process at a time', () => {
    const options = { folder, sensor: 'locked', recording: 'x', sizeBytes: MIB, warn: () => undefined };
    const first = new Recorder(options);
    expect(() => new Recorder(options)).toThrow('another process records');
    first.close();
    new Recorder(options).close();
  });

  it('has the same packets once, however often they are recorded; other recordings stay', () => {
    const into = join(folder, 'again');
    recordCapture(into, { recording: 'other', source: capture.subarray(0, 24) });
    recordCapture(into, { recording: 'other', source: capture.subarray(0, 3 * MIB) });
    recordCapture(into, { source: capture });
    recordCapture(into, { source: capture });
    const found = readRecord(into);
    expect(found.missing).toEqual([]);
    const other = readCapture(capture.subarray(0, 3 * MIB)).frames;
    expect(found.frames).toEqual([...other, ...frames]);
  });

  it('says what a second recording of the same packets did not reach', () => {
    const into = join(folder, 'shorter');
    recordCapture(into, { source: capture });
    recordCapture(into, { source: capture.subarray(0, 5 * MIB) });
    const { frames: found, missing } = readRecord(into);
    const [fromUs, toUs] = [Math.max(...found.map(({ timeUs }) => timeUs)), frames.at(-1)!.timeUs];
    expect(missing).toEqual([{ reason: 'replaced', fromUs, toUs }]);
  });
});

describe('a record that is full', () => {
  const folder = temporaryFolder();

  it('lets the oldest go, stays within its size, and says which time is missing', () => {
    recordCapture(folder, { source: capture, sizeBytes: 8 * MIB });
    expect(sizeOf(folder)).toBeLessThan(8 * MIB);
    const { frames: found, missing } = readRecord(folder);
    expect(found.length).toBeGreaterThan(10_000);
    expect(found).toEqual(frames.slice(-found.length));
    expect(missing).toHaveLength(1);
    expect(missing[0]).toMatchObject({ reason: 'rotated', fromUs: frames[0]!.timeUs });
    const keptFromUs = Math.min(...found.map(({ timeUs }) => timeUs));
    expect(Math.abs(missing[0]!.toUs - keptFromUs)).toBeLessThan(1e6);
    expect(readRecord(folder, { fromUs: missing[0]!.toUs + 1 }).missing).toEqual([]);
  });

  it('keeps what an alert marked, while it runs', () => {
    const into = join(folder, 'marked');
    const [fromUs, toUs] = [frames[3000]!.timeUs, frames[3400]!.timeUs];
    recordCapture(into, {
      source: capture,
      sizeBytes: 8 * MIB,
      between: (recorder) => {
        recorder.mark(fromUs, toUs);
      },
    });
    const { frames: found, missing } = readRecord(into, { fromUs, toUs });
    expect(missing).toEqual([]);
    const inTime = ({ timeUs }: SeenFrame): boolean => timeUs >= fromUs && timeUs < toUs;
    expect(found.filter(inTime)).toEqual(frames.filter(inTime));
    expect(readRecord(into).missing.map(({ reason }) => reason)).toContain('rotated');
  });

  it('lets the oldest marked go when most are marked, so that there is room for what comes, and says so once', () => {
    const warnings: string[] = [];
    const into = join(folder, 'all-marked');
    const marker = (recorder: Recorder): void => {
      recorder.mark(-Infinity, Infinity);
    };
    recordCapture(into, { source: capture, sizeBytes: 8 * MIB, between: marker, warnings });
    expect(sizeOf(into)).toBeLessThan(8 * MIB);
    expect(warnings).toEqual([expect.stringContaining('most of the record is marked by alerts')]);
    expect(readRecord(into).missing).toContainEqual(expect.objectContaining({ reason: 'markedRotated' }));
    const markedBytes = segmentsOf(into).reduce((sum, { marked, bytes }) => sum + (marked ? bytes : 0), 0);
    expect(markedBytes).toBeGreaterThan(3 * MIB);
    expect(readRecord(into).frames.at(-1)).toEqual(frames.at(-1));
  });

  it('keeps marks that were set when nobody recorded', () => {
    const into = join(folder, 'later');
    recordCapture(into, { source: capture.subarray(0, 6 * MIB), sizeBytes: 16 * MIB });
    markRecord(into, 's', [{ fromUs: frames[0]!.timeUs, toUs: frames[10]!.timeUs }], () => undefined);
    expect(segmentsOf(into).map(({ marked }) => marked)).toEqual([
      true,
      ...segmentsOf(into)
        .slice(1)
        .map(() => false),
    ]);
    recordCapture(into, { source: capture, recording: 'two', sizeBytes: 16 * MIB });
    expect(segmentsOf(into)[0]).toMatchObject({ recording: 'one', marked: true });
  });
});
