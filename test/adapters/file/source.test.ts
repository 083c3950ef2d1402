import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { constants, gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { openCapture } from '@tapline/adapters/file/source';
import { captureIdentity } from '@tapline/adapters/file/identity';
import { PipelineError } from '@tapline/core/errors';
import { pcapFile } from '../../fixtures/pcap-writer.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

const folder = temporaryFolder();
let files = 0;

function store(bytes: Uint8Array): string {
  const path = join(folder, `stored-${++files}`);
  writeFileSync(path, bytes);
  return path;
}

interface Outcome {
  bytes: Buffer;
  fault: PipelineError | undefined;
  bytesRead: number;
}

async function readAll(path: string): Promise<Outcome> {
  const source = openCapture(path);
  const parts: Uint8Array[] = [];
  try {
    for await (const chunk of source) parts.push(Uint8Array.from(chunk));
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    return { bytes: Buffer.concat(parts), fault: error, bytesRead: source.bytesRead };
  }
  return { bytes: Buffer.concat(parts), fault: undefined, bytesRead: source.bytesRead };
}

/** A capture of some megabytes that compresses like one: repeated headers, payload bytes that do not repeat. */
const capture = ((): Buffer => {
  let state = 1;
  const random = (): number => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) >>> 24;
  const packet = (index: number) => ({
    seconds: 1_700_000_000 + index,
    fraction: index,
    bytes: Uint8Array.from({ length: 300 }, (_, at) => (at < 200 ? at : random())),
    wireLength: 300,
  });
  return Buffer.from(pcapFile(Array.from({ length: 6000 }, (_, index) => packet(index))));
})();
const half = capture.length >> 1;
const gz = gzipSync(capture);
/** With a checksum: without one, zstd does not notice every damage, and no reader can. */
const compressZstd = (part: Buffer): Buffer =>
  zstdCompressSync(part, { params: { [constants.ZSTD_c_checksumFlag]: 1 } });
const zst = compressZstd(capture);
const halves = (compress: (part: Buffer) => Buffer): Buffer =>
  Buffer.concat([compress(capture.subarray(0, half)), compress(capture.subarray(half))]);
const skippable = Buffer.from('502a4d180400000061626364', 'hex');

describe('openCapture', () => {
  it.each([
    ['plain', capture],
    ['gzip', gz],
    ['gzip of two members', halves(gzipSync)],
    ['gzip with zero padding', Buffer.concat([gz, Buffer.alloc(2_500_000)])],
    ['zstd', zst],
    ['zstd of two frames', halves(compressZstd)],
    ['zstd with skippable frames', Buffer.concat([skippable, zst, skippable])],
  ])('reads %s by its content, whatever its name', async (_, stored) => {
    const path = store(stored);
    const { bytes, fault, bytesRead } = await readAll(path);
    expect(fault).toBeUndefined();
    expect(bytes.equals(capture)).toBe(true);
    expect(bytesRead).toBe(stored.length);
    expect(openCapture(path).sizeBytes).toBe(stored.length);
  });

  it('can be read twice and left early', async () => {
    const source = openCapture(store(gz));
    for (let pass = 0; pass < 2; pass++) {
      for await (const chunk of source) {
        expect(Buffer.from(chunk).equals(capture.subarray(0, chunk.length))).toBe(true);
        break;
      }
    }
  });

  it.each([
    ['a file', 'a file'],
    ['a pipe', 'a pipe'],
  ])('takes standard input from %s', (_, from) => {
    const script = `
      import { createHash } from 'node:crypto';
      import { openCapture } from '@tapline/adapters/file/source';
      const hash = createHash('sha256');
      for await (const chunk of openCapture('-')) hash.update(chunk);
      process.stdout.write(hash.digest('hex'));`;
    const command = `${from === 'a file' ? '' : 'cat |'} "$NODE" --input-type=module-typescript -e "$SCRIPT"`;
    for (const stored of [capture, gz, zst]) {
      const { stdout, stderr } = spawnSync('sh', ['-c', `{ ${command}; } < "$FILE"`], {
        env: { ...process.env, NODE: process.execPath, SCRIPT: script, FILE: store(stored) },
        cwd: import.meta.dirname,
        encoding: 'utf8',
      });
      expect(stderr).toBe('');
      expect(stdout).toBe(createHash('sha256').update(capture).digest('hex'));
    }
  });

  it('reads no further than its reader asks', async () => {
    const large = Buffer.concat(Array.from({ length: 8 }, () => capture));
    for (const stored of [large, Buffer.concat(Array.from({ length: 24 }, () => gz))]) {
      const source = openCapture(store(stored));
      for await (const chunk of source) {
        expect(chunk.length).toBeGreaterThan(0);
        await setTimeout(50);
        expect(source.bytesRead).toBeLessThanOrEqual(1024 * 1024);
        break;
      }
    }
  });

  it('stops when it is aborted, with the reason given', async () => {
    const reason = new Error('enough');
    for (const stored of [Buffer.concat([capture, capture]), Buffer.concat([gz, gz, gz])]) {
      const abort = new AbortController();
      const reading = (async () => {
        for await (const chunk of openCapture(store(stored), { signal: abort.signal })) {
          expect(chunk.length).toBeGreaterThan(0);
          abort.abort(reason);
        }
      })();
      await expect(reading).rejects.toBe(reason);
    }
  });

  it('lets go of a silent pipe when it is aborted', async () => {
    const fifo = join(folder, 'silent');
    spawnSync('mkfifo', [fifo]);
    const writer = spawn('sh', ['-c', `exec 3> "${fifo}"; exec sleep 60`]);
    try {
      const abort = new AbortController();
      const reading = openCapture(fifo, { signal: abort.signal })[Symbol.asyncIterator]().next();
      await setTimeout(100);
      abort.abort(new Error('enough'));
      await expect(reading).rejects.toThrow('enough');
    } finally {
      writer.kill();
    }
  });

  it('says in one line what is not there or not a file', () => {
    mkdirSync(join(folder, 'folder'));
    const attempt = (path: string) => (): unknown => openCapture(path);
    expect(attempt(join(folder, 'nothing'))).toThrow(/^cannot read .*nothing: no such file$/);
    expect(attempt(join(folder, 'folder'))).toThrow(/folder is a directory, not a capture file$/);
    expect(attempt(join(store(capture), 'below'))).toThrow(/no such file$/);
    expect(attempt('')).toThrow(expect.objectContaining({ code: 'USAGE' }) as Error);
  });
});

