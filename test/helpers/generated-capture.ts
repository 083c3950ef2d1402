/** Small generated captures as files, for tests that run the product on them. */
import { join } from 'node:path';
import { CaptureWriter } from '../../tools/generate-capture/capture-writer.ts';
import { generateFrames } from '../../tools/generate-capture/generator.ts';

/** Writes a mixed capture of `packets` packets made from `seed` and returns its path. */
export function writeGenerated(folder: string, packets: number, seed = 1): string {
  const path = join(folder, `generated-${packets}-${seed}.pcap`);
  const writer = new CaptureWriter(path);
  generateFrames({ packets, seed, profile: 'mix' }, writer);
  writer.close();
  return path;
}
