/**
 * Runs functions on this machine as the platform runs them: a number of instances each, one port per function that they
 * share, and a new instance for every one that dies. A process of its own per instance, so that killing one is
 * killing one.
 */
import cluster, { type Worker } from 'node:cluster';
import { fileURLToPath } from 'node:url';
import { sumCounts, type Counts } from '@tapline/core/cost/meter';
import { PipelineError } from '@tapline/core/errors';
import type { FunctionName } from './plan.ts';
import type { ProcessUse } from '../cli/process-use.ts';
import type { WorkerMessage } from './worker-message.ts';

/**
 * Instances take connections from the shared port themselves. Node's default has this process take them and hand them
 * on, and one that was handed to an instance that is killed before it answers stays open for ever, with its caller
 * waiting: the push of a whole subscription, say.
 */
cluster.schedulingPolicy = cluster.SCHED_NONE;

const WORKER = fileURLToPath(new URL('worker.ts', import.meta.url));
/** Not those of this process: a small nursery suits a run in one process, and instances in the cloud have Node's own. */
const WORKER_FLAGS = ['--disable-warning=ExperimentalWarning'];
/** What an instance is given to finish its requests and close its clients. */
const STOP_MS = 12_000;
const RESTART_MS = { first: 100, most: 10_000 };
/** An instance that lived this long was sound: its death says nothing about the next. */
const SOUND_MS = 10_000;

/** Instances that have ended and are still told of. */
const USES_KEPT = 1000;

export interface FunctionPlan {
  readonly name: FunctionName;
  readonly port: number;
  readonly instances: number;
}

export type WorkerEvent =
  | { readonly event: 'started'; readonly name: FunctionName; readonly pid: number }
  | {
      readonly event: 'died';
      readonly name: FunctionName;
      readonly pid: number;
      /** Exit code or signal. */
      readonly by: number | string;
      /** What it said itself. */
      readonly why?: string;
      readonly restartInMs: number;
    };

interface Instance {
  readonly plan: FunctionPlan;
  readonly worker: Worker;
  /** When it began to listen; Infinity before. */
  sinceMs: number;
  counts: Counts;
  use: ProcessUse;
  failure?: PipelineError;
}

/** What one instance took of the machine. */
export interface InstanceUse extends ProcessUse {
  readonly name: FunctionName;
  readonly pid: number;
}

export class Supervisor {
  readonly #plans: readonly FunctionPlan[];
  readonly #environment: Readonly<Record<string, string | undefined>>;
  readonly #tell: (event: WorkerEvent) => void;
  readonly #running = new Set<Instance>();
  readonly #ended = new Map<FunctionName, Counts>();
  readonly #endedUses: InstanceUse[] = [];
  readonly #failures = new Map<FunctionName, number>();
  readonly #restarts = new Set<NodeJS.Timeout>();
  /** Until all have started, and when they are to end, none is started again. */
  #keeping = false;

  /** @param tell hears of every instance that starts or dies while nobody asked it to */
  constructor(
    plans: readonly FunctionPlan[],
    environment: Readonly<Record<string, string | undefined>>,
    tell: (event: WorkerEvent) => void,
  ) {
    this.#plans = plans;
    this.#environment = environment;
    this.#tell = tell;
  }

  /**
   * Resolves when every instance listens.
   * @throws PipelineError, when one of them cannot: all are stopped then
   */
  async start(): Promise<void> {
    const all = this.#plans.flatMap((plan) => Array.from({ length: plan.instances }, () => this.#launch(plan)));
    const results = await Promise.allSettled(all);
    const failure = results.find((result) => result.status === 'rejected');
    if (failure === undefined) {
      this.#keeping = true;
      return;
    }
    await this.stop();
    throw failure.reason;
  }

