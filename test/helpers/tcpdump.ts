/** Runs the real tcpdump over captures. */
import { execFile, execFileSync } from 'node:child_process';

const OUTPUT_LIMIT_BYTES = 1 << 30;
/** Captures made to break tcpdump keep it busy no longer. */
const TIMEOUT_MS = 30_000;

/** Whether tcpdump is installed; said aloud when not. */
export const TCPDUMP = ((): boolean => {
  try {
    execFileSync('tcpdump', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    if (process.env['REQUIRE_SERVICES'] === '1') throw new Error('REQUIRE_SERVICES=1, but tcpdump is not installed');
    console.warn('tcpdump is not installed: comparisons with it are SKIPPED');
    return false;
  }
})();

/** What tcpdump prints of a capture, in UTC; of one that it gives up, what it printed before. */
export function tcpdumpText(path: string, options: readonly string[]): Promise<Buffer> {
  return new Promise((resolve) => {
    const limits = { maxBuffer: OUTPUT_LIMIT_BYTES, timeout: TIMEOUT_MS };
    const environment = { ...process.env, TZ: 'UTC' };
    execFile(
      'tcpdump',
      [...options, '-r', path],
      { encoding: 'buffer', env: environment, ...limits },
      (_error, stdout) => {
        resolve(stdout);
      },
    );
  });
}
