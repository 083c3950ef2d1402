/** Runs the `tapline` command as a user would, in a process of its own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { resolve } from 'node:path';

export const MAIN = resolve(import.meta.dirname, '../../embedded/src/main.ts');

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Started {
  readonly child: ChildProcess;
  readonly finished: Promise<Finished>;
}

/**
 * Starts the command.
 * @param input becomes its standard input; `pipe` leaves that open to the caller
 * @param environment variables beside those of the tests
 * @param through a command that starts it, such as `ip netns exec NAME`
 */
export function startTapline(
  args: readonly string[],
  input?: Uint8Array | 'pipe',
  environment: Readonly<Record<string, string | undefined>> = {},
  through: readonly string[] = [],
): Started {
  const [program, ...rest] = [...through, process.execPath, '--disable-warning=ExperimentalWarning', MAIN, ...args];
  const child = spawn(program!, rest, {
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout!.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr!.on('data', (chunk: Buffer) => err.push(chunk));
  child.stdin?.on('error', () => undefined);
  if (input !== 'pipe') child.stdin?.end(input);
  const finished = new Promise<Finished>((done, failed) => {
    child.on('error', failed);
    child.on('close', (code) => {
      done({ code, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() });
    });
  });
  return { child, finished };
}

/** Runs the command to its end. */
export function tapline(...args: string[]): Promise<Finished> {
  return startTapline(args).finished;
}
