/**
 * Which processes of this host are Tapline's, and which carry the SSH logins of the people who operate it (Linux, /proc).
 * Tapline's are this one, its descendants, and whoever runs the same program as the same user: a bridge beside the sensor.
 */
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';

export interface Processes {
  readonly own: readonly number[];
  /** Of logins that have succeeded: what a stranger does before that is no operator's work. */
  readonly logins: readonly number[];
  /** Whether any process of sshd can be seen. */
  readonly hasSshd: boolean;
}

interface Known {
  readonly parent: number;
  readonly runsProgram: boolean;
  readonly isSshd: boolean;
  readonly isLogin: boolean;
  readonly looks: number;
}

/** Between fork and exec a process has its parent's command line; from the second look on it stays as it is. */
const LOOKS = 2;
const SSHD = /^sshd(?:-session)?$/;
/** `sshd: alice@pts/0`, `sshd-session: alice@notty`, `sshd: alice`; not `[accepted]`, `alice [net]`, `alice [priv]`. */
const LOGIN = /^sshd(?:-session)?: [^[\]]+$/;

export class ProcessList {
  readonly #folder: string;
  readonly #self: number;
  readonly #program: string | undefined;
  #known = new Map<number, Known>();

  constructor(folder = '/proc', self = process.pid) {
    this.#folder = folder;
    this.#self = self;
    this.#program = programOf(this.#command(self));
  }

  /** Looks again. Throws what the file system says where processes cannot be seen at all. */
  read(): Processes {
    const known = new Map<number, Known>();
    for (const name of readdirSync(this.#folder)) {
      const pid = Number(name);
      if (!Number.isInteger(pid)) continue;
      const before = this.#known.get(pid);
      const now = before !== undefined && before.looks >= LOOKS && !before.isSshd ? before : this.#look(pid, before);
      if (now !== undefined) known.set(pid, now);
    }
    this.#known = known;
    const own: number[] = [];
    const logins: number[] = [];
    let hasSshd = false;
    for (const [pid, { isSshd, isLogin }] of known) {
      if (this.#isOwn(pid)) own.push(pid);
      else if (isLogin) logins.push(pid);
      hasSshd ||= isSshd;
    }
    return { own, logins, hasSshd };
  }

  /**
   * Adds the sockets that a process has open to `inodes`.
   * @returns false when it may not be looked into
   */
  addSockets(pid: number, inodes: Set<number>): boolean {
    const folder = join(this.#folder, String(pid), 'fd');
    try {
      for (const name of readdirSync(folder)) {
        const inode = socketInode(join(folder, name));
        if (inode !== undefined) inodes.add(inode);
      }
    } catch (error) {
      // One that has ended meanwhile has none.
      return (error as NodeJS.ErrnoException).code !== 'EACCES';
    }
    return true;
  }

  #look(pid: number, before: Known | undefined): Known | undefined {
    try {
      const stat = readFileSync(join(this.#folder, String(pid), 'stat'), 'latin1');
      const nameEnd = stat.lastIndexOf(')');
      const command = this.#command(pid);
      const isSshd = SSHD.test(stat.slice(stat.indexOf('(') + 1, nameEnd));
      return {
        parent: Number(stat.slice(nameEnd + 4).split(' ', 1)[0]),
        runsProgram: this.#program !== undefined && command.split('\0').includes(this.#program),
        isSshd,
        isLogin: isSshd && LOGIN.test(command.replace(/\0+$/, '')),
        looks: (before?.looks ?? 0) + 1,
      };
    } catch {
      return undefined;
    }
  }

  #isOwn(pid: number): boolean {
    // Parents are older than their children, but numbers begin again: the way up is walked at most once around.
    let at = pid;
    for (let steps = 0; at > 1 && steps <= this.#known.size; steps++) {
      if (at === this.#self) return true;
      const known = this.#known.get(at);
      if (known === undefined) return false;
      if (known.runsProgram) return this.#isOurUsers(at);
      at = known.parent;
    }
    return false;
  }

  /** Anybody could start a program with our name among its arguments. */
  #isOurUsers(pid: number): boolean {
    try {
      return statSync(join(this.#folder, String(pid))).uid === process.getuid?.();
    } catch {
      return false;
    }
  }

  #command(pid: number): string {
    return readFileSync(join(this.#folder, String(pid), 'cmdline'), 'latin1');
  }
}

/** The program that an interpreter was started with: its first argument that is a path. */
function programOf(command: string): string | undefined {
  return command
    .split('\0')
    .slice(1)
    .find((argument) => argument.startsWith('/'));
}

function socketInode(path: string): number | undefined {
  try {
    const match = /^socket:\[(\d+)\]$/.exec(readlinkSync(path));
    return match === null ? undefined : Number(match[1]);
  } catch {
    return undefined;
  }
}
