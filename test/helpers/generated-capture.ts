/** Small generated captures as files, for tests that run the product on them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CaptureWriter } from '../../tools/generate-capture/capture-writer.ts';
import { generateFrames } from '../../tools/generate-capture/generator.ts';

/** A new temporary folder, and how to remove it. */
export function temporaryFolder(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'tapline-test-'));
  return {
    path,
    remove: () => {
      rmSync(path, { recursive: true, force: true });
    },
  };
}

/** Writes a mixed capture of `packets` packets made from `seed` and returns its path. */
export function writeGenerated(folder: string, packets: number, seed = 1): string {
  const path = join(folder, `generated-${packets}-${seed}.pcap`);
  const writer = new CaptureWriter(path);
  generateFrames({ packets, seed, profile: 'mix' }, writer);
  writer.close();
  return path;
}
