/** The command line as a whole: every command helps, and a run in one process loads no client of a service. */
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../../..');
const MAIN = resolve(ROOT, 'embedded/src/main.ts');

const tapline = (...args: string[]): { status: number | null; stdout: string; stderr: string } =>
  spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8' });

describe('the command line', () => {
  it('lists every command there is', () => {
    const { status, stdout } = tapline('--help');
    expect(status).toBe(0);
    const named = [...stdout.matchAll(/^ {2}([a-z]+) /gm)].map((match) => match[1]);
    const files = readdirSync(resolve(ROOT, 'embedded/src/commands')).map((file) => file.replace('.ts', ''));
    expect(named.filter((name) => name !== 'help').sort()).toEqual(files.filter((name) => !name.includes('-')).sort());
  });

  it('refuses a command that there is not, and says where to look', () => {
    expect(tapline('nonsense')).toMatchObject({ status: 2, stderr: expect.stringContaining('--help') });
    expect(tapline('__proto__').status).toBe(2);
  });

  it.each(['run', 'decode', 'audit'])('loads no client of a service for %s', (name) => {
    const script = `
      const loaded = new Set();
      require('node:module').registerHooks({
        load: (url, context, next) => {
          const found = /node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(url);
          if (found !== null) loaded.add(found[1]);
          return next(url, context);
        },
      });
      process.on('exit', () => process.stderr.write('LOADED ' + [...loaded].join(' ')));
      process.argv = ['node', 'tapline', ${JSON.stringify(name)}, '--help'];
      import(${JSON.stringify(MAIN)});`;
    const { stderr } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' });
    const loaded = /LOADED (.*)/.exec(stderr)?.[1]?.split(' ') ?? [];
    expect(loaded).toContain('commander');
    expect(loaded.filter((part) => /google|kafka|cassandra/.test(part))).toEqual([]);
  });

  it('says its version', () => {
    expect(execFileSync(process.execPath, [MAIN, '--version'], { encoding: 'utf8' })).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});
