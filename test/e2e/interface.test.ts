/**
 * Captures from a real interface: in a network namespace, tcpreplay sends real packets into one end of a cable, and
 * tapline captures at the other. Whatever happens there, what was sent is captured or counted as dropped, and the books close.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { firstGroup } from '@tapline/capture-agent/spool/group';
import { Spool } from '@tapline/capture-agent/spool/spool';
import type { Heartbeat } from '@tapline/core/ledger/heartbeat';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NAMESPACES, Namespaced, NEAR, tcpdumpOf, withoutReading, type Sent } from '../helpers/network-namespace.ts';
import { tapline, type Finished, type Started } from '../helpers/tapline.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';
import { until } from '../helpers/until.ts';

const BUNDLED = join(import.meta.dirname, '../../captures/office-under-attack.pcap.zst');
const PACKETS = 3000;
const FILTER = 'udp port 53 or arp';
/** The small buffer that this overruns holds a third of the packets. */
const SMALL_BUFFER = ['--buffer', '512K'];

interface Run {
  readonly session: string;
  readonly ledger: Readonly<Record<'offered' | 'kernelDropped' | 'sent' | 'stored' | 'unexplained', number>>;
  readonly wireBytes: number;
  readonly error?: { readonly code: string };
}

const runOf = ({ stdout }: Finished): Run => JSON.parse(stdout) as Run;

