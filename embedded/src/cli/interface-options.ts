/** The options of the commands that can capture from an interface, and what they mean together. */
import { statSync } from 'node:fs';
import { InvalidArgumentError, Option, type Command } from 'commander';
import type { SourceChoice } from '@tapline/capture-agent/source/source-choice';
import { PipelineError } from '@tapline/core/errors';
import { parseCount, parseDurationUs, parseSize } from './options.ts';

export interface InterfaceFlags {
  readonly interface?: string;
  readonly count?: number;
  readonly snapshotLength?: number;
  readonly promiscuous: boolean;
  /** Microseconds. */
  readonly duration?: number;
  /** Bytes. */
  readonly buffer?: number;
  readonly includeSelf: boolean;
}

/** Longest that libpcap takes. */
const SNAPSHOT_BYTES_MOST = 262_144;
/** A quarter of a second of a full link of 1 Gbit/s: room for the pauses of a process. */
const BUFFER_BYTES = 32 * 2 ** 20;

export function addInterfaceOptions(command: Command): Command {
  return command
    .option('-i, --interface <name>', 'capture from this interface now, with tcpdump (tapline interfaces lists them)')
    .option('-c, --count <n>', 'with -i: end after so many packets', parseCount)
    .option('-s, --snapshot-length <bytes>', 'with -i: keep so much of each packet (default: all)', parseSnapshotLength)
    .option('-p, --no-promiscuous', 'with -i: only what is sent to this machine')
    .option('--duration <time>', 'with -i: end after this time', parseDurationUs)
    .addOption(new Option('--buffer <size>', "with -i: the kernel's buffer (default: 32M)").argParser(parseSize))
    .option('--include-self', "with -i: keep Tapline's own traffic and the SSH logins to this host", false);
}

/**
 * What is to be read.
 * @param words the arguments: one source, or with --interface the words of a filter expression
 * @param standard when there are neither words nor an interface; undefined = one of them is needed
 * @throws PipelineError USAGE
 */
export function chooseSource(words: readonly string[], flags: InterfaceFlags, standard?: string): SourceChoice {
  const { interface: name, count, snapshotLength, promiscuous, duration, buffer, includeSelf } = flags;
  if (name === undefined) {
    refuseWithout({
      ...{ count, snapshotLength, duration, buffer },
      promiscuous: promiscuous ? undefined : false,
      includeSelf: includeSelf || undefined,
    });
    if (words.length > 1) throw new PipelineError('USAGE', `one source at a time: ${words.join(' ')} are more`);
    const source = words[0] ?? standard;
    if (source !== undefined) return source;
    throw new PipelineError('USAGE', 'name a capture file, - for standard input, or an interface (-i)');
  }
  const [first] = words;
  if (words.length === 1 && (first === '-' || isFile(first!))) {
    throw new PipelineError('USAGE', `${first!} is a source, and -i ${name} is another: leave one away`);
  }
  return {
    interface: name,
    promiscuous,
    bufferBytes: buffer ?? BUFFER_BYTES,
    includeSelf,
    ...(words.length === 0 ? {} : { filter: words.join(' ') }),
    ...(count === undefined ? {} : { count }),
    ...(snapshotLength === undefined ? {} : { snapshotBytes: snapshotLength }),
    ...(duration === undefined ? {} : { durationMs: duration / 1000 }),
  };
}

const FLAGS: Readonly<Record<string, string>> = {
  count: '--count',
  snapshotLength: '--snapshot-length',
  duration: '--duration',
  buffer: '--buffer',
  promiscuous: '--no-promiscuous',
  includeSelf: '--include-self',
};

function refuseWithout(given: Readonly<Record<string, unknown>>): void {
  const flag = Object.keys(given).find((key) => given[key] !== undefined);
  if (flag !== undefined) throw new PipelineError('USAGE', `${FLAGS[flag]!} is for an interface: name one with -i`);
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === false;
}

function parseSnapshotLength(text: string): number {
  const bytes = parseCount(text);
  if (bytes > SNAPSHOT_BYTES_MOST) throw new InvalidArgumentError(`use at most ${SNAPSHOT_BYTES_MOST}.`);
  return bytes;
}
