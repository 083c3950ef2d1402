/** `tapline run` with its page, once the capture is read. */
import { startTapline, type Started } from './tapline.ts';
import { until } from './until.ts';

/**
 * Starts a run on a free port.
 * @param running gets the run, for whoever stops it
 * @returns the address of the page
 */
export async function serveRun(running: Started[], args: readonly string[], input?: Uint8Array): Promise<string> {
  const started = startTapline(['run', ...args, '--port', '0'], input);
  running.push(started);
  let said = '';
  started.child.stderr!.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await until('the capture is read', () => said.includes('until Ctrl-C'));
  return /the report is at (\S+)/.exec(said)![1]!;
}
