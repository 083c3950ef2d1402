/** What a data folder remembers, and that two commands never change it at once. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { processFacts } from '@tapline/embedded/services/processes';
import { readState, removeState, withLock, writeState } from '@tapline/embedded/services/state-file';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tapline-state-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('services.json', () => {
  it('comes back as it was written, and as nothing when there is none', () => {
    const state = {
      ports: { kafka: 1234 },
      cassandraNodes: 3,
      cassandraHeapMb: 400,
      processes: { kafka: { pid: 42, started: '99' } },
    };
    expect(readState(folder)).toEqual({ ports: {}, cassandraNodes: 1, processes: {} });
    writeState(folder, state);
    expect(readState(folder)).toEqual(state);
    expect(readdirSync(folder)).toEqual(['services.json']);
    removeState(folder);
    expect(readState(folder).processes).toEqual({});
  });

  it.each([
    ['half a file', '{"version":1,"ports":{'],
    ['another version', '{"version":2,"ports":{},"cassandraNodes":1,"processes":{}}'],
    [
      'a process id that would signal everybody',
      '{"version":1,"ports":{},"cassandraNodes":1,"processes":{"kafka":{"pid":-1,"started":"1"}}}',
    ],
    [
      'the process id of init',
      '{"version":1,"ports":{},"cassandraNodes":1,"processes":{"kafka":{"pid":1,"started":"1"}}}',
    ],
    ['a port that is none', '{"version":1,"ports":{"kafka":"x"},"cassandraNodes":1,"processes":{}}'],
    ['something else', 'null'],
  ])('is called damaged when it holds %s', (_, text) => {
    writeFileSync(join(folder, 'services.json'), text);
    expect(() => readState(folder)).toThrow('services.json is damaged');
  });
});

describe('a folder that cannot be one', () => {
  it('is refused in one line, also where Node would try to make it for ever', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    expect(() => readState(file)).toThrow(`${file} cannot be the folder of the services`);
    const nowhere = process.platform === 'linux' ? '/proc/none/such' : join(file, 'such');
    await expect(withLock(nowhere, () => Promise.resolve())).rejects.toThrow('cannot be the folder of the services');
  });
});

describe('the lock of a folder', () => {
  it('refuses a second command while one is at work, and opens when it is done, also when it fails', async () => {
    await withLock(folder, async () => {
      await expect(withLock(folder, () => Promise.resolve())).rejects.toThrow(`(pid ${process.pid}) is at work in`);
    });
    await expect(withLock(folder, () => Promise.reject(new Error('no luck')))).rejects.toThrow('no luck');
    await expect(withLock(folder, () => Promise.resolve('mine'))).resolves.toBe('mine');
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each([
    [
      'has ended',
      () => String(spawnSync(process.execPath, ['-e', 'process.stdout.write(String(process.pid))']).stdout),
    ],
    ['has ended, and whose number another process has now', () => String(process.pid)],
  ])('is taken over when its holder %s', async (_, pid) => {
    expect(processFacts(process.pid)?.started).not.toBe('long ago');
    writeFileSync(join(folder, 'services.lock'), `${pid()} long ago`);
    await expect(withLock(folder, () => Promise.resolve('mine'))).resolves.toBe('mine');
  });
});
