/**
 * `npm run bench`: packets per second of the decoder, of decoding and encoding, and of the whole line, each in turn with
 * `tcpdump -nn -r` (and `tshark -T fields` on a slice) on the same file in the same run, so that the ratios mean something
 * on any machine. Options: --packets N (default 4,000,000), --rounds N (5), --profile mix|small64, --file CAPTURE.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readSync, statSync, writeFileSync, closeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { NODE_ENVIRONMENT, NODE_FLAGS } from '../../tools/find-node.mjs';

const ROOT = resolve(import.meta.dirname, '../..');
const TSHARK_PACKETS = 100_000;

interface Contender {
  readonly name: string;
  readonly command: readonly string[];
  /** Packets the command reads, when not the whole file. */
  readonly packets?: number;
}

interface Timing {
  readonly name: string;
  readonly packets: number;
  readonly seconds: number[];
  note: string;
}

const { values } = parseArgs({
  options: {
    packets: { type: 'string', default: '4000000' },
    rounds: { type: 'string', default: '5' },
    profile: { type: 'string', default: 'mix' },
    file: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  process.stdout.write('npm run bench -- [--packets N] [--rounds N] [--profile mix|small64] [--file CAPTURE]\n');
  process.exit(0);
}

function node(...args: string[]): string[] {
  return [process.execPath, ...NODE_FLAGS, ...args];
}

function available(tool: string): boolean {
  return spawnSync(tool, ['--version'], { stdio: 'ignore' }).error === undefined;
}

/** The bench capture: generated once per size and profile, kept in the temporary folder. */
function benchCapture(packets: number, profile: string): string {
  const folder = join(tmpdir(), 'tapline-bench');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${profile}-${packets}.pcap`);
  if (!existsSync(file)) {
    process.stderr.write(`generating ${packets} packets (${profile}) …\n`);
    const [command, ...args] = node(
      join(ROOT, 'tools/generate-capture/main.ts'),
      '--packets',
      `${packets}`,
      '--profile',
      profile,
      '--seed',
      '1',
      '--out',
      file,
    );
    if (spawnSync(command!, args, { stdio: 'inherit' }).status !== 0) process.exit(1);
  }
  return file;
}

/** The first packets of a capture as a file of their own, for tools too slow to read it all. */
function slice(file: string, packets: number): string {
  const out = `${file}.head-${packets}`;
  if (existsSync(out)) return out;
  const input = openSync(file, 'r');
  const head = Buffer.alloc(Math.min(statSync(file).size, 256 * 1024 * 1024));
  readSync(input, head, 0, head.length, 0);
  closeSync(input);
  let end = 24;
  for (let packet = 0; packet < packets && end + 16 <= head.length; packet++) {
    const next = end + 16 + head.readUInt32LE(end + 8);
    if (next > head.length) break;
    end = next;
  }
  writeFileSync(out, head.subarray(0, end));
  return out;
}

/** Ours runs as its launcher starts it, the others as a user's shell would; without TZ tcpdump looks the zone up per packet. */
function environmentOf(command: string): NodeJS.ProcessEnv {
  const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !(name in NODE_ENVIRONMENT)));
  return { ...(command === process.execPath ? NODE_ENVIRONMENT : {}), ...clean, TZ: 'UTC' };
}

function time(contender: Contender): { seconds: number; output: string } {
  const [command, ...args] = contender.command;
  const started = performance.now();
  const result = spawnSync(command!, args, {
    env: environmentOf(command!),
    maxBuffer: 1 << 20,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  if (result.status !== 0) throw new Error(`${contender.name} failed with exit code ${result.status}`);
  return { seconds: (performance.now() - started) / 1000, output: result.stdout.toString() };
}

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}

if (!available('tcpdump')) {
  process.stderr.write('bench: tcpdump is the yardstick and is not here: install it\n');
  process.exit(1);
}
const file = values.file ?? benchCapture(Number(values.packets), values.profile);
const halfLine = join(import.meta.dirname, 'half-line.ts');
const quiet = (command: string): string[] => ['sh', '-c', `exec ${command} > /dev/null`];
const contenders: Contender[] = [
  { name: 'tcpdump -nn -r', command: quiet(`tcpdump -nn -r '${file}'`) },
  { name: 'decode, to nowhere', command: node(halfLine, 'decode', file) },
  { name: 'decode + flows', command: node(halfLine, 'columns', file) },
  { name: 'decode + flows + zstd batches', command: node(halfLine, 'encode', file) },
  { name: 'run (whole line)', command: node(join(ROOT, 'embedded/src/main.ts'), 'run', file, '--exit', '--json') },
];
if (available('tshark')) {
  const fields =
    '-e frame.number -e frame.time_epoch -e ip.src -e ip.dst -e ipv6.src -e ipv6.dst -e ip.proto -e frame.len -e tcp.flags -e tcp.srcport -e tcp.dstport';
  contenders.push({
    name: 'tshark -T fields',
    command: quiet(`tshark -n -r '${slice(file, TSHARK_PACKETS)}' -T fields ${fields}`),
    packets: TSHARK_PACKETS,
  });
}

const timings = new Map<string, Timing>();
let total = 0;
for (let round = 0; round < Number(values.rounds); round++) {
  for (const contender of contenders) {
    process.stderr.write(`\rround ${round + 1}: ${contender.name.padEnd(40)}`);
    const { seconds, output } = time(contender);
    const said = output.startsWith('{') ? (JSON.parse(output) as Record<string, unknown>) : {};
    if (typeof said['packets'] === 'number') total = said['packets'];
    const timing = timings.get(contender.name) ?? {
      name: contender.name,
      packets: contender.packets ?? NaN,
      seconds: [],
      note: '',
    };
    timing.seconds.push(seconds);
    if (typeof said['peakRssBytes'] === 'number')
      timing.note = `peak ${Math.round(said['peakRssBytes'] / 2 ** 20)} MiB`;
    if (typeof said['wireBytes'] === 'number' && contender.name.includes('zstd'))
      timing.note += `, ${(said['wireBytes'] / total).toFixed(2)} B/packet on the wire`;
    timings.set(contender.name, timing);
  }
}
process.stderr.write('\r\x1b[2K');

const rateOf = (timing: Timing): number =>
  (Number.isNaN(timing.packets) ? total : timing.packets) / median(timing.seconds);
const yardstick = rateOf(timings.get('tcpdump -nn -r')!);
process.stdout.write(
  `${file}: ${total} packets, ${statSync(file).size} bytes, median of ${values.rounds} rounds, whole processes\n`,
);
for (const timing of timings.values()) {
  const rate = rateOf(timing);
  process.stdout.write(
    `${timing.name.padEnd(32)} ${(rate / 1e6).toFixed(3).padStart(8)} Mpps  ${(rate / yardstick).toFixed(2).padStart(7)} x tcpdump  ${timing.note}\n`,
  );
}