describe.skipIf(!NAMESPACES)('a capture from an interface', () => {
  const folder = temporaryFolder();
  const capture = join(folder, 'small.pcap');
  let net: Namespaced;
  let data: string;

  beforeAll(() => {
    const whole = join(folder, 'whole.pcap');
    writeFileSync(whole, zstdDecompressSync(readFileSync(BUNDLED)));
    execFileSync('tcpdump', ['-r', whole, '-c', String(PACKETS), '-w', capture], { stdio: 'ignore' });
    net = new Namespaced();
  });
  afterAll(() => {
    net.close();
  });

  const isCapturing = async (started: Started): Promise<void> => {
    let said = '';
    started.child.stderr!.on('data', (chunk: Buffer) => (said += chunk.toString()));
    await until('the capture begins', () => said.includes(`capturing ${NEAR}`) || started.child.exitCode !== null);
  };

  /** Starts a run and waits until packets are captured. */
  async function run(...args: string[]): Promise<Started> {
    data = mkdtempSync(join(folder, 'data-'));
    const started = net.tapline(['run', '-i', NEAR, '--exit', '--json', '--data', data, ...args]);
    await isCapturing(started);
    return started;
  }

  async function interrupt({ child, finished }: Started): Promise<Finished> {
    child.kill('SIGINT');
    return finished;
  }

  /** The books of the last run, as `tapline audit` has them, are closed, and hold what was sent. */
  async function expectClosed(finished: Finished, sent: Sent): Promise<Run['ledger']> {
    const { ledger } = runOf(finished);
    expect(ledger.offered).toBe(sent.packets);
    expect(ledger.sent + ledger.kernelDropped).toBe(sent.packets);
    expect(ledger).toMatchObject({ stored: ledger.sent, unexplained: 0 });
    const { code, stdout } = await tapline('audit', '--data', data, '--json');
    expect(code).toBe(0);
    expect(stdout).toContain('"final":true');
    return ledger;
  }

  it('loses nothing when SIGHUP ends its sessions and others begin, while packets come', async () => {
    const record = join(folder, 'hup-record');
    const started = await run('--record', record);
    // The kernel hands packets on by the second, so some of the sessions are empty.
    const hangUps = setInterval(() => started.child.kill('SIGHUP'), 400);
    const sent = await net.start(capture).finally(() => {
      clearInterval(hangUps);
    });
    const finished = await interrupt(started);
    const { sessions } = JSON.parse(finished.stdout) as { sessions: { ledger: Run['ledger']; final: boolean }[] };
    const offered = sessions.map(({ ledger }) => ledger.offered);
    expect(offered.reduce((sum, packets) => sum + packets)).toBe(sent.packets);
    const withPackets = offered.filter((packets) => packets > 0).length;
    expect(withPackets).toBeGreaterThan(1);
    expect(sessions.every(({ ledger, final }) => final && ledger.unexplained === 0)).toBe(true);
    await expectClosed(finished, sent);
    const recordings = new Set(
      readdirSync(join(record, 'instance-1')).flatMap((name) => /\.(\w+)\.pcapng$/.exec(name)?.[1] ?? []),
    );
    expect(recordings.size).toBe(withPackets);
  });

  const protocols = async (from: string): Promise<string> =>
    (await tapline('query', 'protocols', '--data', from)).stdout;

  it('has every packet that was sent, as the file has them', async () => {
    const started = await run();
    const sent = net.send(capture);
    const finished = await interrupt(started);
    expect(finished.code, finished.stderr).toBe(0);
    expect(await expectClosed(finished, sent)).toMatchObject({ sent: PACKETS, kernelDropped: 0 });
    expect(runOf(finished).wireBytes).toBe(sent.bytes);
    const fromFile = mkdtempSync(join(folder, 'data-'));
    await tapline('run', capture, '--exit', '--data', fromFile);
    expect(await protocols(data)).toBe(await protocols(fromFile));
  });

  it('counts what the kernel had no room for', async () => {
    const started = await run(...SMALL_BUFFER);
    const sent = withoutReading(started, () => net.send(capture));
    const finished = await interrupt(started);
    expect(finished.code, finished.stderr).toBe(0);
    const { kernelDropped } = await expectClosed(finished, sent);
    expect(kernelDropped).toBeGreaterThan(0);
    expect(kernelDropped).toBeLessThan(PACKETS);
  });

  it.each([
    ['is set down', ['set', NEAR, 'down'], 'the interface went down while it was captured'],
    ['is deleted', ['delete', NEAR], 'the interface is gone while it was captured'],
  ])('ends with a fault and closed books when the interface %s', async (_how, change, said) => {
    const own = net;
    net = new Namespaced();
    try {
      const started = await run();
      const sent = net.send(capture);
      net.link(...change);
      const finished = await started.finished;
      expect(finished.code).toBe(1);
      expect(finished.stderr.trimEnd().split('\n').at(-1)).toBe(`tapline: ${NEAR}: ${said}`);
      expect(runOf(finished).error).toMatchObject({ code: 'CAPTURE_LOST' });
      await expectClosed(finished, sent);
    } finally {
      net.close();
      net = own;
    }
  });

  it('ends with a fault and closed books when tcpdump is killed', async () => {
    const started = await run();
    process.kill(tcpdumpOf(started), 'SIGKILL');
    const finished = await started.finished;
    expect(finished.code).toBe(1);
    expect(finished.stderr).toContain(`tapline: ${NEAR}: the capture ended: tcpdump ended with SIGKILL`);
    expect(runOf(finished).ledger).toMatchObject({ offered: 0, unexplained: 0 });
  });

  it('takes what the expression selects, and of packets cut to the snapshot length the whole length', async () => {
    const selected = join(folder, 'selected.pcap');
    execFileSync('tcpdump', ['-r', capture, '-w', selected, FILTER], { stdio: 'ignore' });
    const facts = execFileSync('capinfos', ['-c', '-d', '-M', selected], { encoding: 'utf8' });
    const [packets, bytes] = ['Number of packets', 'Data size'].map((name) =>
      Number(new RegExp(`${name}:\\s+(\\d+)`).exec(facts)![1]),
    );
    const started = await run('-s', '60', '-p', ...FILTER.split(' '));
    net.send(capture);
    const { ledger, wireBytes } = runOf(await interrupt(started));
    expect(ledger).toMatchObject({ offered: packets, sent: packets, unexplained: 0 });
    expect(wireBytes).toBe(bytes);
  });

  it('ends by itself after a number of packets, or a time', async () => {
    const counted = await run('-c', '100');
    net.send(capture);
    const finished = await counted.finished;
    expect(finished.code, finished.stderr).toBe(0);
    expect(runOf(finished).ledger).toMatchObject({ offered: 100, sent: 100, stored: 100, unexplained: 0 });
    const timed = await (await run('--duration', '500ms')).finished;
    expect(timed.code, timed.stderr).toBe(0);
    expect(runOf(timed).ledger).toMatchObject({ offered: 0, unexplained: 0 });
  });

  it('of tapline capture waits in the spool with heartbeats that add up, while the broker is away', async () => {
    const spool = mkdtempSync(join(folder, 'spool-'));
    const args = ['capture', '-i', NEAR, '--json', '--spool', spool, '--patience', '1s', ...SMALL_BUFFER];
    const started = net.tapline(args);
    await isCapturing(started);
    const sent = withoutReading(started, () => net.send(capture));
    const finished = await interrupt(started);
    expect(finished.stderr).toContain('the broker did not answer');
    const { counters } = JSON.parse(finished.stdout) as { counters: Heartbeat['counters'] };
    expect(counters.offered).toBe(sent.packets);
    expect(counters.kernelDropped).toBeGreaterThan(0);
    const heartbeats = await heartbeatsIn(spool);
    expect(heartbeats.at(-1)).toMatchObject({ final: true, counters });
    for (const { counters: said } of heartbeats) expect(said.offered).toBe(said.kernelDropped + said.sent);
    const minutes = new Map(heartbeats.flatMap((heartbeat) => heartbeat.minutes).map((m) => [m.minuteStartUs, m]));
    const dropped = [...minutes.values()].reduce((sum, minute) => sum + minute.kernelDropped, 0);
    expect(dropped).toBe(counters.kernelDropped);
  });

  it.each([
    ['an interface that is not there', ['-i', 'nowhere'], `there is no interface nowhere: there are lo, `],
    ['a bad expression', ['-i', NEAR, 'tcp', 'prot', '80'], 'bad filter expression "tcp prot 80": '],
    ['an interface that is down', ['-i', 'lo'], 'the interface lo is down'],
  ])('is refused in one line for %s', async (_what, args, said) => {
    const finished = await net.tapline(['run', '--exit', ...args]).finished;
    expect(finished).toMatchObject({ code: 2, stdout: '' });
    expect(finished.stderr).toMatch(/^tapline: [^\n]+\n$/);
    expect(finished.stderr).toContain(said);
  });

  it('is refused without the permission, and says how to get it', async () => {
    const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
    const { code, stderr } = await net.tapline(['run', '--exit', '-i', NEAR], nobody).finished;
    expect(code).toBe(2);
    expect(stderr).toContain(`no permission to capture ${NEAR}`);
  });

  it('can be chosen among those that tapline interfaces lists', async () => {
    const { stdout } = await net.tapline(['interfaces', '--json']).finished;
    const listed = JSON.parse(stdout) as Record<string, unknown>[];
    expect(listed.find(({ name }) => name === NEAR)).toMatchObject({ state: 'up', mtu: 1500, addresses: [] });
    expect(listed.find(({ name }) => name === 'lo')).toMatchObject({ state: 'down' });
    expect((await net.tapline(['interfaces']).finished).stdout).toMatch(new RegExp(`^${NEAR} +up +1500 +-$`, 'm'));
  });
});

/** Every heartbeat that waits in a spool, in order. */
async function heartbeatsIn(folder: string): Promise<Heartbeat[]> {
  const spool = new Spool({ folder, warn: () => undefined });
  const heartbeats: Heartbeat[] = [];
  while (spool.records > 0) {
    const group = firstGroup(spool.peek(2 ** 20));
    heartbeats.push(...group.heartbeats.map(({ heartbeat }) => heartbeat));
    spool.release(group.records);
  }
  await spool.close();
  return heartbeats;
}
