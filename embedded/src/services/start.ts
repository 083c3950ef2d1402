/**
 * `services up`: starts what does not run yet, in order, each in a process group of its own that outlives the command,
 * and waits until each answers. What a failed or interrupted start has begun, it also ends.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PipelineError } from '@tapline/core/errors';
import { requireFreePorts } from './free-ports.ts';
import { PORTS_OF, type PortName } from './ports.ts';
import { endGroup, isAlive, processFacts, type ProcessId } from './processes.ts';
import { lastLine } from './run-tool.ts';
import type { Launch, PrepareContext, Service } from './service.ts';
import { describeStack, type Stack, type StackOptions } from './stack.ts';
import { withLock, writeState } from './state-file.ts';

const PROBE_MS = 2000;
const POLL_MS = 150;
const TELL_EVERY_MS = 5000;
const GRACE_MS = 20_000;

/** Returns the stack once every service of it answers. Throws PipelineError SERVICE or USAGE. */
export async function startServices(options: StackOptions, context: PrepareContext): Promise<Stack> {
  const { dataDir } = describeStack(options);
  return await withLock(dataDir, () => startLocked(options, context));
}

async function startLocked(options: StackOptions, context: PrepareContext): Promise<Stack> {
  const stack = describeStack(options);
  const running = stack.services.filter(({ name }) => isRunning(stack, name));
  const missing = stack.services.filter((service) => !running.includes(service));
  for (const service of running) requireSamePorts(stack, service);
  if (stack.cassandraNodes < stack.state.cassandraNodes) {
    const { cassandraNodes } = stack.state;
    const advice = '"tapline services down --wipe --only cassandra" first';
    throw new PipelineError('USAGE', `${stack.dataDir} holds a ring of ${cassandraNodes} Cassandra nodes: ${advice}`);
  }
  await requireFreePorts(missing);

  const processes = new Map(Object.entries(stack.state.processes));
  const started = new Map<string, ProcessId>();
  try {
    for (const service of stack.services) {
      const tell = (line: string): void => {
        context.tell(`${service.name}: ${line}`);
      };
      if (running.includes(service)) {
        await waitForAnswer(service, () => undefined, { ...context, tell });
        const pid = processes.get(service.name)!.pid;
        tell(`${service.title} already runs at ${service.host}:${service.ports[0]} (pid ${pid})`);
        continue;
      }
      const sinceMs = performance.now();
      context.signal.throwIfAborted();
      const launch = await service.prepare({ ...context, tell });
      context.signal.throwIfAborted();
      const child = launchDetached(service, launch);
      const id = await identify(service, child);
      started.set(service.name, id);
      processes.set(service.name, id);
      remember(stack, processes);
      tell(`${service.title} starting (pid ${id.pid}, log ${service.logFile}) …`);
      await waitForAnswer(service, () => child.exitCode ?? child.signalCode ?? undefined, { ...context, tell });
      child.unref();
      const seconds = ((performance.now() - sinceMs) / 1000).toFixed(1);
      tell(`answers at ${service.host}:${service.ports[0]} after ${seconds} s`);
    }
  } catch (error) {
    await Promise.all([...started.values()].map((id) => endGroup(id, GRACE_MS)));
    for (const name of started.keys()) processes.delete(name);
    remember(stack, processes);
    if (context.signal.aborted) {
      throw new PipelineError('SERVICE', 'interrupted: what had been started is stopped again');
    }
    throw error;
  }
  return stack;
}

/** Ports and node counts of services that this command is not about stay as they were. */
function remember(stack: Stack, processes: ReadonlyMap<string, ProcessId>): void {
  const { cassandraNodes, cassandraHeapMb, services, state } = stack;
  const names: PortName[] = services.flatMap(({ kind }) => PORTS_OF[kind]);
  writeState(stack.dataDir, {
    ...state,
    ports: { ...state.ports, ...Object.fromEntries(names.map((name) => [name, stack.ports[name]])) },
    ...(services.some(({ kind }) => kind === 'cassandra') ? { cassandraNodes, cassandraHeapMb } : {}),
    processes: Object.fromEntries(processes),
  });
}

export function isRunning(stack: Stack, name: string): boolean {
  const id = stack.state.processes[name];
  return id !== undefined && isAlive(id);
}

/** A running service keeps its ports; asking for others is a mistake to say, not to pass over. */
function requireSamePorts(stack: Stack, { kind, name, title }: Service): void {
  for (const port of PORTS_OF[kind]) {
    const now = stack.state.ports[port];
    if (now !== undefined && now !== stack.ports[port]) {
      throw new PipelineError(
        'USAGE',
        `${title} already runs with port ${now}, not ${stack.ports[port]}: "tapline services down --only ${kind}" first (${name} in ${stack.dataDir})`,
      );
    }
  }
}

function launchDetached(service: Service, launch: Launch): ChildProcess {
  mkdirSync(dirname(service.logFile), { recursive: true });
  // One earlier log is kept: what a restart is about is usually in it.
  if (existsSync(service.logFile)) renameSync(service.logFile, `${service.logFile}.1`);
  const log = openSync(service.logFile, 'a');
  try {
    return spawn(launch.command, launch.args, {
      detached: true,
      stdio: ['ignore', log, log],
      env: serviceEnvironment(),
    });
  } finally {
    closeSync(log);
  }
}

/** Ours without what tunes Node's own processes: its memory settings would only slow a Java down. */
function serviceEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(MALLOC|NODE)_/.test(name)));
}

async function identify(service: Service, child: ChildProcess): Promise<ProcessId> {
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (error) => {
      reject(new PipelineError('SERVICE', `${service.title} cannot be started: ${error.message}`));
    });
  });
  const pid = child.pid!;
  return { pid, started: processFacts(pid)?.started ?? 'ended at once' };
}

/** Polls until the service answers; throws PipelineError SERVICE when it ends or the deadline passes. */
async function waitForAnswer(
  service: Service,
  ended: () => number | string | undefined,
  { tell, signal }: PrepareContext,
): Promise<void> {
  const startMs = performance.now();
  let toldMs = startMs;
  for (;;) {
    signal.throwIfAborted();
    let reason;
    try {
      await service.probe(PROBE_MS);
      return;
    } catch (error) {
      reason = (error as Error).message;
    }
    const exit = ended();
    if (exit !== undefined) {
      const last = lastLine(readFileSync(service.logFile, 'utf8'));
      throw new PipelineError(
        'SERVICE',
        `${service.title} ended while starting (${exit}): ${last} (log ${service.logFile})`,
      );
    }
    const nowMs = performance.now();
    if (nowMs - startMs > service.deadlineMs) {
      const seconds = Math.round(service.deadlineMs / 1000);
      throw new PipelineError(
        'SERVICE',
        `${service.title} did not answer within ${seconds} s: ${reason} (log ${service.logFile})`,
      );
    }
    if (nowMs - toldMs > TELL_EVERY_MS) {
      toldMs = nowMs;
      tell(`still starting, ${Math.round((nowMs - startMs) / 1000)} s …`);
    }
    await sleep(POLL_MS);
  }
}
