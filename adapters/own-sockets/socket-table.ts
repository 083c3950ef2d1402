/**
 * The kernel's tables of sockets (Linux, /proc/net/tcp and its siblings) of the network namespace that this process is in:
 *
 *   sl  local_address rem_address   st tx_queue:rx_queue tr:tm->when retrnsmt   uid  timeout inode …
 *    0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1667 1 …
 *
 * Addresses are printed as 32-bit words of this machine's byte order, an IPv4 address in a table of IPv6 as ::ffff:a.b.c.d.
 */
import { readFileSync } from 'node:fs';
import { endianness } from 'node:os';
import { join } from 'node:path';
import type { AddressWords } from '@tapline/core/packet/address';
import { TCP, UDP } from '@tapline/core/mirror/own-conversations';

export interface Socket {
  readonly protocol: number;
  /** Both ends as the table has them: a name of the conversation within its protocol. */
  readonly local: string;
  readonly remote: string;
  readonly isListening: boolean;
  readonly isEstablished: boolean;
  /** User who made it. */
  readonly uid: number;
  /** Under which a process has it among its descriptors; 0 = no process has it any more. */
  readonly inode: number;
}

export interface End {
  /** Absent where it is every address of this host, or nobody. */
  readonly words?: AddressWords;
  readonly port: number;
}

const TABLES = [
  ['tcp', TCP],
  ['tcp6', TCP],
  ['udp', UDP],
  ['udp6', UDP],
] as const;
const LINE = /: ([0-9A-F]{8,32}:[0-9A-F]{4}) ([0-9A-F]{8,32}:[0-9A-F]{4}) ([0-9A-F]{2}) \S+ \S+ \S+ +(\d+) +\d+ (\d+)/g;
const ESTABLISHED = '01';
const LISTEN = '0A';
const IS_LITTLE = endianness() === 'LE';

/** Hands every socket to `take`. Throws what the file system says where there are no such tables. */
export function readSockets(take: (socket: Socket) => void, folder = '/proc/self/net'): void {
  for (const [name, protocol] of TABLES) {
    for (const line of readTable(join(folder, name)).matchAll(LINE)) {
      const [, local, remote, state, uid, inode] = line;
      take({
        protocol,
        local: local!,
        remote: remote!,
        isListening: state === LISTEN,
        isEstablished: state === ESTABLISHED,
        uid: Number(uid),
        inode: Number(inode),
      });
    }
  }
}

/** Empty where the kernel speaks no IPv6. */
function readTable(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch (error) {
    if (path.endsWith('6') && (error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

/** An end of a socket in numbers. */
export function parseEnd(text: string): End {
  const [digits, port] = text.split(':') as [string, string];
  const words = [...digits.matchAll(/.{8}/g)].map(([word]) => wordOf(word));
  const isOpen = words.every((word) => word === 0);
  if (isOpen) return { port: parseInt(port, 16) };
  const whole = words.length === 1 ? ([0, 0, 0xffff, words[0]!] as const) : (words as unknown as AddressWords);
  return { words: whole, port: parseInt(port, 16) };
}

function wordOf(digits: string): number {
  const bytes = Buffer.from(digits, 'hex');
  return IS_LITTLE ? bytes.readUInt32LE() : bytes.readUInt32BE();
}

export const portOf = (end: string): number => parseInt(end.slice(-4), 16);
