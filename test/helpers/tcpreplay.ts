/** Plays captures into the cable of a namespace and reads tcpreplay's own numbers: what was sent, and which packets were not. */
import { spawnSync } from 'node:child_process';
import { FAR, type Namespaced } from './network-namespace.ts';

export interface Replayed {
  readonly sent: number;
  /** Numbers of the packets, from 1, that could not be sent: longer than the MTU of the cable. */
  readonly refused: readonly number[];
  /** Sent, but less than was on the wire: the capture holds no more of them. */
  readonly truncated: number;
  /** All that tcpreplay said. */
  readonly report: string;
}

/**
 * @param pace options of tcpreplay: `--multiplier=1` as recorded, `--pps=N`
 * @throws Error when it failed, or does not name each packet that it did not send
 */
export function tcpreplay(net: Namespaced, capture: string, ...pace: string[]): Replayed {
  const command = ['netns', 'exec', net.name, 'tcpreplay', '-i', FAR, ...pace, capture];
  const { status, stdout, stderr } = spawnSync('ip', command, { encoding: 'utf8' });
  const report = stdout + stderr;
  if (status !== 0) throw new Error(`tcpreplay: ${report}`);
  const count = (name: string): number => Number(new RegExp(`${name} packets:\\s+(\\d+)`).exec(report)![1]);
  const refused = [...stderr.matchAll(/send\(\) \[(\d+)\]: Message too long/g)].map(([, packet]) => Number(packet));
  if (count('Failed') !== refused.length) throw new Error(`tcpreplay does not name what failed: ${report}`);
  return { sent: count('Successful'), refused, truncated: count('Truncated'), report };
}
