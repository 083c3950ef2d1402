/**
 * Loaded with --import before a program: writes a line on its memory to stderr every second, of each of its threads
 * (`memory THREAD RSS HEAP-USED EXTERNAL ARRAY-BUFFERS COLLECTED`, bytes). With --expose-gc the garbage is collected every
 * 30 seconds first, and the line says so (1): what is then in the heap is really held.
 */
import { writeSync } from 'node:fs';
import { threadId } from 'node:worker_threads';

const EVERY_MS = 1000;
const COLLECT_EVERY = 30;
const collect = globalThis.gc;
let lines = 0;

setInterval(() => {
  const collected = collect !== undefined && ++lines % COLLECT_EVERY === 0;
  if (collected) collect();
  const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage();
  writeSync(2, `memory ${[threadId, rss, heapUsed, external, arrayBuffers, Number(collected)].join(' ')}\n`);
}, EVERY_MS).unref();
