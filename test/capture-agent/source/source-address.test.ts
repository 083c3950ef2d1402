import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openSource } from '@tapline/capture-agent/source/open-source';
import { sourceAddress, sourceName } from '@tapline/capture-agent/source/source-address';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

const folder = temporaryFolder();
const file = join(folder, 'a.pcap');
const fifo = join(folder, 'fifo');
writeFileSync(file, 'content');
spawnSync('mkfifo', [fifo]);

describe('sourceAddress', () => {
  it.each([
    [file, { kind: 'file', path: file }],
    [fifo, { kind: 'file', path: fifo }],
    [folder, { kind: 'directory', path: folder }],
    ['http://host/a', { kind: 'http', url: new URL('http://host/a') }],
    ['HTTPS://host/a', { kind: 'http', url: new URL('https://host/a') }],
    ['gs://bucket/a b', { kind: 'cloud-storage', object: 'gs://bucket/a b' }],
    ['tcp://host:4000', { kind: 'tcp', host: 'host', port: 4000 }],
    ['tcp://[::1]:4000/', { kind: 'tcp', host: '::1', port: 4000 }],
    ['listen://4000', { kind: 'listen', host: '127.0.0.1', port: 4000 }],
    ['listen://:4000', { kind: 'listen', host: '127.0.0.1', port: 4000 }],
    ['listen://0.0.0.0:0', { kind: 'listen', host: '0.0.0.0', port: 0 }],
    ['listen://[::]:4000', { kind: 'listen', host: '::', port: 4000 }],
  ])('%s is understood', (text, address) => {
    expect(sourceAddress(text)).toEqual(address);
  });

  it.each([
    ['tcp://host', /use tcp:\/\/HOST:PORT$/],
    ['tcp://4000', /use tcp:\/\/HOST:PORT$/],
    ['tcp://host:0', /use tcp:\/\/HOST:PORT$/],
    ['tcp://host:65536', /use tcp:\/\/HOST:PORT$/],
    ['tcp://host:4000/path', /use tcp:\/\/HOST:PORT$/],
    ['listen://host', /use listen:\/\/HOST:PORT or listen:\/\/PORT$/],
    ['http://', /is no web address$/],
    ['ftp://host/a', /no source of the kind ftp:\/\//],
    ['/nowhere', /no such file$/],
  ])('%s is refused in one line', (text, message) => {
    expect(() => sourceAddress(text)).toThrow(expect.objectContaining({ code: 'USAGE' }) as Error);
    expect(() => sourceAddress(text)).toThrow(message);
  });
});

describe('sourceName', () => {
  it('leaves out what may be a secret', () => {
    expect(sourceName('https://user:password@host:81/a/b.pcap?signature=1#x')).toBe('https://host:81/a/b.pcap');
    for (const text of ['day.pcap', '-', 'gs://bucket/a?b', 'tcp://host:1']) expect(sourceName(text)).toBe(text);
  });
});

describe('openSource', () => {
  it('follows nothing but directories', async () => {
    const opening = openSource(file, { follow: true, warn: () => undefined });
    await expect(opening).rejects.toThrow(/^--follow is for a directory, which .*a\.pcap is not$/);
  });

  it('says that it was interrupted before anything was open', async () => {
    const opening = openSource('tcp://192.0.2.1:4000', { signal: AbortSignal.timeout(50), warn: () => undefined });
    await expect(opening).rejects.toThrow(/^interrupted before tcp:\/\/192\.0\.2\.1:4000 was open$|cannot read/);
  });
});
