import { copyFileSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FILE_HEADER, FRAME_HEADER_BYTES, PAYLOAD_BYTES_MAX } from '@tapline/capture-agent/spool/frame';
import { Spool } from '@tapline/capture-agent/spool/spool';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

const root = temporaryFolder();
const freshFolder = (): string => mkdtempSync(join(root, 'spool-'));
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const SEGMENT = '000000000001.spool';

interface Opened {
  readonly spool: Spool;
  readonly said: string[];
}

function open(folder: string, segmentBytes?: number): Opened {
  const said: string[] = [];
  const spool = new Spool({
    folder,
    ...(segmentBytes === undefined ? {} : { segmentBytes }),
    warn: (line) => said.push(line),
  });
  return { spool, said };
}

/** Everything that waits, released. */
function drain(spool: Spool): string[] {
  const texts: string[] = [];
  for (let records = spool.peek(1e6); records.length > 0; records = spool.peek(1e6)) {
    for (const { kind, payload } of records) texts.push(`${kind} ${Buffer.from(payload).toString('latin1')}`);
    spool.release(records.length);
  }
  return texts;
}

/** A folder as a killed process leaves it: copied while the process still has it open. */
function killed(folder: string): string {
  const copy = freshFolder();
  for (const name of readdirSync(folder)) copyFileSync(join(folder, name), join(copy, name));
  return copy;
}

describe('the spool', () => {
  it('gives records back in the order in which they came, across segments', async () => {
    const { spool } = open(freshFolder(), 64);
    const texts = Array.from({ length: 50 }, (_, i) => `batch number ${i}`);
    for (const text of texts) expect(spool.append('batch', bytes(text), 1e6)).toBe(true);
    expect(readdirSync(spool.folder).filter((name) => name.endsWith('.spool')).length).toBeGreaterThan(10);
    expect([spool.records, spool.batches]).toEqual([50, 50]);
    expect(drain(spool)).toEqual(texts.map((text) => `batch ${text}`));
    await spool.close();
  });

  it('hands out as many records as fit, one at least, and the same again until they are released', async () => {
    const { spool } = open(freshFolder());
    for (const text of ['aaaa', 'bbbb', 'cccc']) spool.append('batch', bytes(text), 1e6);
    const texts = (most: number, overhead = 0): string[] =>
      spool.peek(most, overhead).map(({ payload }) => Buffer.from(payload).toString());
    expect(texts(8)).toEqual(['aaaa', 'bbbb']);
    expect(texts(8, 1)).toEqual(['aaaa']);
    expect(texts(1)).toEqual(['aaaa']);
    spool.release(1);
    expect(texts(100)).toEqual(['bbbb', 'cccc']);
    await spool.close();
  });

  it('takes nothing beyond its size, and takes more when everything was released', async () => {
    const { spool } = open(freshFolder());
    const limit = FILE_HEADER.length + 2 * (FRAME_HEADER_BYTES + 10);
    const record = new Uint8Array(10);
    // The first file is made by the first record.
    expect([1, 2, 3].map(() => spool.append('heartbeat', record, limit))).toEqual([true, true, false]);
    expect(spool.records).toBe(2);
    expect(spool.bytes).toBe(limit);
    spool.peek(1e6);
    spool.release(2);
    expect(spool.append('heartbeat', record, limit)).toBe(true);
    await spool.close();
  });

  it('is a few bytes on disk whenever everything was released, and an empty folder when it is closed then', async () => {
    const { spool } = open(freshFolder(), 1000);
    for (let i = 0; i < 100; i++) spool.append('batch', new Uint8Array(100), 1e6);
    drain(spool);
    expect(spool.bytes).toBe(FILE_HEADER.length);
    await spool.close();
    expect(readdirSync(spool.folder).filter((name) => name.endsWith('.spool'))).toEqual([]);
  });

  it('frees segments while it is emptied', async () => {
    const { spool } = open(freshFolder(), 1000);
    for (let i = 0; i < 100; i++) spool.append('batch', new Uint8Array(100), 1e6);
    const before = spool.bytes;
    for (let i = 0; i < 50; i++) {
      spool.peek(1);
      spool.release(1);
    }
    expect(spool.bytes).toBeLessThan(before * 0.6);
    expect(spool.records).toBe(50);
    await spool.close();
  });

  it('keeps what was not released for the next process, and new records behind it', async () => {
    const folder = freshFolder();
    const first = open(folder).spool;
    for (const text of ['one', 'two', 'three']) first.append('batch', bytes(text), 1e6);
    first.peek(1);
    first.release(1);
    await first.close();
    const { spool, said } = open(folder);
    spool.append('heartbeat', bytes('four'), 1e6);
    // What was released from a segment that is still in use comes again: that does no harm.
    expect(drain(spool)).toEqual(['batch one', 'batch two', 'batch three', 'heartbeat four']);
    expect(said).toEqual([]);
    await spool.close();
  });

  it('refuses a second process, with a word about what to do', async () => {
    const { spool } = open(freshFolder());
    expect(() => open(spool.folder)).toThrow(/is in use by another agent: give each its own --spool/);
    await spool.close();
    await open(spool.folder).spool.close();
  });

  it('refuses foreign files under its names, and records that nobody could read back', async () => {
    const folder = freshFolder();
    writeFileSync(join(folder, SEGMENT), 'TLSPOOL9 of another version');
    expect(() => open(folder)).toThrow(/000000000001\.spool is not a spool file of this version: move it away/);
    const { spool } = open(freshFolder());
    expect(() => spool.append('batch', new Uint8Array(PAYLOAD_BYTES_MAX + 1), 1e9)).toThrow(/the spool takes 1048576/);
    await spool.close();
  });

  it('says that a folder which is a file cannot be used', () => {
    const path = join(freshFolder(), 'file');
    writeFileSync(path, '');
    expect(() => open(path)).toThrow(/cannot be used/);
  });
});

