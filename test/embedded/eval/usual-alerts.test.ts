/** What `tapline eval` does with alerts that are usual for their host (docs/alerts.md): as nobody is shown them, they were not raised. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { History } from '@tapline/core/history/history';
import { encodeRecord, NO_RECORD } from '@tapline/core/history/history-record';
import { PcapWriter } from '@tapline/core/pcap/pcap-writer';
import { EVAL_SENSOR, evaluateCapture } from '@tapline/embedded/eval/evaluate-capture';
import { openTemporaryStores } from '@tapline/embedded/line/data-folder';
import { describe, expect, it } from 'vitest';
import { hostSight, windowOf } from '../../fixtures/history-windows.ts';
import { EPOCH_US, WINDOW_US } from '../../helpers/synthetic-kpis.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

const folder = temporaryFolder();
/** A day and a half: what is above the floor for six hours is learned from, and a day of that is enough. */
const LEARNED = 1.5 * 8640;
const LEVEL = 6000;

/** A capture of three windows after what was learned: so many UDP packets to 10.0.0.53 in the middle one. */
function flood(packets: number): string {
  const path = join(folder, `${packets}.pcap`);
  const pieces: Uint8Array[] = [];
  const writer = new PcapWriter((bytes) => pieces.push(bytes.slice()));
  const frame = new Uint8Array(60);
  frame.set([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0, 0, 46, 0, 0, 0, 0, 64, 17]);
  frame.set([198, 51, 100, 7, 10, 0, 0, 53, 0x9c, 0x40, 0x27, 0x0f, 0, 26], 26);
  const startUs = EPOCH_US + LEARNED * WINDOW_US;
  const write = (timeUs: number): void => {
    writer.frame(frame, 0, 60, 60, timeUs, 0, 1);
  };
  write(startUs);
  for (let packet = 0; packet < packets; packet++)
    write(startUs + WINDOW_US + Math.floor((packet * WINDOW_US) / packets));
  write(startUs + 2 * WINDOW_US);
  writer.flush();
  writeFileSync(path, Buffer.concat(pieces));
  return path;
}

/** The detectors whose alerts are judged, after the history has learned that the host gets LEVEL packets, or nothing. */
async function judged(packets: number, isLearned: boolean): Promise<string[]> {
  const stores = openTemporaryStores();
  try {
    if (isLearned) {
      const history = new History({ falseAlarmsPerDay: 1 });
      for (let window = 0; window < LEARNED; window++) history.take(windowOf(window, { hosts: [hostSight(LEVEL)] }));
      const point = { uptoUs: history.uptoUs, state: history.encode(), firstUs: EPOCH_US };
      await stores.histories.save(EVAL_SENSOR, encodeRecord({ ...NO_RECORD, ...point }), 0);
    }
    const job = { path: 'flood.pcap', file: flood(packets), labels: [] };
    const quiet = { interrupt: new AbortController().signal, onProgress: () => undefined, warn: () => undefined };
    const result = await evaluateCapture(job, { windowUs: WINDOW_US, stores, ...quiet });
    const stored = await stores.results.alerts(EVAL_SENSOR, { fromUs: EPOCH_US, toUs: Infinity });
    // Whatever is judged, the alert is in the store.
    expect(stored.map(({ detector }) => detector)).toContain('udp-flood');
    return result.judged.alerts.map(({ alert, verdict }) => `${alert.detector} ${verdict}`);
  } finally {
    stores.close();
  }
}

describe('tapline eval', () => {
  it('does not count an alert that is usual for its host', async () => {
    expect(await judged(LEVEL + 500, true)).not.toContain('udp-flood false');
  });

  it('counts the same alert where nothing was learned of the host', async () => {
    expect(await judged(LEVEL + 500, false)).toContain('udp-flood false');
  });

  it('counts an alert of the same host that is more than usual', async () => {
    expect(await judged(8 * LEVEL, true)).toContain('udp-flood false');
  });
});
