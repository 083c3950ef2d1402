/** Waits for something that happens in its own time. */
import { setTimeout as sleep } from 'node:timers/promises';

/** Polls until `isSo` holds; throws after `deadlineMs` naming what was waited for. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>, deadlineMs = 20_000): Promise<void> {
  const endMs = performance.now() + deadlineMs;
  while (!(await isSo())) {
    if (performance.now() > endMs) throw new Error(`after ${deadlineMs} ms still not so: ${what}`);
    await sleep(5);
  }
}
