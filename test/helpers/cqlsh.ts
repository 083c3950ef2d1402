/** The second opinion on what can be pasted: Cassandra's own shell, where it is installed (pip install cqlsh). */
import { execFileSync, spawn } from 'node:child_process';
import type { CassandraOptions } from '@tapline/adapters/cassandra/client';

/** Whether cqlsh is there; said aloud when not. */
export const CQLSH = ((): boolean => {
  try {
    execFileSync('cqlsh', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    if (process.env['REQUIRE_SERVICES'] === '1') throw new Error('REQUIRE_SERVICES=1, but cqlsh is not installed');
    console.warn('cqlsh is not installed: pasting into it is SKIPPED');
    return false;
  }
})();

/** Types text into cqlsh as a person would who pastes it. */
export function runCqlsh(options: CassandraOptions, text: string): Promise<{ stdout: string; stderr: string }> {
  const [host, port] = options.contactPoints[0]!.split(':');
  const child = spawn('cqlsh', ['-k', options.keyspace, '--request-timeout', '30', host!, port ?? '9042'], {
    stdio: 'pipe',
  });
  const out = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (piece: string) => (out.stdout += piece));
  child.stderr.setEncoding('utf8').on('data', (piece: string) => (out.stderr += piece));
  child.stdin.on('error', () => undefined);
  child.stdin.end(`${text}\n`);
  return new Promise((done, failed) => {
    child.on('error', failed);
    child.on('close', () => {
      done(out);
    });
  });
}
