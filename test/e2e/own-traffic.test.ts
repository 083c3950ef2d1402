/**
 * Tapline captures an interface over which it is looked at and operated itself: its own packets and an operator's SSH are
 * counted and left out, everybody else's are kept. A bridge joins the capturing host with two others, all with a real sshd.
 */
import { execFile, execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NAMESPACES } from '../helpers/network-namespace.ts';
import { startTapline, tapline, type Finished, type Started } from '../helpers/tapline.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';
import { until } from '../helpers/until.ts';

const run = promisify(execFile);
const LIMIT_MS = 120_000;
const SSHD = '/usr/sbin/sshd';
const PORT = 8097;
/** That a login writes, one every tenth of a second. */
const LINES = 50;
const WORK = 'work\n'.repeat(LINES);
const ADDRESS = { sensor: '10.77.0.1', alice: '10.77.0.2', bob: '10.77.0.3' } as const;
type Host = keyof typeof ADDRESS;

const ip = (...args: string[]): string =>
  execFileSync('ip', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

/** Three namespaces on one switch, which is in the first of them: what the others say to each other crosses it, too. */
class Office {
  readonly #id = randomBytes(3).toString('hex');
  readonly #folder: string;
  readonly #daemons: ChildProcess[] = [];

  constructor(folder: string) {
    this.#folder = folder;
    for (const host of Object.keys(ADDRESS) as Host[]) {
      ip('netns', 'add', this.name(host));
      this.on(host, 'sysctl', '-qw', 'net.ipv6.conf.all.disable_ipv6=1', 'net.ipv6.conf.default.disable_ipv6=1');
      ip('-n', this.name(host), 'link', 'set', 'lo', 'up');
    }
    this.on('sensor', 'ip', 'link', 'add', 'office', 'type', 'bridge');
    this.on('sensor', 'ip', 'addr', 'add', `${ADDRESS.sensor}/24`, 'dev', 'office');
    this.on('sensor', 'ip', 'link', 'set', 'office', 'up');
    for (const host of ['alice', 'bob'] as const) {
      ip(
        '-n',
        this.name('sensor'),
        'link',
        'add',
        host,
        'type',
        'veth',
        'peer',
        'name',
        'eth0',
        'netns',
        this.name(host),
      );
      this.on('sensor', 'ip', 'link', 'set', host, 'master', 'office', 'up');
      this.on(host, 'ip', 'addr', 'add', `${ADDRESS[host]}/24`, 'dev', 'eth0');
      this.on(host, 'ip', 'link', 'set', 'eth0', 'up');
    }
    // So that the switch hands every frame up to the one who captures on it, also when it knows the way.
    this.on('sensor', 'ip', 'link', 'set', 'office', 'promisc', 'on');
    this.on('sensor', 'ip', 'link', 'set', 'office', 'type', 'bridge', 'ageing_time', '0');
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, 'host-key')]);
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, 'user-key')]);
    copyFileSync(join(folder, 'user-key.pub'), join(folder, 'authorized'));
  }

  name(host: Host): string {
    return `tapline-${host}-${this.#id}`;
  }

  on(host: Host, ...command: string[]): string {
    return ip('netns', 'exec', this.name(host), ...command);
  }

  sshd(host: Host): void {
    const config = join(this.#folder, `sshd-${host}`);
    const lines = [
      `HostKey ${join(this.#folder, 'host-key')}`,
      `AuthorizedKeysFile ${join(this.#folder, 'authorized')}`,
    ];
    writeFileSync(
      config,
      `${[...lines, 'StrictModes no', 'UsePAM no', 'PidFile none', 'PermitRootLogin yes'].join('\n')}\n`,
    );
    mkdirSync('/run/sshd', { recursive: true });
    const command = ['netns', 'exec', this.name(host), SSHD, '-D', '-e', '-f', config];
    this.#daemons.push(spawn('ip', command, { stdio: 'ignore' }));
  }

  /** Logs in, works there for a while and logs out. */
  async ssh(from: Host, to: Host, work: string): Promise<string> {
    const options = [
      'StrictHostKeyChecking=no',
      'UserKnownHostsFile=/dev/null',
      'IdentitiesOnly=yes',
      'ConnectionAttempts=20',
    ];
    const login = [
      'ssh',
      '-F',
      'none',
      '-q',
      ...options.flatMap((option) => ['-o', option]),
      '-i',
      join(this.#folder, 'user-key'),
    ];
    const command = ['netns', 'exec', this.name(from), ...login, `root@${ADDRESS[to]}`, work];
    return (await run('ip', command)).stdout;
  }

  close(): void {
    for (const daemon of this.#daemons) daemon.kill();
    for (const host of Object.keys(ADDRESS) as Host[]) ip('netns', 'delete', this.name(host));
  }
}

/** As `tapline query flows` has it. */
interface Flow {
  readonly source: string;
  readonly destination: string;
  readonly source_port: number;
  readonly destination_port: number;
  readonly packets_out: number;
  readonly packets_back: number;
}

/** Packets of the flows between two hosts, or to a port. */
const packetsBetween = (flows: readonly Flow[], ...ends: string[]): number =>
  packetsOf(flows.filter(({ source, destination }) => [source, destination].sort().join() === ends.sort().join()));
const packetsOn = (flows: readonly Flow[], port: number): number =>
  packetsOf(flows.filter((flow) => flow.source_port === port || flow.destination_port === port));
const packetsOf = (flows: readonly Flow[]): number =>
  flows.reduce((sum, { packets_out, packets_back }) => sum + packets_out + packets_back, 0);

interface Ledger {
  readonly offered: number;
  readonly self: number;
  readonly sent: number;
  readonly stored: number;
  readonly unexplained: number;
}

describe.runIf(NAMESPACES && existsSync(SSHD))('own traffic on the captured interface', { timeout: LIMIT_MS }, () => {
  const folder = temporaryFolder();
  let office: Office;

  beforeAll(() => {
    office = new Office(folder);
    for (const host of Object.keys(ADDRESS) as Host[]) office.sshd(host);
  });
  afterAll(() => {
    office.close();
  });

  async function start(interfaceName: string, ...args: string[]): Promise<Started & { readonly data: string }> {
    const data = mkdtempSync(join(folder, 'data-'));
    const command = ['run', '-i', interfaceName, '--json', '--data', data, '--port', String(PORT), ...args];
    const started = startTapline(command, undefined, {}, ['ip', 'netns', 'exec', office.name('sensor')]);
    let said = '';
    started.child.stderr!.on('data', (chunk: Buffer) => (said += chunk.toString()));
    await until(
      'the capture begins',
      () => said.includes(`capturing ${interfaceName}`) || started.child.exitCode !== null,
      LIMIT_MS,
    );
    return { ...started, data };
  }

  async function stop({ child, finished }: Started): Promise<{ finished: Finished; ledger: Ledger }> {
    child.kill('SIGINT');
    const end = await finished;
    expect(end.code, end.stderr).toBe(0);
    const { ledger } = JSON.parse(end.stdout) as { ledger: Ledger };
    expect(ledger).toMatchObject({ offered: ledger.self + ledger.sent, stored: ledger.sent, unexplained: 0 });
    return { finished: end, ledger };
  }

  /** Reads a page of the report from the capturing host itself, over a connection of its own each time. */
  const readReport = (): string =>
    office.on('sensor', 'curl', '-s', '-o', '/dev/null', '-w', '%{http_code}', `http://127.0.0.1:${PORT}/`);

  it('is what the report page says, and only that', async () => {
    const started = await start('lo');
    for (let i = 0; i < 10; i++) expect(readReport()).toBe('200');
    office.on('sensor', 'bash', '-c', 'echo x > /dev/udp/127.0.0.1/9999');
    const { ledger } = await stop(started);
    expect(ledger.self).toBeGreaterThan(10 * 8);
    const flows = await flowsOf(started.data);
    expect(packetsOn(flows, PORT)).toBe(0);
    expect(packetsOn(flows, 9999)).toBe(1);
  });

  it("is an operator's login here, and not the one of others that crosses the switch", async () => {
    const started = await start('office', '--exit');
    const work = `for i in $(seq ${LINES}); do echo work; sleep 0.1; done`;
    const said = await Promise.all([office.ssh('alice', 'sensor', work), office.ssh('alice', 'bob', work)]);
    expect(said).toEqual([WORK, WORK]);
    const { ledger } = await stop(started);
    const flows = await flowsOf(started.data);
    const there = packetsBetween(flows, ADDRESS.alice, ADDRESS.bob);
    const here = packetsBetween(flows, ADDRESS.alice, ADDRESS.sensor);
    expect(there).toBeGreaterThan(2 * LINES);
    // Up to where the login has succeeded it is a stranger's, and seen.
    expect(here).toBeGreaterThan(0);
    expect(ledger.self).toBeGreaterThan(LINES);
    expect(here).toBeLessThan(there - LINES);
  });

  it('is kept when that is asked for', async () => {
    const started = await start('lo', '--include-self');
    for (let i = 0; i < 3; i++) readReport();
    const { ledger } = await stop(started);
    expect(ledger.self).toBe(0);
    expect(packetsOn(await flowsOf(started.data), PORT)).toBeGreaterThan(3 * 8);
  });
});

async function flowsOf(data: string): Promise<Flow[]> {
  const { code, stdout, stderr } = await tapline(
    'query',
    'flows',
    '--data',
    data,
    '--format',
    'ndjson',
    '--limit',
    '1000',
  );
  if (code !== 0) throw new Error(stderr);
  return stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Flow]));
}
