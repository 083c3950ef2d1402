/** `services.json` of a data folder: ports and nodes it was last started with, and the processes that run. */
import { existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PipelineError } from '@tapline/core/errors';
import { PORT_NAMES, type Ports } from './ports.ts';
import { isAlive, processFacts, type ProcessId } from './processes.ts';

export interface StackState {
  readonly ports: Partial<Ports>;
  readonly cassandraNodes: number;
  readonly cassandraHeapMb?: number;
  /** By service name; an entry may be of a process that has ended since. */
  readonly processes: Readonly<Record<string, ProcessId>>;
}

const FILE = 'services.json';
const LOCK = 'services.lock';
const VERSION = 1;
const EMPTY: StackState = { ports: {}, cassandraNodes: 1, processes: {} };

/** What the folder remembers; an empty state when it is new. Throws PipelineError SERVICE when the file is damaged. */
export function readState(dataDir: string): StackState {
  const path = join(dataDir, FILE);
  let text;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return EMPTY;
    throw unusable(dataDir, error);
  }
  const state = parseState(text);
  if (state === undefined) {
    throw new PipelineError('SERVICE', `${path} is damaged: end the services by hand and delete it`);
  }
  return state;
}

/** Undefined for what no `writeState` has written. */
function parseState(text: string): StackState | undefined {
  try {
    const { version, ...state } = JSON.parse(text) as StackState & { version: number };
    const { ports, processes } = state;
    const sound =
      version === VERSION &&
      Number.isInteger(state.cassandraNodes) &&
      PORT_NAMES.every((name) => ports[name] === undefined || Number.isInteger(ports[name])) &&
      Object.values(processes).every(({ pid, started }) => Number.isInteger(pid) && pid > 1 && started !== '');
    return sound ? state : undefined;
  } catch {
    return undefined;
  }
}

/** Replaces the file as a whole, so that a reader never sees half of one. */
export function writeState(dataDir: string, state: StackState): void {
  const path = join(dataDir, FILE);
  const fresh = `${path}.${process.pid}`;
  writeFileSync(fresh, `${JSON.stringify({ version: VERSION, ...state }, undefined, 2)}\n`);
  renameSync(fresh, path);
}

/** Forgets the folder; `--wipe` ends with it. */
export function removeState(dataDir: string): void {
  rmSync(join(dataDir, FILE), { force: true });
}

/**
 * Runs `work` while no other command changes the same folder. Throws PipelineError SERVICE when one does; a lock whose
 * holder has died is taken over.
 */
export async function withLock<T>(dataDir: string, work: () => Promise<T>): Promise<T> {
  const path = join(dataDir, LOCK);
  const mine = `${path}.${process.pid}`;
  try {
    makeFolder(dataDir);
    writeFileSync(mine, `${process.pid} ${processFacts(process.pid)?.started ?? ''}`);
  } catch (error) {
    throw unusable(dataDir, error);
  }
  for (;;) {
    try {
      linkSync(mine, path); // appears with its content or not at all
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      const [pid, started] = readHolder(path);
      if (isAlive({ pid, started })) {
        rmSync(mine, { force: true });
        throw new PipelineError('SERVICE', `another tapline services (pid ${pid}) is at work in ${dataDir}`, {
          retriable: true,
        });
      }
      rmSync(path, { force: true });
    }
  }
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
    rmSync(mine, { force: true });
  }
}

/** Step by step, because Node's own recursive mkdir never ends where the kernel refuses with ENOENT, as below /proc. */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  try {
    mkdirSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error; // somebody else was faster
  }
}

function readHolder(path: string): [pid: number, started: string] {
  try {
    const [pid, ...started] = readFileSync(path, 'utf8').split(' ');
    return [Number(pid), started.join(' ')];
  } catch {
    return [0, ''];
  }
}

function unusable(dataDir: string, cause: unknown): PipelineError {
  return new PipelineError('USAGE', `${dataDir} cannot be the folder of the services: ${(cause as Error).message}`, {
    cause,
  });
}
