/**
 * `npm run bench -- ceiling` (as root): what one core of a sensor can take, beside `tcpdump -w /dev/null` in the same run:
 * from a file, and live from a cable that tcpreplay fills at rising rates from the other core.
 */
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { NODE_ENVIRONMENT, NODE_FLAGS } from '../../tools/find-node.mjs';
import { FAR, Namespaced, NEAR } from '../helpers/network-namespace.ts';
import { until } from '../helpers/until.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const PROFILES = ['small64', 'mix'];
/** Two cores: one for what is measured, one for what feeds it. */
const ON_CORE = (core: number): string[] => ['taskset', '-c', String(core)];

const { values } = parseArgs({
  options: {
    packets: { type: 'string', default: '500000' },
    rates: { type: 'string', default: '25000,50000,100000,200000,400000,top' },
    seconds: { type: 'string', default: '3' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  process.stdout.write(
    'npm run bench -- ceiling [--packets N (500000)] [--rates PPS,…,top] [--seconds S per rate (3)]\n',
  );
  process.exit(0);
}
const seconds = Number(values.seconds);

interface Taken {
  readonly captured: number;
  readonly dropped: number;
}

/** A program that captures from the near end. */
interface Capturer {
  readonly name: string;
  readonly command: readonly string[];
  /** What it says when it captures. */
  readonly ready: RegExp;
  readonly taken: (stdout: string, stderr: string) => Taken;
}

const node = (...args: string[]): string[] => [process.execPath, ...NODE_FLAGS, ...args];
const environment = { ...NODE_ENVIRONMENT, ...process.env, TZ: 'UTC' };
const say = (line: string): void => void process.stdout.write(`${line}\n`);

const TCPDUMP: Capturer = {
  name: 'tcpdump -w /dev/null',
  command: ['tcpdump', '-i', NEAR, '-B', String(32 * 1024), '-w', '/dev/null'],
  ready: /listening on/,
  taken: (_stdout, stderr) => ({
    captured: Number(/(\d+) packets captured/.exec(stderr)![1]),
    dropped: Number(/(\d+) packets dropped by kernel/.exec(stderr)![1]),
  }),
};
const SENSOR: Capturer = {
  name: 'sensor to zstd batches',
  command: node(join(import.meta.dirname, 'live-agent.ts'), NEAR),
  ready: /capturing/,
  taken: (stdout) => {
    const { sent, kernelDropped } = JSON.parse(stdout) as { sent: number; kernelDropped: number };
    return { captured: sent, dropped: kernelDropped };
  },
};

function benchCapture(profile: string): string {
  const folder = join(tmpdir(), 'tapline-bench');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${profile}-${values.packets}.pcap`);
  const what = ['--packets', values.packets, '--profile', profile, '--seed', '1', '--out', file];
  const [command, ...args] = node(join(ROOT, 'tools/generate-capture/main.ts'), ...what);
  if (!existsSync(file)) execFileSync(command!, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  return file;
}

/** Packets per second of a whole process on one core, the best of three. */
function fileRate(command: readonly string[]): number {
  const times = [1, 2, 3].map(() => {
    const [program, ...args] = [...ON_CORE(0), ...command];
    const startMs = performance.now();
    const { status } = spawnSync(program!, args, { env: environment, stdio: 'ignore' });
    if (status !== 0) throw new Error(`${command.join(' ')}: exit code ${status}`);
    return performance.now() - startMs;
  });
  return (Number(values.packets) / Math.min(...times)) * 1000;
}

/** Runs `capturer` on the near end while `feed` runs. */
async function whileCapturing(
  net: Namespaced,
  { command, ready, taken }: Capturer,
  feed: (child: ChildProcess) => Promise<void>,
): Promise<Taken> {
  const child = spawn('ip', ['netns', 'exec', net.name, ...ON_CORE(0), ...command], { env: environment });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = new Promise((done) => child.on('close', done));
  await until(`${command.join(' ')} captures`, () => ready.test(stderr) || child.exitCode !== null, 60_000);
  await feed(child);
  await new Promise((done) => setTimeout(done, 1500));
  child.kill('SIGINT');
  await ended;
  return taken(stdout, stderr);
}

interface Sent {
  readonly packets: number;
  /** As tcpreplay measured it: it ends when it can, not when it should, and is slower than asked on a busy core. */
  readonly pps: number;
}

/** Sends from the other core; resolves with what really went. */
function replay(net: Namespaced, file: string, rate: string, lastingS: number): Promise<Sent> {
  const pace = rate === 'top' ? ['--topspeed'] : ['--pps', rate];
  const args = ['-i', FAR, ...pace, '--preload-pcap', '--loop', '0', '--duration', String(lastingS), file];
  const child = spawn('ip', ['netns', 'exec', net.name, ...ON_CORE(1), 'tcpreplay', ...args]);
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  return new Promise((done) => {
    child.on('close', () => {
      const number = (pattern: RegExp): number => Number(pattern.exec(said)?.[1] ?? NaN);
      done({ packets: number(/Actual: (\d+) packets/), pps: number(/([\d.]+) pps/) });
    });
  });
}

async function live(net: Namespaced, profile: string, file: string): Promise<void> {
  for (const rate of values.rates.split(',')) {
    const got: number[] = [];
    for (const capturer of [TCPDUMP, SENSOR]) {
      let sent: Sent = { packets: NaN, pps: NaN };
      const { captured, dropped } = await whileCapturing(net, capturer, async () => {
        sent = await replay(net, file, rate, seconds);
      });
      const tookPps = (sent.pps * captured) / sent.packets;
      got.push(tookPps);
      const part = ((100 * dropped) / (captured + dropped)).toFixed(2);
      say(
        `live ${profile} ${rate.padStart(7)}  ${capturer.name.padEnd(24)} sent ${sent.pps.toFixed(0)} pps, ` +
          `took ${tookPps.toFixed(0)} pps, dropped ${part} %`,
      );
    }
    say(`live ${profile} ${rate.padStart(7)}  ${(got[1]! / got[0]!).toFixed(2)} x tcpdump`);
  }
}

const net = new Namespaced();
try {
  for (const profile of PROFILES) {
    const file = benchCapture(profile);
    const yardstick = fileRate(['tcpdump', '-r', file, '-w', '/dev/null']);
    const ours = fileRate(node(join(import.meta.dirname, 'half-line.ts'), 'encode', file));
    say(
      `file ${profile}  tcpdump ${yardstick.toFixed(0)} pps, sensor ${ours.toFixed(0)} pps: ${(ours / yardstick).toFixed(2)} x`,
    );
    await live(net, profile, file);
  }
} finally {
  net.close();
}
