/** The frames that Wireshark's display filters and tcpdump's expressions select, as those tools write them. */
import { execFileSync, type ExecFileSyncOptions } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { readCapture, type SeenFrame } from './frames.ts';

const OUTPUT_LIMIT_BYTES = 1 << 30;

/** What `tshark -r capture -Y filter -w` writes. */
export function tsharkFrames(capture: string, filter: string): SeenFrame[] {
  const output = `${capture}.selected`;
  try {
    execFileSync('tshark', ['-n', '-r', capture, '-Y', filter, '-w', output], { stdio: 'ignore' });
    return readCapture(readFileSync(output)).frames;
  } finally {
    rmSync(output, { force: true });
  }
}

/** What `tcpdump -r capture expression -w -` writes. */
export function tcpdumpFrames(capture: string, expression: string): SeenFrame[] {
  const args = ['-n', '--time-stamp-precision=nano', '-r', capture, '-w', '-', '--', expression];
  const options: ExecFileSyncOptions = { maxBuffer: OUTPUT_LIMIT_BYTES, stdio: ['ignore', 'pipe', 'ignore'] };
  return readCapture(execFileSync('tcpdump', args, options) as Buffer).frames;
}
