/** The books balance on every capture there is: real ones of all kinds, damaged ones included. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { codecs } from '@tapline/adapters/codec/codecs';
import { zstd } from '@tapline/adapters/codec/zstd';
import { openCapture } from '@tapline/adapters/file/source';
import { runAgent } from '@tapline/capture-agent/agent';
import { systemClock } from '@tapline/embedded/line/clock';
import { Line } from '@tapline/embedded/line/line';
import { audit, type AuditReport } from '@tapline/functions/stages/audit';
import { CAPTURES, captureIndex } from '../helpers/captures.ts';
import { memoryStores } from '../helpers/stage-line.ts';

const WINDOW_US = 10_000_000;
const NO_CAPTURE = new Set(['expected-output', 'labelled-flows']);

async function books(
  path: string,
): Promise<{ report: AuditReport; kpiPackets: number; kpiBytes: number; sent: number; wireBytes: number }> {
  const stores = memoryStores(systemClock);
  const line = new Line(stores, { windowUs: WINDOW_US });
  const options = {
    sensor: 'tap',
    session: 's',
    windowUs: WINDOW_US,
    allowedLatenessUs: 60e6,
    speed: 'top',
    codec: zstd,
  } as const;
  const vitals = { arrivalUs: 0, cpuPercent: 0, rssBytes: 0 };
  const { counters } = await runAgent(
    openCapture(path),
    options,
    (message) =>
      message.kind === 'batch' ? line.batch(message.bytes) : line.heartbeat({ ...message.heartbeat, ...vitals }),
    new AbortController().signal,
  );
  const kpis = await stores.results.kpis('tap', { fromUs: -Infinity, toUs: Infinity });
  const sum = (name: string): number => kpis.reduce((total, kpi) => total + kpi.values[name]!, 0);
  expect(kpis.every(({ complete }) => complete)).toBe(true);
  const report = await audit({ ...stores, codecs }, { sensor: 'tap', verify: true });
  return {
    report,
    kpiPackets: sum('packets'),
    kpiBytes: sum('bytes'),
    sent: counters.sent,
    wireBytes: counters.wireBytes,
  };
}

describe.skipIf(CAPTURES === undefined)('the books of the shared captures', () => {
  const golden = new Map(captureIndex('GOLDEN').map((row) => [row['path']!, row]));
  const kinds = new Map<string, string[]>();
  for (const { kind, path } of captureIndex('SETS')) {
    if (kind === undefined || path === undefined || NO_CAPTURE.has(kind) || path.endsWith('.txt')) continue;
    kinds.set(kind, [...(kinds.get(kind) ?? []), path]);
  }

  it.each([...kinds])('balance on every %s capture, and every window holds what was sent', async (_kind, paths) => {
    for (const path of paths) {
      const { report, kpiPackets, kpiBytes, sent, wireBytes } = await books(join(CAPTURES!, path));
      expect({ path, ...report.totals }).toMatchObject({
        path,
        unexplained: 0,
        offered: sent,
        parsed: sent,
        windowed: sent,
        stored: sent,
      });
      expect(report.balanced, path).toBe(true);
      expect([kpiPackets, kpiBytes], path).toEqual([sent, wireBytes]);
      const known = golden.get(path);
      if (known !== undefined)
        expect([path, sent, wireBytes]).toEqual([path, Number(known['packets']), Number(known['bytes_on_wire'])]);
    }
  });
});
