/**
 * Mends a fault of kafkajs 2.2.4: after every answer it starts a timer for requests held back by throttling, also when
 * none is held back, and then with a hugely negative delay. Node 24 warns of each process's first such timer, and the
 * timer wakes the process for nothing. Here the timer is started only when a request waits for it.
 */
import { createRequire } from 'node:module';

interface RequestQueue {
  readonly pending: readonly unknown[];
  scheduleCheckPendingRequests(): void;
}

let mended = false;

/** Does its work once; with a kafkajs that has no such method it does nothing. */
export function mendRequestTimers(): void {
  if (mended) return;
  mended = true;
  const load = createRequire(import.meta.url);
  const queueClass = load('kafkajs/src/network/requestQueue/index.js') as { prototype: Partial<RequestQueue> };
  const schedule = queueClass.prototype.scheduleCheckPendingRequests;
  if (schedule === undefined) return;
  queueClass.prototype.scheduleCheckPendingRequests = function (this: RequestQueue) {
    if (this.pending.length > 0) schedule.call(this);
  };
}
