/** `tools/install-agent.sh` as an operator runs it, on a throw-away copy of this machine. */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { canCopyRoot, runInCopy } from '../helpers/overlay-root.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

const ROOT = join(import.meta.dirname, '../..');
const SCRIPT = join(ROOT, 'tools/install-agent.sh');
const folder = temporaryFolder();
const CAN_COPY = canCopyRoot(join(folder, 'try'));
if (!CAN_COPY) {
  if (process.env['REQUIRE_SERVICES'] === '1')
    throw new Error('REQUIRE_SERVICES=1, but no copy of / can be made: run as root');
  console.warn('SKIPPED: the installation of the sensor needs root and an overlay of /');
}

const run = (...words: string[]): { status: number | null; stderr: string; stdout: string } =>
  spawnSync(SCRIPT, words, { encoding: 'utf8' });

describe('install-agent.sh', () => {
  it('explains itself', () => {
    const { status, stdout } = run('--help');
    expect([status, stdout]).toEqual([0, expect.stringContaining('--uninstall')]);
  });

  const zeros = '0'.repeat(64);
  it.each([
    [[], /--archive, --sha256 and --brokers are needed/],
    [['--archive'], /--archive needs a value/],
    [['--nonsense'], /unknown option --nonsense/],
    [['--purge'], /goes with --uninstall/],
    [['--archive', 'x', '--sha256', 'abc', '--brokers', 'b:9092'], /64 hexadecimal digits/],
    [['--archive', 'x', '--sha256', zeros, '--brokers', 'b'], /host:port/],
    [['--archive', 'x', '--sha256', zeros, '--brokers', 'b:1', '--sensor', 'a b'], /--sensor/],
    [['--archive', 'x', '--sha256', zeros, '--brokers', 'b:1', '--bridge', 'P;rm'], /--bridge/],
    [['--archive', 'x', '--sha256', zeros, '--brokers', 'b:1', '--interface', 'nope0'], /no interface nope0/],
    [['--archive', '/nowhere', '--sha256', zeros, '--brokers', 'b:1'], /cannot read \/nowhere/],
  ])('says in one line what is wrong with %j, and exits with 2', (words, message) => {
    const { status, stderr } = run(...words);
    expect([status, stderr.trimEnd().split('\n').length]).toEqual([2, 1]);
    expect(stderr).toMatch(message);
  });

  it.runIf(CAN_COPY)(
    'installs what has the right checksum, twice without harm, as a user of its own, and takes it away',
    () => {
      const archive = join(folder, 'tapline.tar.gz');
      execFileSync('git', ['archive', '--format=tar.gz', `--output=${archive}`, 'HEAD'], { cwd: ROOT });
      const sum = createHash('sha256').update(readFileSync(archive)).digest('hex');
      const words = `--archive ${archive} --brokers 127.0.0.1:9092 --sensor edge-1 --interface lo --bridge project-1`;
      const { status, stdout, stderr } = runInCopy(
        join(folder, 'copy'),
        `set -u
install=${SCRIPT}
$install ${words} --sha256 ${'0'.repeat(64)}; echo "damaged $?"
id tapline >/dev/null 2>&1; echo "user before $?"
$install ${words} --sha256 ${sum}; echo "installed $?"
echo "mode $(stat -c '%a %U' /etc/tapline/tapline.env) $(stat -c '%a %U' /var/lib/tapline)"
sed 's/^/env /' /etc/tapline/tapline.env
echo "enabled $(systemctl is-enabled tapline-capture@lo.service) $(systemctl is-enabled tapline-bridge.service)"
setpriv --reuid=tapline --regid=tapline --clear-groups /opt/tapline/node_modules/.bin/tapline --version; echo "runs $?"
setpriv --reuid=tapline --regid=tapline --clear-groups /opt/tapline/node_modules/.bin/tapline capture --help >/dev/null; echo "capture $?"
setpriv --reuid=tapline --regid=tapline --clear-groups /opt/tapline/node_modules/.bin/tapline bridge --help >/dev/null; echo "bridge $?"
ls -d /opt/tapline/node_modules/vitest 2>/dev/null
echo TAPLINE_KAFKA_TLS=true >>/etc/tapline/tapline.env
$install ${words} --sha256 ${sum}; echo "again $?"
grep -c TLS /etc/tapline/tapline.env
$install --uninstall; echo "uninstalled $?"
ls -d /opt/tapline /etc/systemd/system/tapline-* /etc/systemd/system/*/tapline-* 2>/dev/null
ls -d /etc/tapline/tapline.env
$install --uninstall --purge; echo "purged $?"
ls -d /etc/tapline /var/lib/tapline 2>/dev/null
id tapline >/dev/null 2>&1; echo "user after $?"`,
      );
      const version = (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }).version;
      expect(stdout.trimEnd().split('\n'), stderr).toEqual([
        'damaged 1',
        'user before 1',
        'installed 0',
        'mode 600 root 750 tapline',
        'env TAPLINE_SENSOR=edge-1',
        'env TAPLINE_KAFKA_BROKERS=127.0.0.1:9092',
        'env GOOGLE_CLOUD_PROJECT=project-1',
        'enabled enabled enabled',
        version,
        'runs 0',
        'capture 0',
        'bridge 0',
        'again 0',
        '1',
        'uninstalled 0',
        '/etc/tapline/tapline.env',
        'purged 0',
        'user after 1',
      ]);
      expect(stderr).toContain('is damaged, or another one');
      expect(stderr).toContain('this archive is installed already');
      expect(status).toBe(0);
    },
    600_000,
  );
});

describe('the recipe of the image', () => {
  const recipe = readFileSync(join(ROOT, 'capture-agent/Dockerfile'), 'utf8');

  it('runs as nobody of importance, with one capability on one program, built with Node of an exact version', () => {
    expect(recipe).toMatch(/^ARG BUILD_BASE=\S+:\d+\.\d+\.\d+-\S+$/m);
    expect(recipe.match(/^FROM .*$/gm)).toEqual(['FROM ${BUILD_BASE} AS build', 'FROM ${BASE}']);
    expect(recipe.match(/^USER .*$/gm)).toEqual(['USER 10001:10001']);
    expect(recipe.match(/\bsetcap \S+/g)).toEqual(['setcap cap_net_raw+ep']);
    expect(recipe).not.toMatch(/^ADD |:latest|curl|wget|npm install/m);
  });

  it('leaves out of the image what lies around in a clone', () => {
    const ignored = readFileSync(join(ROOT, 'capture-agent/Dockerfile.dockerignore'), 'utf8').split('\n');
    expect(ignored).toEqual(expect.arrayContaining(['.git', '**/node_modules', '**/dist', 'terraform', 'test']));
  });
});
