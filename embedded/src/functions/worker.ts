/**
 * One instance of one function: loads its entry, serves it with the framework on loopback, tells the supervisor what it
 * counts, and ends as an instance in the cloud does: requests first, then clients. Run by supervisor.ts with the name of
 * the function and the port, which all instances of a function share.
 */
import { getTestServer } from '@google-cloud/functions-framework/testing';
import { PipelineError } from '@tapline/core/errors';
import { endInstance, takeSignals } from '@tapline/functions/entry/lifecycle';
import { meter } from '@tapline/functions/entry/meter';
import { ownUse } from '../cli/process-use.ts';
import { takeOwnRequests } from './own-host.ts';
import { FUNCTION_NAMES } from './plan.ts';
import type { WorkerMessage } from './worker-message.ts';

const COUNTS_EVERY_MS = 1000;
const HOST = '127.0.0.1';
/** Longer than clients keep connections, so that none is closed under a request. */
const KEEP_ALIVE_MS = 75_000;

function tell(message: WorkerMessage): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined) resolve();
    else
      process.send(message, undefined, undefined, () => {
        resolve();
      });
  });
}

function tellCounts(): Promise<void> {
  return tell({ kind: 'counts', counts: meter.counts(), use: ownUse() });
}

async function fail(error: unknown): Promise<void> {
  const message = error instanceof Error ? error.message : String(error);
  await tell({ kind: 'failed', message, usage: error instanceof PipelineError && error.code === 'USAGE' });
  process.exit(1);
}

async function serve(name: string, port: number): Promise<void> {
  await import(`@tapline/functions/entry/${name}`);
  const server = getTestServer(name);
  takeOwnRequests(server, port);
  server.headersTimeout = 10_000;
  server.requestTimeout = 60_000;
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  const timer = setInterval(() => void tellCounts(), COUNTS_EVERY_MS);
  let ending = false;
  takeSignals((signal) => {
    // Ctrl-C reaches every process of the terminal; the supervisor decides when its workers end.
    if (signal !== 'SIGTERM' || ending) return;
    ending = true;
    clearInterval(timer);
    server.close();
    server.closeIdleConnections();
    void endInstance()
      .then(tellCounts)
      .finally(() => process.exit(0));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, HOST, resolve);
  });
  await tell({ kind: 'ready' });
}

const [name, port] = process.argv.slice(2);
if (FUNCTION_NAMES.some((known) => known === name)) await serve(name!, Number(port)).catch(fail);
else await fail(new PipelineError('USAGE', `no such function: ${String(name)}`));