  /** Process ids of the instances of a function that are there now. */
  pids(name: FunctionName): number[] {
    return [...this.#running].filter(({ plan }) => plan.name === name).map(({ worker }) => worker.process.pid!);
  }

  /** What the instances of each function counted, those that have died included (but for their last second). */
  counts(): Readonly<Record<string, Counts>> {
    return Object.fromEntries(
      this.#plans.map(({ name }) => {
        const running = [...this.#running].filter(({ plan }) => plan.name === name).map(({ counts }) => counts);
        return [name, sumCounts([this.#ended.get(name) ?? {}, ...running])];
      }),
    );
  }

  /** What every instance took of the machine, those that have ended included. */
  uses(): InstanceUse[] {
    return [...this.#endedUses, ...[...this.#running].map(useOf)];
  }

  /** Ends every instance: politely, then, for one that takes too long, at once. */
  async stop(): Promise<void> {
    this.#keeping = false;
    for (const timer of this.#restarts) clearTimeout(timer);
    await Promise.all([...this.#running].map(({ worker }) => endWorker(worker)));
  }

  /** Ends every instance at once. */
  kill(): void {
    this.#keeping = false;
    for (const { worker } of this.#running) worker.process.kill('SIGKILL');
  }

  /** Resolves when the instance listens; rejects when it dies before. */
  #launch(plan: FunctionPlan): Promise<void> {
    // All that a worker says goes to stderr: stdout is the command's own.
    cluster.setupPrimary({
      exec: WORKER,
      args: [plan.name, String(plan.port)],
      execArgv: WORKER_FLAGS,
      stdio: ['ignore', 2, 2, 'ipc'],
    });
    const worker = cluster.fork(this.#environment);
    const instance: Instance = {
      plan,
      worker,
      sinceMs: Infinity,
      counts: {},
      use: { cpuMs: 0, peakRssBytes: 0 },
    };
    this.#running.add(instance);
    return new Promise((resolve, reject) => {
      worker.on('message', (message: WorkerMessage) => {
        if (message.kind === 'counts') {
          instance.counts = message.counts;
          instance.use = message.use;
        } else if (message.kind === 'failed') instance.failure = failureOf(message, plan);
        else {
          instance.sinceMs = performance.now();
          this.#tell({ event: 'started', name: plan.name, pid: worker.process.pid! });
          resolve();
        }
      });
      // Sending to an instance that was just killed fails as an error; that it ended is told by its exit.
      worker.on('error', () => undefined);
      worker.on('exit', (code) => {
        this.#onExit(instance, worker.process.signalCode ?? code);
        reject(instance.failure ?? new PipelineError('SERVICE', `${plan.name} died while it started: see above`));
      });
    });
  }

  #onExit(instance: Instance, by: number | string): void {
    const { name } = instance.plan;
    this.#running.delete(instance);
    this.#endedUses.push(useOf(instance));
    if (this.#endedUses.length > USES_KEPT) this.#endedUses.shift();
    this.#ended.set(name, sumCounts([this.#ended.get(name) ?? {}, instance.counts]));
    if (!this.#keeping) return;
    const sound = performance.now() - instance.sinceMs >= SOUND_MS;
    const failures = sound ? 0 : (this.#failures.get(name) ?? 0) + 1;
    this.#failures.set(name, failures);
    const restartInMs = Math.min(RESTART_MS.first * 2 ** failures, RESTART_MS.most);
    const why = instance.failure?.message;
    const { pid } = instance.worker.process;
    this.#tell({ event: 'died', name, pid: pid!, by, ...(why === undefined ? {} : { why }), restartInMs });
    const timer = setTimeout(() => {
      this.#restarts.delete(timer);
      // Its death is told like this one's, and it is tried again.
      this.#launch(instance.plan).catch(() => undefined);
    }, restartInMs);
    this.#restarts.add(timer);
  }
}

function useOf({ plan, worker, use }: Instance): InstanceUse {
  return { name: plan.name, pid: worker.process.pid!, ...use };
}

function failureOf(message: Extract<WorkerMessage, { kind: 'failed' }>, { name, port }: FunctionPlan): PipelineError {
  if (message.message.includes('EADDRINUSE')) {
    return new PipelineError('USAGE', `port ${port} of ${name} is already in use: choose others with --port-base`);
  }
  return new PipelineError(message.usage ? 'USAGE' : 'SERVICE', `${name} cannot start: ${message.message}`);
}

function endWorker(worker: Worker): Promise<void> {
  if (worker.isDead()) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(() => worker.process.kill('SIGKILL'), STOP_MS);
    worker.on('exit', () => {
      clearTimeout(timer);
      resolve();
    });
    worker.process.kill('SIGTERM');
  });
}
