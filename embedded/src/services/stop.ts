/** `services down`: ends what runs, gracefully first, and deletes data only when asked to. */
import { existsSync, rmSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { PipelineError } from '@tapline/core/errors';
import { endGroup, isAlive } from './processes.ts';
import { MAX_CASSANDRA_NODES } from './cassandra.ts';
import { SERVICE_KINDS, type ServiceKind } from './ports.ts';
import { describeStack } from './stack.ts';
import { readState, removeState, withLock, writeState } from './state-file.ts';

/** Kafka moves its leaderships, Cassandra flushes its tables: a few seconds each, more on a busy machine. */
const GRACE_MS = 30_000;

export interface StopOptions {
  readonly dataDir: string;
  readonly only?: readonly ServiceKind[];
  /** Also deletes data, configuration and logs of what was stopped. */
  readonly wipe: boolean;
}

/** Ends the services of a folder, all at once. Throws PipelineError SERVICE when one does not end. */
export async function stopServices(options: StopOptions, tell: (line: string) => void): Promise<void> {
  const { dataDir } = describeStack(options);
  if (!existsSync(dataDir)) {
    tell(`nothing runs in ${dataDir}`);
    return;
  }
  await withLock(dataDir, async () => {
    const state = readState(dataDir);
    const only = options.only ?? SERVICE_KINDS;
    const chosen = Object.entries(state.processes).filter(([name]) => only.includes(kindOf(name)));
    const running = chosen.filter(([, id]) => isAlive(id));
    if (running.length === 0) tell(`nothing runs in ${dataDir}`);
    const results = await Promise.all(
      running.map(async ([name, id]) => {
        tell(`${name}: stopping (pid ${id.pid}) …`);
        const sinceMs = performance.now();
        const result = await endGroup(id, GRACE_MS);
        tell(`${name}: ${describe(result)} after ${((performance.now() - sinceMs) / 1000).toFixed(1)} s`);
        return { name, pid: id.pid, result };
      }),
    );
    const gone = new Set(chosen.map(([name]) => name));
    for (const { name, result } of results) if (result === 'stuck') gone.delete(name);
    const processes = Object.fromEntries(Object.entries(state.processes).filter(([name]) => !gone.has(name)));
    const rest = { ...state, processes };
    writeState(dataDir, options.wipe && only.includes('cassandra') ? { ...rest, cassandraNodes: 1 } : rest);
    const stuck = results.find(({ result }) => result === 'stuck');
    if (stuck !== undefined) {
      throw new PipelineError('SERVICE', `${stuck.name} (pid ${stuck.pid}) does not end, not even by SIGKILL`);
    }
    if (options.wipe) wipe(dataDir, only, tell);
  });
  if (options.wipe) removeEmptyFolder(dataDir);
}

function kindOf(name: string): ServiceKind {
  return SERVICE_KINDS.find((kind) => name === kind || name.startsWith(`${kind}-`)) ?? 'kafka';
}

function describe(result: 'gone' | 'stopped' | 'killed' | 'stuck'): string {
  return result === 'killed' ? 'did not end by itself and was killed' : result;
}

/** Deletes by name what `up` has made, so that a folder given by mistake keeps whatever else is in it. */
function wipe(dataDir: string, only: readonly ServiceKind[], tell: (line: string) => void): void {
  const names = only.flatMap((kind) =>
    kind === 'cassandra'
      ? Array.from({ length: MAX_CASSANDRA_NODES }, (_, index) => (index === 0 ? kind : `${kind}-${index + 1}`))
      : [kind],
  );
  for (const name of names) {
    rmSync(join(dataDir, name), { recursive: true, force: true });
    for (const log of [`${name}.log`, `${name}.log.1`]) rmSync(join(dataDir, 'logs', log), { force: true });
  }
  removeEmptyFolder(join(dataDir, 'logs'));
  if (only.length === SERVICE_KINDS.length) removeState(dataDir);
  tell(`deleted the data of ${only.join(', ')} in ${dataDir}`);
}

function removeEmptyFolder(folder: string): void {
  try {
    rmdirSync(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
  }
}
