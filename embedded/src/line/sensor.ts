/** The stages' side of the sensor's thread: starts it, takes its messages one at a time, and stops it cleanly. */
import { Worker } from 'node:worker_threads';
import type { RunSourceResult } from '@tapline/capture-agent/run-source';
import { PipelineError } from '@tapline/core/errors';
import type { AgentJob, FromAgent, ToAgent } from './messages.ts';

export type SensorMessage = Exclude<FromAgent, { kind: 'end' | 'warning' | 'failed' }>;

/** How the session, or the last of several, ended. */
export type SensorEnd = RunSourceResult;

export class SensorThread {
  readonly #worker: Worker;
  readonly #ended: Promise<SensorEnd>;

  /**
   * Starts the sensor.
   * @param take called for each message in order, never twice at once; when it rejects, the sensor is stopped and
   *   `ended` rejects with the same error
   * @param warn gets lines for people
   */
  constructor(job: AgentJob, take: (message: SensorMessage) => Promise<void>, warn: (line: string) => void) {
    this.#worker = new Worker(new URL('./agent-thread.ts', import.meta.url), { workerData: job });
    this.#ended = new Promise<SensorEnd>((resolve, reject) => {
      const fail = (error: unknown): void => {
        reject(error instanceof Error ? error : new Error(String(error)));
        void this.#worker.terminate();
      };
      const handle = async (message: FromAgent): Promise<void> => {
        if (message.kind === 'end') {
          resolve(endOf(message));
          return;
        }
        if (message.kind === 'failed') throw new PipelineError(message.code, message.message);
        if (message.kind === 'warning') {
          warn(message.line);
          return;
        }
        await take(message);
        this.#tell({ kind: 'done' });
      };
      let previous: Promise<void> = Promise.resolve();
      this.#worker.on('message', (message: FromAgent) => {
        // A rejection passes down the chain, so nothing is taken after a failure.
        const next = previous.then(() => handle(message));
        previous = next;
        next.catch((error: unknown) => {
          if (previous === next) fail(error);
        });
      });
      this.#worker.on('error', reject);
      this.#worker.on('exit', (code) => {
        if (code !== 0) reject(new Error(`the sensor's thread ended with code ${code}`));
      });
    });
  }

  /** Resolves when the session is closed and every message of it was taken; rejects when the source cannot be opened. */
  get ended(): Promise<SensorEnd> {
    return this.#ended;
  }

  /** Ends the session early: what was read is still sent, and the last heartbeat closes it. */
  stop(): void {
    this.#tell({ kind: 'stop' });
  }

  /** Ends the running session of an interface and begins another. */
  turn(): void {
    this.#tell({ kind: 'turn' });
  }

  /** Has the recorder keep the packets of an event-time range; without one, and after the end, nothing happens. */
  mark(fromUs: number, toUs: number): void {
    this.#tell({ kind: 'mark', fromUs, toUs });
  }

  #tell(message: ToAgent): void {
    this.#worker.postMessage(message);
  }
}

function endOf({ result, fault }: Extract<FromAgent, { kind: 'end' }>): SensorEnd {
  return { ...result, ...(fault && { fault: new PipelineError(fault.code, fault.message) }) };
}