describe('damaged compression', () => {
  const at = (bytes: Buffer, offset: number, length: number): Buffer => {
    const copy = Buffer.from(bytes);
    copy.fill(0xff, offset, offset + length);
    return copy;
  };

  /** How much the system's own tool still gets out of the file; nothing where it is not installed. */
  const reference = (tool: 'gzip' | 'zstd', path: string): number => {
    const { error, stdout } = spawnSync(tool, ['-dc', path], { maxBuffer: 1e9 });
    if (error === undefined) return stdout.length;
    console.warn(`${tool} is not installed: the comparison with it is SKIPPED`);
    return 0;
  };

  it.each([
    ['gzip', 'cut in the middle', gz.subarray(0, gz.length >> 1)],
    ['gzip', 'cut in its header', gz.subarray(0, 9)],
    ['gzip', 'cut in its checksum', gz.subarray(0, gz.length - 3)],
    ['gzip', 'with bytes overwritten', at(gz, gz.length >> 1, 40)],
    ['gzip', 'with a wrong checksum', at(gz, gz.length - 8, 2)],
    ['gzip', 'with foreign data behind', Buffer.concat([gz, Buffer.from('something else')])],
    ['gzip', 'with foreign data behind zero padding', Buffer.concat([gz, Buffer.alloc(9), Buffer.from('else')])],
    ['gzip', 'with a damaged second member', at(halves(gzipSync), gz.length >> 1, 20)],
    ['zstd', 'cut in the middle', zst.subarray(0, zst.length >> 1)],
    ['zstd', 'with bytes overwritten', at(zst, zst.length >> 1, 40)],
    ['zstd', 'with foreign data behind', Buffer.concat([zst, Buffer.from('something else')])],
  ] as const)('%s %s: hands on all that came before, then says so', async (tool, _, stored) => {
    const path = store(stored);
    const { bytes, fault } = await readAll(path);
    expect(fault).toMatchObject({ code: 'COMPRESSION' });
    expect(fault?.message).toMatch(new RegExp(`^damaged ${tool} data: .* after byte \\d+ of the stored file$`));
    expect(bytes.length).toBeGreaterThanOrEqual(reference(tool, path));
  });

  it('loses nothing of a file whose checksum alone is wrong', async () => {
    expect((await readAll(store(at(gz, gz.length - 8, 2)))).bytes.equals(capture)).toBe(true);
  });

  it('does not keep a reader busy with empty frames', async () => {
    const { bytes, fault } = await readAll(store(Buffer.concat(Array.from({ length: 300 }, () => skippable))));
    expect(bytes.length).toBe(0);
    expect(fault?.message).toContain('endless empty frames');
  });
});

describe('captureIdentity', () => {
  it('depends on content, not on name, and sees size, beginning and end', () => {
    const large = Buffer.concat([capture, capture]);
    const identity = captureIdentity(store(large));
    expect(identity).toMatch(/^[0-9a-f]{64}$/);
    expect(captureIdentity(store(large))).toBe(identity);
    const changed = (offset: number): Buffer => {
      const copy = Buffer.from(large);
      copy[offset]! ^= 1;
      return copy;
    };
    const others = [changed(0), changed(large.length - 1), large.subarray(0, large.length - 1), Buffer.alloc(0)];
    expect(new Set([identity, ...others.map((bytes) => captureIdentity(store(bytes)))]).size).toBe(5);
  });

  it('is random for a pipe and refuses what is not there', () => {
    const fifo = join(folder, 'pipe');
    spawnSync('mkfifo', [fifo]);
    expect(captureIdentity(fifo)).not.toBe(captureIdentity(fifo));
    expect(() => captureIdentity(join(folder, 'nothing'))).toThrow(/no such file$/);
  });
});
