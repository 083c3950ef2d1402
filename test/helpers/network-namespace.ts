/**
 * A network namespace of a test's own, with a cable in it: what is sent into the end `tap-far` comes out of the end `tap-near`.
 * No address, no IPv6: nothing but what the test sends is on it.
 */
import { execFile, execFileSync } from 'node:child_process';
import { promisify } from 'node:util';
import { randomBytes } from 'node:crypto';
import { startTapline, type Started } from './tapline.ts';

export const NEAR = 'tap-near';
export const FAR = 'tap-far';
const PACKETS_PER_SECOND = 20_000;
const SLOW_PACKETS_PER_SECOND = 1000;

export interface Sent {
  readonly packets: number;
  readonly bytes: number;
}

export class Namespaced {
  readonly name = `tapline-${randomBytes(4).toString('hex')}`;

  constructor() {
    ip('netns', 'add', this.name);
    try {
      this.#inside('sysctl', '-qw', 'net.ipv6.conf.default.disable_ipv6=1');
      ip('-n', this.name, 'link', 'add', NEAR, 'type', 'veth', 'peer', 'name', FAR);
      for (const end of [NEAR, FAR]) this.link('set', end, 'up');
    } catch (error) {
      this.close();
      throw error;
    }
  }

  close(): void {
    ip('netns', 'delete', this.name);
  }

  /** `ip link …` inside. */
  link(...args: string[]): void {
    ip('-n', this.name, 'link', ...args);
  }

  /** Starts tapline inside, as root or through another command. */
  tapline(args: readonly string[], through: readonly string[] = []): Started {
    return startTapline(args, undefined, {}, ['ip', 'netns', 'exec', this.name, ...through]);
  }

  /** Sends every packet of a capture into the far end, with tcpreplay; returns what that says it sent. */
  send(capture: string): Sent {
    const said = this.#inside('tcpreplay', '-i', FAR, '--pps', String(PACKETS_PER_SECOND), capture);
    return sentBy(said);
  }

  /** The same, while others work: slowly, so that it takes a while. */
  async start(capture: string): Promise<Sent> {
    const args = [
      'netns',
      'exec',
      this.name,
      'tcpreplay',
      '-i',
      FAR,
      '--pps',
      String(SLOW_PACKETS_PER_SECOND),
      capture,
    ];
    const { stdout } = await promisify(execFile)('ip', args);
    return sentBy(stdout);
  }

  #inside(...args: string[]): string {
    return ip('netns', 'exec', this.name, ...args);
  }
}

/** What tcpreplay says that it sent. */
function sentBy(said: string): Sent {
  const actual = /Actual: (\d+) packets \((\d+) bytes\) sent/.exec(said);
  if (actual === null || !/Failed packets:\s+0$/m.test(said)) throw new Error(`tcpreplay: ${said}`);
  return { packets: Number(actual[1]), bytes: Number(actual[2]) };
}

/** Stops the tcpdump that a tapline started from reading, while `during` lasts. */
export function withoutReading<T>(started: Started, during: () => T): T {
  const tcpdump = tcpdumpOf(started);
  process.kill(tcpdump, 'SIGSTOP');
  try {
    return during();
  } finally {
    process.kill(tcpdump, 'SIGCONT');
  }
}

/** The process of the tcpdump that a tapline started. */
export function tcpdumpOf({ child }: Started): number {
  return Number(execFileSync('pgrep', ['-x', 'tcpdump', '-P', String(child.pid)], { encoding: 'utf8' }));
}

function ip(...args: string[]): string {
  return execFileSync('ip', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Whether this machine can capture in namespaces of its own; said aloud when not. */
export const NAMESPACES = ((): boolean => {
  try {
    for (const program of ['tcpdump', 'tcpreplay', 'capinfos'])
      execFileSync(program, ['--version'], { stdio: 'ignore' });
    new Namespaced().close();
    return true;
  } catch (error) {
    const { message } = error as Error;
    if (process.env['REQUIRE_SERVICES'] === '1')
      throw new Error(`REQUIRE_SERVICES=1, but ${message}`, { cause: error });
    console.warn(`captures from an interface are SKIPPED (root, tcpdump, tcpreplay, ip netns): ${message}`);
    return false;
  }
})();
