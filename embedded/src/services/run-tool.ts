/** Runs a helper program (java -version, mvn, the storage formatter) to its end and keeps the end of what it said. */
import { spawn } from 'node:child_process';

const KEPT_BYTES = 16 * 1024;

export interface ToolResult {
  readonly code: number;
  /** The last of stdout and stderr together. */
  readonly output: string;
}

/** Undefined when there is no such program; rejects when aborted, after which the program is gone. */
export function runTool(
  command: string,
  args: readonly string[],
  options: { cwd?: string; signal?: AbortSignal } = {},
): Promise<ToolResult | undefined> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const keep = (chunk: Buffer): void => {
      output = (output + chunk.toString()).slice(-KEPT_BYTES);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') resolve(undefined);
      else reject(error);
    });
    child.on('close', (code) => {
      resolve({ code: code ?? 1, output });
    });
  });
}

/** The last line that says something, for a one-line error. */
export function lastLine(output: string): string {
  return output.trimEnd().split('\n').at(-1)?.trim() ?? '';
}
