import { describe, expect, it } from 'vitest';
import { linkedFolders, locate, lockFor, type Lockfile } from '../../functions/lock-closure.ts';

const lock: Lockfile = {
  lockfileVersion: 3,
  packages: {
    '': { version: '1.0.0' },
    functions: { version: '1.0.0' },
    'node_modules/a': { version: '1.0.0', integrity: 'sha512-a', dependencies: { b: '^2', '@s/c': '1' } },
    'node_modules/a/node_modules/b': { version: '2.0.0', dependencies: { d: '*' } },
    'node_modules/b': { version: '1.0.0', dev: true },
    'node_modules/@s/c': { version: '1.5.0', dev: true, optionalDependencies: { elsewhere: '1', d: '1' } },
    'node_modules/d': {
      version: '4.0.0',
      devOptional: true,
      peerDependencies: { e: '*', f: '*' },
      peerDependenciesMeta: { f: { optional: true } },
    },
    'node_modules/e': { version: '5.0.0' },
    'node_modules/unused': { version: '9.0.0' },
  },
};
const manifest = { name: 'one', version: '1.0.0', dependencies: { a: '1.0.0' } };

describe('the lockfile of a function', () => {
  it('has what the function needs, at the versions of the root, and nothing else', () => {
    const { packages } = lockFor(manifest, lock);
    expect(Object.keys(packages)).toEqual([
      '',
      'node_modules/@s/c',
      'node_modules/a',
      'node_modules/a/node_modules/b',
      'node_modules/d',
      'node_modules/e',
    ]);
    expect(packages['']).toEqual(manifest);
    expect(packages['node_modules/a']).toEqual(lock.packages['node_modules/a']);
  });

  it('takes a folder of the repository along that stands in for a package, and what it needs', () => {
    const withFolder: Lockfile = {
      ...lock,
      packages: {
        ...lock.packages,
        'node_modules/a/node_modules/b': { resolved: 'rooms/b', link: true },
        'rooms/b': { version: '0.0.0', dependencies: { d: '*' } },
      },
    };
    const made = lockFor(manifest, withFolder);
    expect(Object.keys(made.packages)).toEqual(expect.arrayContaining(['rooms/b', 'node_modules/d', 'node_modules/e']));
    expect(linkedFolders(made)).toEqual(new Map([['b', 'rooms/b']]));
    expect(linkedFolders(lock).size).toBe(0);
  });

  it('does not say how the root reaches a package', () => {
    const { packages } = lockFor(manifest, lock);
    expect(JSON.stringify(packages)).not.toContain('dev');
  });

  it('cannot be made from one that lacks a package', () => {
    expect(() => lockFor({ ...manifest, dependencies: { z: '1' } }, lock)).toThrow('no z for one: run npm install');
  });
});

describe('a package', () => {
  it.each([
    ['node_modules/a', 'b', 'node_modules/a/node_modules/b'],
    ['node_modules/@s/c', 'b', 'node_modules/b'],
    ['functions', 'a', 'node_modules/a'],
    ['', '@s/c', 'node_modules/@s/c'],
    ['', 'z', undefined],
  ])('imported from %j as %s is the nearest upwards', (from, name, path) => {
    expect(locate(lock, from, name)).toBe(path);
  });
});
