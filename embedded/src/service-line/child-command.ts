/**
 * A `tapline` command in a process of its own, as `run --on services` and the tests start them: agent, bridge and
 * functions live and die apart there, as they do where they are deployed.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { PipelineError } from '@tapline/core/errors';
import { PARENT_PIPE } from '../cli/parent.ts';
import { NODE_ENVIRONMENT, NODE_FLAGS } from '../../../tools/find-node.mjs';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));
/** Lines of a child's stderr that are kept to explain its failure. */
const KEPT_LINES = 20;
const STOP_MS = 30_000;

export interface ChildOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Lets the child read this process's standard input. */
  readonly stdin?: boolean;
  /** Lets the child's stderr through, progress and all; otherwise it is kept for errors. */
  readonly stderr?: boolean;
  /** Hears of every line that is kept instead. */
  readonly onStderr?: (line: string) => void;
}

export interface ChildEnd {
  /** Exit code; null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A line of JSON that a child printed. */
export type ChildLine = Readonly<Record<string, unknown>>;

export class ChildCommand {
  readonly name: string;
  /** Every line of JSON the child has printed so far. */
  readonly lines: ChildLine[] = [];
  /** Resolves when the process has ended and all it printed was read. */
  readonly ended: Promise<ChildEnd>;
  readonly #process: ChildProcess;
  readonly #stderr: string[] = [];
  readonly #waiting = new Set<() => void>();
  #end: ChildEnd | undefined;

  /** @param args the command's name and its arguments */
  constructor(args: readonly string[], options: ChildOptions) {
    this.name = args[0]!;
    this.#process = spawn(process.execPath, [...NODE_FLAGS, MAIN, ...args], {
      stdio: [
        options.stdin === true ? 'inherit' : 'ignore',
        'pipe',
        options.stderr === true ? 'inherit' : 'pipe',
        'pipe',
      ],
      env: { ...NODE_ENVIRONMENT, ...options.environment, [PARENT_PIPE]: '3' },
    });
    createInterface({ input: this.#process.stdout! }).on('line', (line) => {
      this.#takeLine(line);
    });
    if (this.#process.stderr !== null) {
      createInterface({ input: this.#process.stderr }).on('line', (line) => {
        this.#stderr.push(line);
        if (this.#stderr.length > KEPT_LINES) this.#stderr.shift();
        options.onStderr?.(line);
      });
    }
    this.ended = new Promise((resolve, reject) => {
      this.#process.on('error', reject);
      this.#process.on('close', (code, signal) => {
        this.#end = { code, signal };
        this.#wake();
        resolve(this.#end);
      });
    });
  }

  get pid(): number {
    return this.#process.pid!;
  }

  /** What the child said on stderr last. */
  get stderr(): string {
    return this.#stderr.join('\n');
  }

  /**
   * The first line for which `isIt` holds, also among those already printed.
   * @throws PipelineError SERVICE when the child ends without it, with what it said
   */
  async line(isIt: (line: ChildLine) => boolean): Promise<ChildLine> {
    for (let seen = 0; ;) {
      for (; seen < this.lines.length; seen++) if (isIt(this.lines[seen]!)) return this.lines[seen]!;
      if (this.#end !== undefined) throw this.failure();
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  /** Why the child ended, as an error. */
  failure(): PipelineError {
    const how = this.#end?.signal ?? `exit code ${this.#end?.code ?? 'unknown'}`;
    const said = this.#stderr.at(-1)?.replace(/^tapline: /, '') ?? 'it did not say why';
    return new PipelineError('SERVICE', `tapline ${this.name} ended with ${how}: ${said}`);
  }

  /** Asks the child to end, and makes it when it takes too long. */
  async stop(): Promise<ChildEnd> {
    if (this.#end === undefined) this.#process.kill('SIGTERM');
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), STOP_MS);
    try {
      return await this.ended;
    } finally {
      clearTimeout(timer);
    }
  }

  kill(signal: NodeJS.Signals = 'SIGKILL'): void {
    this.#process.kill(signal);
  }

  #takeLine(line: string): void {
    try {
      this.lines.push(JSON.parse(line) as ChildLine);
    } catch {
      this.#stderr.push(line);
    }
    this.#wake();
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}
