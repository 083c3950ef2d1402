/** Which tcpdump is installed, as far as it matters. */
import { execFile } from 'node:child_process';
import { tcpdumpEnvironment } from './tcpdump.ts';

const VERSION = /^tcpdump version (\d+)\.(\d+)(?:\.(\d+))?/m;
/** The first that takes up an interrupted write again (the-tcpdump-group/tcpdump, issue 997). */
const RESUMES_WRITES = [4, 99, 2];
const TIMEOUT_MS = 10_000;

/**
 * Whether it may be asked for its counters while it waits to write; older ones tear the packet apart. False where there is
 * no tcpdump.
 */
export function resumesWrites(): Promise<boolean> {
  return new Promise((resolve) => {
    const options = { env: tcpdumpEnvironment(), timeout: TIMEOUT_MS };
    // Very old ones do not know the option, and name their version in their complaint.
    execFile('tcpdump', ['--version'], options, (_error, stdout, stderr) => {
      resolve(versionResumesWrites(`${stdout}\n${stderr}`));
    });
  });
}

/** @param text what `tcpdump --version` printed */
export function versionResumesWrites(text: string): boolean {
  const match = VERSION.exec(text);
  if (match === null) return false;
  const found = match.slice(1).map((part: string | undefined) => Number(part ?? 0));
  const place = RESUMES_WRITES.findIndex((part, i) => found[i] !== part);
  return place === -1 || found[place]! > RESUMES_WRITES[place]!;
}
