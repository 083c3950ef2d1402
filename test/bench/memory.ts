/**
 * `npm run bench -- memory [sensor|line|loop]`: whether memory stays flat. Prints the memory of every thread once a second
 * and, at the end, the slope of the minima of every 30 seconds in the second half, with its confidence.
 * sensor: live from a cable that tcpreplay fills (as root), to batches and nowhere; line: the same through every stage;
 * loop: every stage, replaying a capture over and over, each pass a session of its own.
 */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { NODE_ENVIRONMENT, NODE_FLAGS } from '../../tools/find-node.mjs';
import { FAR, Namespaced, NEAR } from '../helpers/network-namespace.ts';
import { minima, trendOf } from './trend.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const MIB = 2 ** 20;
/** Seconds over which the least is taken. */
const STRETCH = 30;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: 'string', default: '10' },
    pps: { type: 'string', default: '30000' },
    packets: { type: 'string', default: '500000' },
    collect: { type: 'boolean', default: false },
    snapshots: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const what = positionals[0] ?? 'sensor';
if (values.help || !['sensor', 'line', 'loop'].includes(what)) {
  process.stdout.write(
    'npm run bench -- memory [sensor|line|loop] [--minutes M (10)] [--pps N (30000)] [--packets N of the capture (500000)]\n' +
      '  [--collect]    collect the garbage every 30 s first, so that the heap is what is really held\n' +
      '  [--snapshots]  write heap snapshots after a quarter of the time and at the end, to be compared in a browser\n',
  );
  process.exit(values.help ? 0 : 2);
}
const seconds = Number(values.minutes) * 60;
const folder = mkdtempSync(join(tmpdir(), 'tapline-memory-'));

function benchCapture(): string {
  const place = join(tmpdir(), 'tapline-bench');
  mkdirSync(place, { recursive: true });
  const file = join(place, `mix-${values.packets}.pcap`);
  const args = ['--packets', values.packets, '--profile', 'mix', '--seed', '1', '--out', file];
  if (!existsSync(file)) {
    execFileSync(process.execPath, [...NODE_FLAGS, join(ROOT, 'tools/generate-capture/main.ts'), ...args]);
  }
  return file;
}

interface Sample {
  readonly rss: number;
  readonly heap: number;
  readonly buffers: number;
  readonly collected: boolean;
}
/** By thread; the first is the main one. */
const samples = new Map<number, Sample[]>();

/** Takes a line of memory-log.ts; false when it is none. */
function takeLine(line: string): boolean {
  const found = /^memory (\d+) (\d+) (\d+) (\d+) (\d+) ([01])$/.exec(line);
  if (found === null) return false;
  const [thread = 0, rss = 0, heap = 0, , buffers = 0, collected] = found.slice(1).map(Number);
  const series = samples.get(thread) ?? [];
  samples.set(thread, [...series, { rss, heap, buffers, collected: collected === 1 }]);
  const text = [rss, heap, buffers].map((bytes) => (bytes / MIB).toFixed(1).padStart(7)).join(' ');
  process.stdout.write(`${String(series.length).padStart(5)} s  thread ${thread}  rss, heap, buffers ${text} MiB\n`);
  return true;
}

function programOf(file: string): string[] {
  const tapline = [join(ROOT, 'embedded/src/main.ts'), 'run', '--exit', '--json', '--data', join(folder, 'data')];
  if (what === 'sensor') return [join(import.meta.dirname, 'live-agent.ts'), NEAR];
  if (what === 'line') return [...tapline, '-i', NEAR];
  return [...tapline, file, '--loop', 'forever', '--pps', values.pps];
}

/** One line for a measure: its line through the second half, where the heap has grown to its size. */
function report(name: string, series: readonly number[]): void {
  const settled = series.slice(Math.floor(series.length / 2));
  const { slope, halfWidth } = trendOf(minima(settled, STRETCH), STRETCH / 60);
  const [least, most] = [Math.min(...settled), Math.max(...settled)].map((bytes) => (bytes / MIB).toFixed(1));
  process.stdout.write(
    `${name.padEnd(28)} second half ${least} to ${most} MiB, minima per ${STRETCH} s: ` +
      `${(slope / MIB).toFixed(3)} ± ${(halfWidth / MIB).toFixed(3)} MiB/min (95 %)\n`,
  );
}

/** The heap where garbage was collected just before. */
function reportHeld(name: string, series: readonly Sample[]): void {
  const held = series.filter(({ collected }) => collected).map(({ heap, buffers }) => heap + buffers);
  const settled = held.slice(Math.floor(held.length / 2));
  if (settled.length < 2) return;
  const { slope, halfWidth } = trendOf(settled, STRETCH / 60);
  const text = settled.map((bytes) => (bytes / MIB).toFixed(2)).join(' ');
  process.stdout.write(
    `${name.padEnd(28)} ${text} MiB: ${(slope / MIB).toFixed(3)} ± ${(halfWidth / MIB).toFixed(3)} MiB/min (95 %)\n`,
  );
}

const net = what === 'loop' ? undefined : new Namespaced();
try {
  const file = benchCapture();
  const flags = [
    ...NODE_FLAGS,
    ...(values.collect ? ['--expose-gc'] : []),
    ...(values.snapshots ? ['--heapsnapshot-signal=SIGUSR2', `--diagnostic-dir=${process.cwd()}`] : []),
    '--import',
    join(import.meta.dirname, 'memory-log.ts'),
  ];
  const command = [process.execPath, ...flags, ...programOf(file)];
  const inside = net === undefined ? command : ['ip', 'netns', 'exec', net.name, ...command];
  const child = spawn(inside[0]!, inside.slice(1), {
    env: { ...NODE_ENVIRONMENT, ...process.env, TZ: 'UTC' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let result = '';
  child.stdout.on('data', (chunk: Buffer) => (result += chunk.toString()));
  createInterface({ input: child.stderr }).on('line', (line) => {
    if (!takeLine(line)) process.stderr.write(`${line}\n`);
  });
  const ended = new Promise((done) => child.on('close', done));
  if (values.snapshots) {
    for (const after of [seconds / 4, seconds - 5]) void setTimeout(after * 1000).then(() => child.kill('SIGUSR2'));
  }
  if (net === undefined) {
    await Promise.race([setTimeout(seconds * 1000), ended]);
  } else {
    await setTimeout(3000);
    const args = ['-i', FAR, '--pps', values.pps, '--preload-pcap', '--loop', '0', '--duration', String(seconds), file];
    const replay = spawn('ip', ['netns', 'exec', net.name, 'tcpreplay', ...args], { stdio: 'ignore' });
    await Promise.race([new Promise((done) => replay.on('close', done)), ended]);
    replay.kill();
  }
  child.kill('SIGINT');
  await ended;
  const said = JSON.parse(result) as { ledger?: object };
  process.stdout.write(`counted: ${JSON.stringify(said.ledger ?? said)}\n`);
  report('resident', samples.get(0)?.map(({ rss }) => rss) ?? []);
  for (const [thread, series] of samples) {
    report(
      `heap and buffers, thread ${thread}`,
      series.map(({ heap, buffers }) => heap + buffers),
    );
    reportHeld(`held after collection, ${thread}`, series);
  }
} finally {
  net?.close();
  rmSync(folder, { recursive: true });
}
