/**
 * The interfaces of this machine: from tcpdump what can be captured, from the kernel (Linux, /sys/class/net) whether it is
 * up and how long its packets may be, and their addresses from the system's own list.
 */
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { Link } from './link-state.ts';
import { tcpdumpEnvironment } from './tcpdump.ts';

export interface Interface {
  readonly name: string;
  /** Null where nobody says. */
  readonly state: 'up' | 'down' | null;
  /** With their prefix lengths: 192.0.2.1/24. */
  readonly addresses: readonly string[];
  /** Longest packet without the link's own header, bytes; null where there is none. */
  readonly mtu: number | null;
  /** What tcpdump says of those that are no network cards. */
  readonly description: string | null;
}

/** `1.eth0 [Up, Running]`, `2.any (Pseudo-device that captures on all interfaces) [Up, Running]`, `3.lo`. */
const LISTED = /^\d+\.(\S+)(?: \((.*)\))?(?: \[([^\]]*)\])?$/;
const TIMEOUT_MS = 10_000;
const FOLDER = '/sys/class/net';

/** Every interface that the system or tcpdump knows, those of the system first, by name. */
export async function listInterfaces(): Promise<Interface[]> {
  const addresses = networkInterfaces();
  const listed = parseList(await tcpdumpList());
  const own = [...new Set([...systemNames(), ...Object.keys(addresses)])].sort();
  const others = [...listed.keys()].filter((name) => !own.includes(name));
  return [...own, ...others].map((name) => {
    const state = new Link(name).state;
    return {
      name,
      state: state === 'up' || state === 'down' ? state : (listed.get(name)?.state ?? null),
      addresses: (addresses[name] ?? []).map(({ address, cidr }) => cidr ?? address),
      mtu: readMtu(name),
      description: listed.get(name)?.description ?? null,
    };
  });
}

/** What tcpdump -D printed, by name. */
export function parseList(text: string): Map<string, Pick<Interface, 'state' | 'description'>> {
  const found = new Map<string, Pick<Interface, 'state' | 'description'>>();
  for (const line of text.split('\n')) {
    const match = LISTED.exec(line.trim());
    if (match === null) continue;
    const flags = match[3]?.split(', ');
    const state = flags === undefined ? null : flags.includes('Up') ? 'up' : 'down';
    found.set(match[1]!, { state, description: match[2] ?? null });
  }
  return found;
}

/** Empty where there is no tcpdump, or where it may not look. */
function tcpdumpList(): Promise<string> {
  return new Promise((resolve) => {
    execFile('tcpdump', ['-D'], { env: tcpdumpEnvironment(), timeout: TIMEOUT_MS }, (_error, stdout) => {
      resolve(stdout);
    });
  });
}

function systemNames(): string[] {
  try {
    return readdirSync(FOLDER).filter((name) => new Link(name).state !== undefined);
  } catch {
    return [];
  }
}

function readMtu(name: string): number | null {
  try {
    return Number(readFileSync(join(FOLDER, name, 'mtu'), 'utf8'));
  } catch {
    return null;
  }
}
