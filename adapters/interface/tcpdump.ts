/**
 * tcpdump as a child process: started without a shell, its standard output for the packets, its standard error read line
 * by line for the counters of the kernel and for what went wrong.
 */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { constants } from 'node:os';
import type { Readable } from 'node:stream';
import { createInterface } from 'node:readline';
import { spawnFailure } from './failure.ts';
import { Statistics } from './statistics.ts';

/** Where tcpdump is on systems that keep it from the search path of users. */
const MORE_FOLDERS = '/usr/local/sbin:/usr/sbin:/sbin';
/** Lines of standard error that are kept: the last ones say what went wrong. */
const LINES_KEPT = 20;
/** BSD's tcpdump has a signal of its own for this, and SIGUSR1 would end it. */
const ASK = 'SIGINFO' in constants.signals ? 'SIGINFO' : 'SIGUSR1';
const LISTENING = /\blistening on \S+, link-type /;

/** In English, and found where users do not look for it. */
export function tcpdumpEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, LC_ALL: 'C', PATH: `${process.env['PATH'] ?? ''}:${MORE_FOLDERS}` };
}

function spawnTcpdump(args: readonly string[]): ChildProcessByStdio<null, Readable, Readable> {
  try {
    // In a group of its own: Ctrl-C in a terminal reaches us alone, and we say when the capture ends.
    return spawn('tcpdump', args, { stdio: ['ignore', 'pipe', 'pipe'], env: tcpdumpEnvironment(), detached: true });
  } catch (error) {
    // Most failures come as an event; what the kernel forbids is thrown.
    throw spawnFailure(error as NodeJS.ErrnoException);
  }
}

export class Tcpdump {
  readonly statistics = new Statistics();
  /** The last lines of standard error that were no counters. */
  readonly lines: string[] = [];
  /** Resolves when packets are captured: true; or when it ended before: false. Rejects with USAGE when there is none. */
  readonly started: Promise<boolean>;
  /** Resolves when it is gone and everything it said was read. */
  readonly ended: Promise<string>;
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;

  /**
   * @param onStatistics called when new counters were read
   * @throws PipelineError USAGE when the system refuses to run it; that it is not there is told by `started`
   */
  constructor(args: readonly string[], onStatistics: () => void) {
    this.#child = spawnTcpdump(args);
    const started = Promise.withResolvers<boolean>();
    const ended = Promise.withResolvers<string>();
    this.started = started.promise;
    this.ended = ended.promise;
    this.#child.on('error', (error: NodeJS.ErrnoException) => {
      started.reject(spawnFailure(error));
      ended.resolve(error.message);
    });
    const kill = (): void => void this.#child.kill('SIGKILL');
    process.on('exit', kill);
    this.#child.on('close', (code, signal) => {
      process.off('exit', kill);
      started.resolve(false);
      ended.resolve(signal ?? `exit code ${code ?? 0}`);
    });
    createInterface({ input: this.#child.stderr }).on('line', (line) => {
      if (LISTENING.test(line)) started.resolve(true);
      if (this.statistics.read(line)) onStatistics();
      else if (line.trim() !== '') this.lines.splice(0, this.lines.push(line.trim()) - LINES_KEPT);
    });
  }

  get packets(): Readable {
    return this.#child.stdout;
  }

  /** Asks for the counters. Only once it has started: before, the signal would end it. */
  ask(): void {
    this.#child.kill(ASK);
  }

  /** Asks it to end. What is left in the kernel's buffer is not read any more. */
  stop(): void {
    this.#child.kill('SIGINT');
  }

  /** Ends it at once. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }
}
