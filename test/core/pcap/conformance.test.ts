import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CAPTURES } from '../../helpers/captures.ts';
import { readCapture } from '../../helpers/frames.ts';
import { swapByteOrder } from '../../fixtures/pcapng-swap.ts';

const suite = join(CAPTURES ?? '', 'hadrielk+pcapng-test-generator/output_le');
const files =
  CAPTURES === undefined
    ? []
    : readdirSync(suite, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.pcapng'));

/** Packet blocks the suite's description promises. */
function promised(path: string): number {
  const text = readFileSync(join(suite, path.replace('.pcapng', '.txt')), 'utf8');
  return [...text.matchAll(/^\s+(?:EPB|SPB|PB): (\d+)$/gm)].reduce((sum, [, count]) => sum + Number(count), 0);
}

describe.skipIf(CAPTURES === undefined)('the pcapng conformance suite', () => {
  it('is there', () => {
    expect(files.length).toBe(24);
  });

  it.each(files)('%s: all packet blocks are delivered, in either byte order', (path) => {
    const file = readFileSync(join(suite, path));
    const little = readCapture(file);
    expect(little.fault).toBeUndefined();
    expect(little.frames).toHaveLength(promised(path));
    const swapped = readCapture(swapByteOrder(file));
    expect(swapped.fault).toBeUndefined();
    expect(swapped.frames).toEqual(little.frames);
  });
});
