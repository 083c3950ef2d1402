import { mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { directoryIdentity, openDirectory } from '@tapline/adapters/file/directory';
import { MAGIC_NS, pcapFile } from '../../fixtures/pcap-writer.ts';
import { ReadPieces } from '../../helpers/read-pieces.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

const root = temporaryFolder();
let folders = 0;

function folderOf(files: Readonly<Record<string, Uint8Array>>): string {
  const folder = join(root, `folder-${++folders}`);
  mkdirSync(folder);
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes);
  return folder;
}

const packet = (seconds: number) => ({ seconds, fraction: 0, bytes: new Uint8Array(60), wireLength: 60 });
const capture = (...seconds: number[]): Uint8Array => pcapFile(seconds.map(packet));
const seconds = (read: ReadPieces): number[] => read.frames.map(({ timeUs }) => timeUs / 1e6);

async function read(folder: string): Promise<ReadPieces & { warned: string[]; sizes: (number | undefined)[] }> {
  const warned: string[] = [];
  const source = await openDirectory(folder, { warn: (line) => warned.push(line) });
  const done = await new ReadPieces().read(source);
  return Object.assign(done, { warned, sizes: [source.sizeBytes, source.bytesRead] });
}

describe('openDirectory', () => {
  it('reads captures in the order of their first packets, whatever they are called and however they are stored', async () => {
    const folder = folderOf({
      'a.pcap': capture(50, 51),
      'b.pcap': gzipSync(capture(10, 11)),
      'c.whatever': zstdCompressSync(capture(30, 31)),
      d: pcapFile([packet(40)], { littleEndian: false, magic: MAGIC_NS }),
      'e.pcap': capture(20, 90),
    });
    const done = await read(folder);
    expect(done.names).toEqual(['b.pcap', 'e.pcap', 'c.whatever', 'd', 'a.pcap']);
    expect(seconds(done)).toEqual([10, 11, 20, 90, 30, 31, 40, 50, 51]);
    expect(done.fault).toBeUndefined();
    expect(done.sizes[0]).toBe(done.sizes[1]);
  });

  it('goes by name where the first packets say nothing: 10 follows 9', async () => {
    const done = await read(folderOf({ 'x10.pcap': capture(5), 'x9.pcap': capture(5), 'x8.pcap': capture() }));
    expect(done.names).toEqual(['x9.pcap', 'x10.pcap', 'x8.pcap']);
  });

  it('passes over what is no capture and says how much that was; hidden files and folders count as nothing', async () => {
    const folder = folderOf({
      'a.pcap': capture(1),
      'README.md': Buffer.from('about these captures'),
      'notes.txt.gz': gzipSync('more about them'),
      '.half-copied.pcap': capture(2).subarray(0, 50),
      'b.pcap.gz': gzipSync(capture(3)),
      'b.pcap': capture(3),
    });
    mkdirSync(join(folder, 'older'));
    symlinkSync(join(folder, 'nowhere'), join(folder, 'dangling.pcap'));
    symlinkSync(join(folder, 'circle.pcap'), join(folder, 'circle.pcap'));
    const done = await read(folder);
    expect(done.names).toEqual(['a.pcap', 'b.pcap']);
    expect(done.warned).toEqual([`${folder}: 2 files are no captures, passed over`]);
  });

  it('names a damaged capture and reads the rest', async () => {
    const gz = gzipSync(capture(...Array.from({ length: 50 }, (_, index) => 20 + index)));
    const done = await read(
      folderOf({
        'a.pcap': capture(1, 2).subarray(0, 130),
        'b.pcap.gz': gz.subarray(0, gz.length - 30),
        'c.pcap': Buffer.from('not a capture, whatever its name says'),
        'd.pcap': capture(90),
        'empty.pcap': new Uint8Array(0),
      }),
    );
    expect(done.faults).toEqual([
      expect.stringMatching(/^a\.pcap: truncated capture: record 2 at byte 100 /),
      expect.stringMatching(/^b\.pcap\.gz: damaged gzip data: /),
      expect.stringMatching(/^c\.pcap: unreadable capture: /),
      expect.stringMatching(/^empty\.pcap: unreadable capture: empty file$/),
    ]);
    expect(seconds(done)).toContain(90);
  });

  it('refuses a folder without captures', async () => {
    await expect(read(folderOf({}))).rejects.toThrow(/holds no capture \(pcap or pcapng, plain, gz or zst\)$/);
    await expect(read(folderOf({ 'a.txt': Buffer.from('text') }))).rejects.toThrow(/holds no capture/);
  });

  it('ends with the reason of the signal', async () => {
    const abort = new AbortController();
    const folder = folderOf({ 'a.pcap': capture(1), 'b.pcap': capture(2) });
    const source = await openDirectory(folder, { signal: abort.signal, warn: () => undefined });
    const reading = (async () => {
      for await (const piece of source) if (piece instanceof Uint8Array) abort.abort(new Error('enough'));
    })();
    await expect(reading).rejects.toThrow('enough');
  });
});

describe('directoryIdentity', () => {
  it('depends on the captures, not on their names, times or company', async () => {
    const folder = folderOf({ a: capture(1), b: capture(2) });
    const identity = await directoryIdentity(folder);
    expect(identity).toMatch(/^[0-9a-f]{64}$/);
    const same = folderOf({ z: capture(1), y: capture(2), 'notes.md': Buffer.from('new') });
    utimesSync(join(same, 'z'), 1, 1);
    expect(await directoryIdentity(same)).toBe(identity);
    const others = [folderOf({ a: capture(1), b: capture(3) }), folderOf({ a: capture(1) })];
    for (const other of others) expect(await directoryIdentity(other)).not.toBe(identity);
  });
});
