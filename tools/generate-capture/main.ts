/** `node tools/generate-capture/main.ts`: writes a generated capture, and its labels beside it. */
import { writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { CaptureWriter } from './capture-writer.ts';
import { generateFrames } from './generator.ts';
import { labelTable } from './labels.ts';
import { repeatCapture } from './repeat-capture.ts';

const HELP = `usage: node tools/generate-capture/main.ts --out FILE [--packets N] [--seed N] [--profile mix|small64] [--benign-only] [--repeat K]
       node tools/generate-capture/main.ts --out FILE --hours H --benign-only [--seed N]
       node tools/generate-capture/main.ts --out FILE --from CAPTURE.pcap --repeat K

Writes a pcap of N packets (default 1000000) made from the seed (default 1), and FILE's labels to FILE with .labels.tsv for .pcap.
--hours H makes an ordinary day of H hours instead of N packets.
--repeat K writes the packets K times, event time going on; with --from, an existing pcap is repeated instead of made.
`;

const DEFAULT_PACKETS = 1_000_000;

interface Arguments {
  readonly out: string;
  readonly from: string | undefined;
  readonly packets: number;
  readonly hours?: number;
  readonly seed: number;
  readonly profile: 'mix' | 'small64';
  readonly benignOnly: boolean;
  readonly repeat: number;
}

function readArguments(): Arguments {
  const { values } = parseArgs({
    options: {
      out: { type: 'string' },
      from: { type: 'string' },
      packets: { type: 'string' },
      hours: { type: 'string' },
      seed: { type: 'string', default: '1' },
      profile: { type: 'string', default: 'mix' },
      'benign-only': { type: 'boolean', default: false },
      repeat: { type: 'string', default: '1' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    process.exit(0);
  }
  const { out, from, profile } = values;
  if (out === undefined) throw new Error('--out FILE is missing');
  if (profile !== 'mix' && profile !== 'small64') throw new Error('--profile is mix or small64');
  const whole = (name: 'packets' | 'hours' | 'seed' | 'repeat', least: number, otherwise?: number): number => {
    const value = Number(values[name] ?? otherwise);
    if (!Number.isSafeInteger(value) || value < least) throw new Error(`--${name} is a whole number from ${least}`);
    return value;
  };
  const hours = values.hours === undefined ? {} : { hours: whole('hours', 1) };
  const most = values.hours === undefined ? DEFAULT_PACKETS : Number.MAX_SAFE_INTEGER;
  const numbers = { packets: whole('packets', 1, most), ...hours, seed: whole('seed', 0), repeat: whole('repeat', 1) };
  return { out, from, profile, benignOnly: values['benign-only'], ...numbers };
}

function run(): void {
  const options = readArguments();
  const started = performance.now();
  if (options.from === undefined) generate(options);
  const { packets, fileBytes } = repeatCapture(options.from ?? options.out, options.out, options.repeat);
  const seconds = (performance.now() - started) / 1000;
  const rate = Math.round(packets / seconds);
  process.stderr.write(
    `${options.out}: ${packets} packets, ${fileBytes} bytes, ${seconds.toFixed(1)} s, ${rate} packets/s\n`,
  );
}

function generate(options: Arguments): void {
  const writer = new CaptureWriter(options.out);
  const result = generateFrames(options, writer);
  writer.close();
  const labels = `${options.out.replace(/\.pcap$/, '')}.labels.tsv`;
  writeFileSync(labels, labelTable(basename(options.out), result, options.profile, options.seed, options.repeat));
}

try {
  run();
} catch (error) {
  process.stderr.write(`generate-capture: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(2);
}
