/**
 * Tells the packets of Tapline's own conversations on this host, and of the logins over which it is operated, from the rest.
 * Reads the kernel's tables when it is told to, and when a packet of this host is newer than the tables and nobody knows
 * whose it is; never for more than a small part of the time.
 */
import { networkInterfaces } from 'node:os';
import {
  OwnConversations,
  TCP,
  VERDICT,
  type Conversation,
  type Verdict,
} from '@tapline/core/mirror/own-conversations';
import { parseAddress, type Address } from '@tapline/core/packet/address';
import type { PacketColumns } from '@tapline/core/packet/columns';
import type { Peer } from './peers.ts';
import { ProcessList } from './processes.ts';
import { parseEnd, portOf, readSockets, type Socket } from './socket-table.ts';

export interface OwnSocketsOptions {
  /** Where Tapline connects to, known before it does. */
  readonly peers: readonly Peer[];
  /** What sshd says in SSH_CONNECTION: both ends of the login that started us. */
  readonly sshConnection?: string;
  readonly warn: (line: string) => void;
}

/** At most this part of the time goes into reading, on a host with ten thousands of sockets too. */
const PART = 1 / 20;
/** A closed conversation's last packets: TIME_WAIT lasts a minute, and what is sent again may take as long. */
const LINGER_MS = 120_000;
const LINGERING_MOST = 65_536;

export class OwnSockets {
  readonly #known = new OwnConversations();
  readonly #processes: ProcessList | undefined;
  readonly #peers: readonly Conversation[];
  /** Ours, open or closed lately, by protocol and both ends; least recently seen first. */
  readonly #own = new Map<string, { readonly conversation: Conversation; untilMs: number }>();
  readonly #sshPort: number | undefined;
  #dueMs = -Infinity;
  #readUs = -Infinity;

  /** Reads for the first time. */
  constructor(options: OwnSocketsOptions) {
    const { peers, sshConnection, warn } = options;
    this.#peers = peers.map(({ address, port }) => ({
      protocol: TCP,
      localPort: 0,
      remote: address.words,
      remotePort: port,
      verdict: VERDICT.likely,
    }));
    const sshPort = Number(sshConnection?.split(' ')[3] ?? NaN);
    this.#sshPort = Number.isInteger(sshPort) ? sshPort : undefined;
    this.#processes = processList(warn);
    this.#read();
  }

  /** Reads again, unless that was too lately; to be called every second. */
  look(): void {
    if (performance.now() >= this.#dueMs) this.#read();
  }

  /** Whether the decoded packet in row `row` is ours. */
  isOwn(columns: PacketColumns, row: number): boolean {
    let verdict = this.#known.judge(columns, row);
    if (verdict === VERDICT.other || verdict === VERDICT.own) return verdict === VERDICT.own;
    if (columns.timeUs[row]! >= this.#readUs) {
      // Whoever sent it had a socket then, of which these tables cannot know. Read too lately to read again: it stays open.
      if (performance.now() < this.#dueMs) return verdict === VERDICT.likely;
      this.#read();
      verdict = this.#known.judge(columns, row);
    }
    if (verdict === VERDICT.unknown) this.#known.settle(columns, row);
    return verdict >= VERDICT.likely;
  }

  #read(): void {
    const startMs = performance.now();
    this.#readUs = Date.now() * 1000;
    this.#known.replace(hostAddresses(), [...this.#conversations(startMs), ...this.#peers]);
    const endMs = performance.now();
    this.#dueMs = endMs + (endMs - startMs) / PART;
  }

  /** Listening sockets, ours of now and of lately, and others' with a peer of ours. */
  #conversations(nowMs: number): Conversation[] {
    if (this.#processes === undefined) return [];
    const { own, logins, hasSshd } = this.#processes.read();
    const ours = new Set<number>();
    const ssh = new Set<number>();
    for (const pid of own) this.#processes.addSockets(pid, ours);
    let isBlind = !hasSshd;
    for (const pid of logins) isBlind = !this.#processes.addSockets(pid, ssh) || isBlind;
    const listeners: Conversation[] = [];
    const candidates: Socket[] = [];
    const others: Conversation[] = [];
    const rootPorts = new Set<number>();
    readSockets((socket) => {
      const { inode, isListening, uid, local, isEstablished } = socket;
      if (isListening && uid === 0) rootPorts.add(portOf(local));
      if (ours.has(inode)) this.#takeOurs(socket, nowMs, listeners);
      else if (isListening || inode === 0) return;
      else if (ssh.has(inode)) candidates.push(socket);
      else if (isBlind && isEstablished && uid === 0 && portOf(local) === this.#sshPort) this.#keep(socket, nowMs);
      else {
        this.#own.delete(nameOf(socket));
        if (this.#isToPeer(socket)) others.push(conversationOf(socket, VERDICT.other));
      }
    });
    // What sshd opened itself, or for a tunnel of the user's, is no login.
    for (const login of candidates) if (rootPorts.has(portOf(login.local))) this.#keep(login, nowMs);
    this.#forget(nowMs);
    return [...listeners, ...others, ...[...this.#own.values()].map(({ conversation }) => conversation)];
  }

  #takeOurs(socket: Socket, nowMs: number, listeners: Conversation[]): void {
    if (isOpen(socket.remote)) {
      // Of TCP it listens, or is nobody's yet.
      if (socket.protocol !== TCP || socket.isListening) listeners.push(conversationOf(socket, VERDICT.own));
    } else this.#keep(socket, nowMs);
  }

  #keep(socket: Socket, nowMs: number): void {
    const name = nameOf(socket);
    const conversation = this.#own.get(name)?.conversation ?? conversationOf(socket, VERDICT.own);
    this.#own.delete(name);
    this.#own.set(name, { conversation, untilMs: nowMs + LINGER_MS });
  }

  #forget(nowMs: number): void {
    for (const [name, { untilMs }] of this.#own) {
      if (untilMs > nowMs && this.#own.size <= LINGERING_MOST) return;
      this.#own.delete(name);
    }
  }

  #isToPeer({ remote }: Socket): boolean {
    const port = portOf(remote);
    return this.#peers.some(({ remotePort }) => remotePort === port);
  }
}

/** Undefined, and said, where processes and their sockets cannot be seen. */
function processList(warn: (line: string) => void): ProcessList | undefined {
  try {
    const processes = new ProcessList();
    readSockets(() => undefined);
    return processes;
  } catch {
    warn('this system does not show whose sockets are whose: of our own traffic only that to the brokers is left out');
    return undefined;
  }
}

function hostAddresses(): Address[] {
  return Object.values(networkInterfaces()).flatMap((addresses = []) =>
    addresses.flatMap(({ address }) => parseAddress(address) ?? []),
  );
}

function conversationOf({ protocol, local, remote }: Socket, verdict: Verdict): Conversation {
  const here = parseEnd(local);
  const there = parseEnd(remote);
  return {
    protocol,
    ...(here.words && { local: here.words }),
    localPort: here.port,
    ...(there.words && { remote: there.words }),
    remotePort: there.port,
    verdict,
  };
}

const nameOf = ({ protocol, local, remote }: Socket): string => `${protocol} ${local} ${remote}`;

const isOpen = (end: string): boolean => /^0+:0000$/.test(end);
