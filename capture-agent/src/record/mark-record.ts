/** Marks segments of a record that nobody writes: what is known only after the recording has ended. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { markSegments, writeManifest } from './manifest.ts';
import { lockRecord } from './record-folder.ts';
import { recoverRecord } from './recover.ts';

/** An event-time range; `toUs` is beyond its end. */
export interface MarkedRange {
  readonly fromUs: number;
  readonly toUs: number;
}

/**
 * @param folder holds a folder per sensor
 * @throws PipelineError USAGE when another process records there, STORE when it cannot be written
 */
export function markRecord(
  folder: string,
  sensor: string,
  ranges: readonly MarkedRange[],
  warn: (line: string) => void,
): void {
  const own = join(folder, sensor);
  if (ranges.length === 0 || !existsSync(own)) return;
  const unlock = lockRecord(own);
  try {
    const manifest = recoverRecord(own, warn);
    for (const { fromUs, toUs } of ranges) markSegments(manifest, fromUs, toUs);
    writeManifest(own, manifest);
  } finally {
    unlock();
  }
}
