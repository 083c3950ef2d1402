/**
 * The life of an instance: which requests are under way, what they take (meter.ts), and how it ends. On SIGTERM the
 * framework answers its newest request with an error and leaves at once; here the requests under way are finished and
 * the clients closed first. Cloud Run gives 10 s for that.
 */
import { meter } from './meter.ts';

/** Leaves time to close the clients before the platform kills what is left. */
const GRACE_MS = 8000;

let underWay = 0;
let activeSinceMs = 0;
let whenIdle: (() => void) | undefined;
let signalsTaken = false;
const closers: (() => Promise<void>)[] = [];

/** Something to close when the instance ends, such as a client. */
export function closeAtEnd(close: () => Promise<void>): void {
  closers.push(close);
}

/** Runs the work of one request. */
export async function serve<T>(work: () => Promise<T>): Promise<T> {
  takeSignals(() => void endInstance().finally(() => process.exit(0)));
  leaveDomain();
  const startMs = performance.now();
  if (underWay++ === 0) activeSinceMs = startMs;
  meter.add('function.invocations', 1);
  try {
    return await work();
  } finally {
    const nowMs = performance.now();
    meter.add('function.requestMs', nowMs - startMs);
    if (--underWay === 0) {
      meter.add('function.activeMs', nowMs - activeSinceMs);
      whenIdle?.();
    }
  }
}

/**
 * The framework runs every request in a domain (node:domain), which hooks into each promise and callback under it and
 * took a third of an instance's CPU time. It is there to answer for handlers that throw later on; ours never do.
 */
function leaveDomain(): void {
  const { domain } = process as { domain?: { exit(): void } | null };
  domain?.exit();
}

/**
 * Lets SIGTERM and SIGINT do this and nothing else; whoever asks first decides. Functions ask at their first request,
 * because the framework sets its own handlers after it has loaded them.
 */
export function takeSignals(handler: (signal: NodeJS.Signals) => void): void {
  if (signalsTaken) return;
  signalsTaken = true;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const others = process.listeners(signal);
    // Ours first: without a listener in between, a signal that is on its way would be lost.
    process.on(signal, handler);
    for (const other of others) process.removeListener(signal, other);
  }
}

/** Waits for the requests under way, but not for ever, then closes everything. Never throws. */
export async function endInstance(): Promise<void> {
  if (underWay > 0) {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      whenIdle = resolve;
      timer = setTimeout(resolve, GRACE_MS);
    });
    clearTimeout(timer);
  }
  await Promise.allSettled(closers.map((close) => close()));
  // Answers that were just given leave the process first.
  await new Promise((resolve) => setImmediate(resolve));
}
