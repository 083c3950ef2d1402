/** What a page may show of windows before they are scored: each packet once, and nothing that a row tells already. */
import { afterAll, expect, it } from 'vitest';
import { openTemporaryStores } from '../../../embedded/src/line/data-folder.ts';
import { EarlyTraffic } from '../../../embedded/src/line/early-traffic.ts';
import { CaptureRun } from '../../../embedded/src/line/run-capture.ts';
import { codecs } from '@tapline/adapters/codec/codecs';
import { createParseScratch, parseBatch } from '@tapline/functions/stages/parse';
import { ALL_TIME } from '@tapline/core/ports';
import { BUNDLED } from '../../helpers/bundled-capture.ts';

const SENSOR = 'tap';
const WINDOW_US = 10e6;
const stores = openTemporaryStores();
const again = openTemporaryStores();
afterAll(() => {
  stores.close();
  again.close();
});

it('is every packet of the windows under way, also when batches come twice, until they are scored', async () => {
  const run = new CaptureRun(
    stores,
    {
      source: BUNDLED,
      sensor: SENSOR,
      session: 'one',
      isChosen: true,
      preload: false,
      windowUs: WINDOW_US,
      speed: 'top',
      falseAlarmsPerDay: 1,
      internalNetworks: '10.0.0.0/8',
      warn: () => undefined,
    },
    () => undefined,
  );
  await run.finish();
  expect(await run.early(SENSOR)).toEqual([]);

  const { packets, windows, ledger } = again;
  const deps = { codecs, packets, windows, ledger, windowUs: WINDOW_US, scratch: createParseScratch() };
  const early = new EarlyTraffic(windows, WINDOW_US);
  for await (const { id } of stores.packets.batches(SENSOR, ALL_TIME)) {
    const bytes = (await stores.packets.getBatch(id))!;
    for (let delivery = 0; delivery < 2; delivery++) early.opened((await parseBatch(bytes, deps)).windows);
  }
  const rows = await stores.results.kpis(SENSOR, ALL_TIME);
  const all = await early.read(SENSOR);
  expect(all.map(({ windowStartUs }) => windowStartUs)).toEqual(rows.map(({ windowStartUs }) => windowStartUs));
  for (const [index, { seconds }] of all.entries()) {
    const sum = seconds.flatMap(({ packets: counts }) => counts).reduce((total, count) => total + count, 0);
    expect(sum).toBe(rows[index]!.values['packets']);
  }
  early.scored({ sensor: SENSOR, windowStartUs: rows[0]!.windowStartUs });
  expect(await early.read(SENSOR)).toHaveLength(rows.length - 1);
  expect(await early.read('another')).toEqual([]);
});
