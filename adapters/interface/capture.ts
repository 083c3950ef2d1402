/** What to capture from an interface, and the arguments of tcpdump that say so. */
import { readFileSync } from 'node:fs';
import { PipelineError } from '@tapline/core/errors';

/** Plain data, so that it can be handed to another thread. */
export interface InterfaceCapture {
  /** As tcpdump -D and `tapline interfaces` have it. */
  readonly interface: string;
  /** Expression in the language of pcap-filter(7); absent = everything. */
  readonly filter?: string;
  /** End after this many packets. */
  readonly count?: number;
  /** Bytes kept of a packet; absent = all. */
  readonly snapshotBytes?: number;
  readonly promiscuous: boolean;
  /** End after this much time by the wall clock. */
  readonly durationMs?: number;
  /** Size of the kernel's buffer. */
  readonly bufferBytes: number;
  /** Keep packets of Tapline's own, and of the logins over which it is operated. */
  readonly includeSelf: boolean;
}

/** What names of interfaces are made of. A slash would let libpcap open other machines (rpcap://) and files. */
const NAME = /^[A-Za-z0-9_.@:][A-Za-z0-9_.@:-]{0,63}$/;
/** User that tcpdump becomes once it has its socket: the one its package made, or one that owns nothing. */
const USERS = ['tcpdump', '_tcpdump', 'nobody'];

/**
 * The arguments of tcpdump. No immediate mode: there the kernel's buffer has room for the largest frame in every slot, and
 * runs over hundreds of times sooner.
 * @param user to run as after the start; undefined = who we are
 * @throws PipelineError USAGE for what cannot be a name of an interface
 */
export function tcpdumpArguments(capture: InterfaceCapture, user: string | undefined): string[] {
  const { interface: name, filter, count, snapshotBytes, promiscuous, bufferBytes } = capture;
  if (!NAME.test(name)) {
    throw new PipelineError('USAGE', `${JSON.stringify(name)} cannot be an interface: tapline interfaces lists them`);
  }
  return [
    ...['-i', name, '-U', '-w', '-', '-B', String(Math.ceil(bufferBytes / 1024))],
    ...(user === undefined ? [] : ['-Z', user]),
    ...(snapshotBytes === undefined ? [] : ['-s', String(snapshotBytes)]),
    ...(promiscuous ? [] : ['-p']),
    ...(count === undefined ? [] : ['-c', String(count)]),
    // Whatever the expression begins with, it is no option.
    ...(filter === undefined ? [] : ['--', filter]),
  ];
}

/** Who tcpdump is to become when it is started by root; undefined when it is not. */
export function unprivilegedUser(): string | undefined {
  if (process.getuid?.() !== 0) return undefined;
  try {
    const known = readFileSync('/etc/passwd', 'utf8');
    return USERS.find((user) => known.split('\n').some((line) => line.startsWith(`${user}:`)));
  } catch {
    return undefined;
  }
}
