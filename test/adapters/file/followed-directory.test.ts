import { appendFileSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { followDirectory } from '@tapline/adapters/file/followed-directory';
import { concat, pcapFile, pcapHeader, pcapRecord } from '../../fixtures/pcap-writer.ts';
import { ReadPieces } from '../../helpers/read-pieces.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { until } from '../../helpers/until.ts';

const root = temporaryFolder();
const packet = (seconds: number) => ({ seconds, fraction: 0, bytes: new Uint8Array(60), wireLength: 60 });
const capture = (...seconds: number[]): Uint8Array => pcapFile(seconds.map(packet));
const records = (...seconds: number[]): Uint8Array => concat(...seconds.map((second) => pcapRecord(packet(second))));
let folders = 0;
const following: AbortController[] = [];

afterEach(() => {
  for (const each of following.splice(0)) each.abort(new Error('the test is over'));
});

/** A folder that is followed from now on. */
class Followed {
  readonly folder = join(root, `folder-${++folders}`);
  readonly pieces = new ReadPieces();
  readonly warned: string[] = [];
  readonly abort = new AbortController();
  reading: Promise<unknown> = Promise.resolve();

  constructor(before: Readonly<Record<string, Uint8Array>> = {}) {
    mkdirSync(this.folder);
    for (const [name, bytes] of Object.entries(before)) this.write(name, bytes);
  }

  start(): this {
    following.push(this.abort);
    const source = followDirectory(this.folder, { signal: this.abort.signal, warn: (line) => this.warned.push(line) });
    this.reading = this.pieces.read(source);
    this.reading.catch(() => undefined);
    return this;
  }

  write(name: string, bytes: Uint8Array): void {
    writeFileSync(join(this.folder, name), bytes);
  }

  append(name: string, bytes: Uint8Array): void {
    appendFileSync(join(this.folder, name), bytes);
  }

  async hasRead(...seconds: number[]): Promise<void> {
    const read = (): number[] => this.pieces.frames.map(({ timeUs }) => timeUs / 1e6);
    await until(`${seconds.join()} are read`, () => read().length >= seconds.length);
    expect(read()).toEqual(seconds);
  }
}

describe('followDirectory', () => {
  it('reads what is there, then the newest capture while it grows, then the next one', async () => {
    const followed = new Followed({ 'b.pcap': capture(3), 'a.pcap': capture(1, 2) }).start();
    await followed.hasRead(1, 2, 3);
    followed.append('b.pcap', records(4));
    await followed.hasRead(1, 2, 3, 4);
    followed.append('b.pcap', records(5));
    followed.write('c.pcap', new Uint8Array(0));
    followed.append('c.pcap', pcapHeader());
    followed.append('c.pcap', records(6).subarray(0, 30));
    followed.append('c.pcap', records(6).subarray(30));
    await followed.hasRead(1, 2, 3, 4, 5, 6);
    expect(followed.pieces.names).toEqual(['a.pcap', 'b.pcap', 'c.pcap']);
    followed.abort.abort(new Error('enough'));
    await expect(followed.reading).rejects.toThrow('enough');
    expect(followed.pieces.fault).toBeUndefined();
  });

  it('waits in an empty folder', async () => {
    const followed = new Followed().start();
    followed.write('README', Buffer.from('what is written here'));
    followed.write('a.pcap', capture(1));
    await followed.hasRead(1);
  });

  it('reads a ring of files round after round', async () => {
    const followed = new Followed({ ring0: capture(1), ring1: capture(2) }).start();
    await followed.hasRead(1, 2);
    followed.write('ring0', capture(3, 4));
    await followed.hasRead(1, 2, 3, 4);
    followed.write('ring1', capture(5));
    await followed.hasRead(1, 2, 3, 4, 5);
    expect(followed.pieces.faults).toEqual([]);
  });

  it('reads no capture twice that is compressed after it was written, and one that was compressed before', async () => {
    const followed = new Followed({ 'a.pcap': capture(1) }).start();
    await followed.hasRead(1);
    followed.write('b.pcap', capture(2));
    await followed.hasRead(1, 2);
    followed.write('a.pcap.gz', gzipSync(capture(1)));
    rmSync(join(followed.folder, 'a.pcap'));
    followed.write('other.gz', gzipSync(capture(3)));
    await followed.hasRead(1, 2, 3);
    expect(followed.pieces.names).toEqual(['a.pcap', 'b.pcap', 'other.gz']);
  });

  it('leaves a capture that is moved away, once it is read', async () => {
    const followed = new Followed({ 'a.pcap': capture(1) }).start();
    await followed.hasRead(1);
    renameSync(join(followed.folder, 'a.pcap'), join(root, 'moved.pcap'));
    followed.write('a.pcap', capture(2));
    await followed.hasRead(1, 2);
  });

  it('names a damaged capture and goes on', async () => {
    const followed = new Followed({ 'a.pcap': capture(1, 2).subarray(0, 130), 'b.pcap': Buffer.alloc(50, 7) }).start();
    await followed.hasRead(1);
    followed.write('c.pcap', capture(3));
    await followed.hasRead(1, 3);
    expect(followed.pieces.faults).toContainEqual(expect.stringMatching(/^a\.pcap: truncated capture/));
  });

  it('says when a capture is overwritten under its reader, and when one grows that was left', async () => {
    const followed = new Followed({ 'a.pcap': capture(1, 2, 3) }).start();
    await followed.hasRead(1, 2, 3);
    followed.write('a.pcap', capture(4, 5, 6));
    await followed.hasRead(1, 2, 3, 4, 5, 6);
    expect(followed.pieces.faults).toEqual([expect.stringMatching(/^a\.pcap: it was overwritten/)]);
    followed.write('b.pcap', capture(7));
    await followed.hasRead(1, 2, 3, 4, 5, 6, 7);
    followed.append('a.pcap', records(9));
    await until('it is said', () => followed.warned.length > 0);
    expect(followed.warned).toEqual([expect.stringMatching(/^a\.pcap went on growing/)]);
  });

  it('ends when the folder is gone', async () => {
    const followed = new Followed({ 'a.pcap': capture(1) }).start();
    await followed.hasRead(1);
    rmSync(followed.folder, { recursive: true });
    await expect(followed.reading).rejects.toThrow(/no such folder$/);
  });
});