describe('a spool after a crash', () => {
  const texts = ['first', 'the second', '', 'and the third'];

  function crashedFolder(): { folder: string; whole: Buffer; ends: number[] } {
    const folder = freshFolder();
    const { spool } = open(folder);
    const ends = texts.map((text) => {
      spool.append('batch', bytes(text), 1e6);
      return spool.bytes;
    });
    const copy = killed(folder);
    return { folder: copy, whole: readFileSync(join(copy, SEGMENT)), ends };
  }

  it('has every record that was written to its end, wherever the file stops', async () => {
    const { whole, ends } = crashedFolder();
    for (let length = 0; length <= whole.length; length++) {
      const folder = freshFolder();
      writeFileSync(join(folder, SEGMENT), whole.subarray(0, length));
      const { spool, said } = open(folder);
      const complete = ends.filter((end) => end <= length).length;
      expect(drain(spool)).toEqual(texts.slice(0, complete).map((text) => `batch ${text}`));
      const wholeLength = [0, FILE_HEADER.length, ...ends].includes(length);
      expect(said.length, `cut at ${length}`).toBe(wholeLength || length < FILE_HEADER.length ? 0 : 1);
      if (said.length > 0) expect(said[0]).toMatch(/\d+ bytes of a record that was not written to its end were cut/);
      await spool.close();
    }
  });

  it('goes on behind the cut', async () => {
    const { folder, whole } = crashedFolder();
    writeFileSync(join(folder, SEGMENT), whole.subarray(0, whole.length - 1));
    const { spool } = open(folder);
    spool.append('batch', bytes('new'), 1e6);
    const { spool: again, said } = open(killed(folder));
    expect(said).toEqual([]);
    expect(drain(again)).toEqual(['batch first', 'batch the second', 'batch ', 'batch new']);
    await Promise.all([spool.close(), again.close()]);
  });

  it('loses no more than the record that is damaged, wherever a byte changed, and says so', async () => {
    const { whole, ends } = crashedFolder();
    for (let at = FILE_HEADER.length; at < whole.length; at++) {
      const folder = freshFolder();
      const damaged = Buffer.from(whole);
      damaged[at] = damaged[at]! ^ 0x55;
      writeFileSync(join(folder, SEGMENT), damaged);
      const { spool, said } = open(folder);
      const hit = ends.findIndex((end) => at < end);
      expect(drain(spool), `byte ${at}`).toEqual(texts.filter((_, i) => i !== hit).map((text) => `batch ${text}`));
      expect(said).toHaveLength(1);
      await spool.close();
    }
  });

  it('is repaired on disk: the next process finds nothing to say', async () => {
    const { folder, whole } = crashedFolder();
    const damaged = Buffer.from(whole);
    damaged[FILE_HEADER.length + 20] = 0xff;
    writeFileSync(join(folder, SEGMENT), damaged);
    const first = open(folder);
    expect(first.said).toEqual([expect.stringMatching(/damaged bytes were left out/)]);
    await first.spool.close();
    const second = open(folder);
    expect(second.said).toEqual([]);
    expect(second.spool.records).toBe(3);
    await second.spool.close();
  });

  it('is whatever a queue is, through any appends, releases, crashes and clean ends', async () => {
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.record({ do: fc.constant('append' as const), size: fc.nat(400) }) },
      { weight: 3, arbitrary: fc.record({ do: fc.constant('release' as const), most: fc.nat(900) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('crash' as const, 'close' as const) }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        let { spool } = open(freshFolder(), 700);
        let waiting: string[] = [];
        let released: string[] = [];
        let made = 0;
        for (const item of steps) {
          if (item.do === 'append') {
            const text = `${made++}:${'x'.repeat(item.size)}`;
            spool.append(made % 5 === 0 ? 'heartbeat' : 'batch', bytes(text), 1e6);
            waiting.push(text);
          } else if (item.do === 'release') {
            const records = spool.peek(item.most);
            expect(records.map(({ payload }) => Buffer.from(payload).toString())).toEqual(
              waiting.slice(0, records.length),
            );
            spool.release(records.length);
            released.push(...waiting.splice(0, records.length));
          } else {
            const { folder } = spool;
            const next = item.do === 'crash' ? killed(folder) : folder;
            await spool.close();
            spool = open(next, 700).spool;
            // Released records of a segment that was still in use may come again, oldest first.
            const again = spool.records - waiting.length;
            expect(again).toBeGreaterThanOrEqual(0);
            waiting = [...released.slice(released.length - again), ...waiting];
            released = released.slice(0, released.length - again);
          }
          expect(spool.records).toBe(waiting.length);
        }
        expect(drain(spool).map((text) => text.replace(/^\w+ /, ''))).toEqual(waiting);
        await spool.close();
      }),
      { numRuns: 60 },
    );
  });
});
