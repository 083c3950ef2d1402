/**
 * The image of sensor and bridge, built as `tools/build-image.sh` builds it where no registry of images is reached, and run:
 * its user, its rights, its signals, and the digest of the bundled capture.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { embeddedDigest } from '../helpers/embedded-digest.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const BUNDLED = join(ROOT, 'captures/office-under-attack.pcap.zst');
const SCRIPT = join(ROOT, 'tools/build-image.sh');
const NEEDED = ['podman', 'buildah', 'runc', 'mmdebstrap', 'ip', 'ping'];
const missing = NEEDED.filter((tool) => spawnSync('which', [tool]).status !== 0);
if (process.getuid?.() !== 0) missing.push('root');
if (missing.length > 0) {
  if (process.env['REQUIRE_SERVICES'] === '1')
    throw new Error(`REQUIRE_SERVICES=1, but there is no ${missing.join(', ')}`);
  console.warn(`SKIPPED: the image is not built without ${missing.join(', ')}`);
}

const script = (...words: string[]): { status: number | null; stdout: string; stderr: string } =>
  spawnSync(SCRIPT, words, { encoding: 'utf8' });

describe('build-image.sh', () => {
  it('explains itself', () => {
    expect(script('--help')).toMatchObject({ status: 0, stdout: expect.stringContaining('--debian') as string });
  });

  it.each([
    [['--nonsense'], /unknown option --nonsense/],
    [['--tag'], /--tag needs a value/],
    [['--tool', 'make'], /docker, podman or buildah, not make/],
  ])('says in one line what is wrong with %j, and exits with 2', (words, message) => {
    const { status, stderr } = script(...words);
    expect([status, stderr.trimEnd().split('\n').length]).toEqual([2, 1]);
    expect(stderr).toMatch(message);
  });
});

describe.runIf(missing.length === 0)('the image', () => {
  // Images in a store of their own, of which nothing stays.
  const folder = mkdtempSync(join(tmpdir(), 'tapline-image-'));
  const net = `tapline-image-${process.pid}`;
  const env = { ...process.env, CONTAINERS_STORAGE_CONF: join(folder, 'storage.conf') };
  const podman = (...words: string[]): string =>
    execFileSync('podman', words, { encoding: 'utf8', env, stdio: 'pipe' });
  // runc and these limits also do inside of a container or a small virtual machine, where podman's defaults do not.
  const RUN = ['--runtime', 'runc', 'run', '--rm', '--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=1000:1000'];
  const run = (...words: string[]): ReturnType<typeof script> =>
    spawnSync('podman', [...RUN, '--network', `ns:/var/run/netns/${net}`, ...words], { encoding: 'utf8', env });

  beforeAll(() => {
    const [root, runRoot] = ['graph', 'run'].map((name) => join(folder, name));
    writeFileSync(
      env.CONTAINERS_STORAGE_CONF,
      `[storage]\ndriver="overlay"\ngraphroot="${root}"\nrunroot="${runRoot}"\n`,
    );
    execFileSync('ip', ['netns', 'add', net]);
    execFileSync('ip', ['netns', 'exec', net, 'ip', 'link', 'set', 'lo', 'up']);
    const words = ['--tool', 'podman', '--debian', '--', '--isolation', 'chroot', '--network', 'host'];
    execFileSync(SCRIPT, words, { env, stdio: 'pipe' });
  }, 600_000);
  afterAll(() => {
    spawnSync('podman', ['rmi', '--all', '--force'], { env });
    spawnSync('ip', ['netns', 'del', net]);
    spawnSync('umount', [join(folder, 'graph/overlay')]);
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  it('is nobody’s root, brings its own Node, and has nothing of the clone but what it runs on', () => {
    expect(run('--entrypoint', 'id', 'tapline', '-u').stdout).toBe('10001\n');
    expect(run('--entrypoint', 'node', 'tapline', '--version').stdout).toMatch(/^v24\./);
    const found = run('--entrypoint', 'ls', 'tapline', '-A', '/opt/tapline').stdout.trim().split('\n');
    const folders = [
      'adapters',
      'capture-agent',
      'core',
      'cql',
      'embedded',
      'functions',
      'node_modules',
      'report',
      'tools',
    ];
    const files = ['.npmrc', 'LICENSE', 'firebase.json', 'package-lock.json', 'package.json'];
    expect(found.sort()).toEqual([...folders, ...files].sort());
    expect(run('--entrypoint', 'ls', '--user', 'root', 'tapline', '/root/.npmrc').status).toBe(2);
    const [{ Size: bytes }] = JSON.parse(podman('image', 'inspect', 'tapline')) as [{ Size: number }];
    expect(bytes).toBeLessThan(550e6);
  });

  it('says what it can do, and what is wrong with a word it does not know', () => {
    expect(run('tapline')).toMatchObject({ status: 0, stdout: expect.stringContaining('capture') as string });
    expect(run('tapline', 'capture', '--help').status).toBe(0);
    expect(run('tapline', 'bridge', '--help').status).toBe(0);
    expect(run('tapline', 'nonsense').status).toBe(2);
  });

  it('takes the bundled capture to the same digest as here', async () => {
    const mounted = ['--volume', `${join(ROOT, 'captures')}:/captures:ro`, '--cap-drop', 'ALL'];
    const { stdout, stderr } = run(
      ...mounted,
      'tapline',
      'run',
      '/captures/office-under-attack.pcap.zst',
      '--exit',
      '--json',
    );
    expect((JSON.parse(stdout) as { digest: string }).digest, stderr).toBe(await embeddedDigest(BUNDLED));
  });

  it('captures with one capability and no other, and closes its books when it is told to stop', async () => {
    const words = [
      '--name',
      'live',
      '--cap-drop',
      'ALL',
      '--cap-add',
      'NET_RAW',
      'tapline',
      'run',
      '-i',
      'lo',
      '--exit',
      '--json',
    ];
    const child = spawn('podman', [...RUN, '--network', `ns:/var/run/netns/${net}`, ...words], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [said, complained] = ['', ''];
    child.stdout.on('data', (text) => (said += String(text)));
    const ended = new Promise<number | null>((resolved) => child.on('close', resolved));
    await new Promise<void>((capturing) => {
      child.stderr.on('data', (text) => {
        complained += String(text);
        if (complained.includes('capturing lo')) capturing();
      });
      child.on('close', () => {
        capturing();
      });
    });
    execFileSync('ip', ['netns', 'exec', net, 'ping', '-q', '-c', '5', '-i', '0.05', '127.0.0.1']);
    podman('--runtime', 'runc', 'stop', '--time', '60', 'live');
    expect(await ended, complained).toBe(0);
    const { ledger } = JSON.parse(said) as { ledger: { offered: number; stored: number; unexplained: number } };
    // Requests and answers, each seen leaving and arriving.
    expect([ledger.offered >= 10, ledger.stored === ledger.offered, ledger.unexplained]).toEqual([true, true, 0]);
  }, 60_000);

  it('says in one line what it lacks without that capability', () => {
    const { status, stderr } = run('--cap-drop', 'ALL', 'tapline', 'run', '-i', 'lo', '--exit');
    expect([status, stderr.trimEnd().split('\n').length]).toEqual([2, 1]);
    expect(stderr).toMatch(/tcpdump may not capture here: .*--cap-add NET_RAW/);
  });
});
