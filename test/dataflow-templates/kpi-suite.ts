/** Backfill, windows and KPIs on Beam against the stages of the same captures. */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, extname, join, resolve } from 'node:path';
import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { codecs } from '@tapline/adapters/codec/codecs';
import type { KpiRow } from '@tapline/core/kpi/kpi-row';
import { kpiRow } from '@tapline/core/kpi/kpi-row-from-pane';
import { allocateColumns } from '@tapline/core/packet/columns';
import { buildPartials } from '@tapline/core/window/build-partials';
import { Pane } from '@tapline/core/window/pane';
import { DEFAULT_WINDOW_US } from '@tapline/core/window/time-window';
import { FORMAT_VERSION } from '@tapline/core/wire/arrow-template';
import { createBatchScratch, decodeBatch } from '@tapline/core/wire/batch';
import type { Settings } from '@tapline/core/settings/settings';
import { readLines, runBeam } from '../helpers/beam.ts';
import { BUNDLED } from '../helpers/bundled-capture.ts';
import { CAPTURES } from '../helpers/captures.ts';
import { writeGenerated } from '../helpers/generated-capture.ts';
import { storedKpis } from '../helpers/stored-kpis.ts';
import { MAIN, tapline } from '../helpers/tapline.ts';

const GOLDEN = resolve(import.meta.dirname, `../golden/wire/v${FORMAT_VERSION}-zstd.bin`);
const RUN_MS = 600_000;

/** Floods, scans and reflection of other people, with IPv6, when they are here. */
const REAL = [
  'doriguzzi+lucid-ddos/sample-dataset/CIC-DDoS-2019-SynFlood.pcap',
  'StopDDoS+packet-captures/amp.UDP.snmp.src161.pcapng',
  'zeek+try-zeek/manager/static/pcaps/sumstat.pcap',
  'chrissanders+packets/synscan.pcapng',
];

/** How often a window was scored, and is said by nobody but the way the packets came. */
const withoutRevision = ({ revision, ...row }: KpiRow): Omit<KpiRow, 'revision'> => {
  expect(revision).toBeGreaterThan(0);
  return row;
};

const byTime = (a: KpiRow, b: KpiRow): number => a.windowStartUs - b.windowStartUs;

/** @param folder for what the pipelines read and write */
export function kpiSuite({ kafkaBrokers }: Settings, folder: string): void {
  describe('the KPI pipeline', () => {
    it(
      'backfill captures into Kafka and make of them the KPI rows of the stages, field by field',
      { timeout: RUN_MS },
      async () => {
        const run = `beam-${randomBytes(4).toString('hex')}`;
        const bucket = join(folder, 'bucket');
        mkdirSync(bucket);
        const captures = [
          BUNDLED,
          ...[1, 2, 3, 4].map((seed) => writeGenerated(folder, 6_000 * seed, seed)),
          ...(CAPTURES === undefined ? [] : REAL.map((path) => join(CAPTURES!, path))),
        ].map((path, index) => {
          const sensor = `${run}-${index}`;
          copyFileSync(
            path,
            join(bucket, `${sensor}${basename(path).includes('.pcap.zst') ? '.pcap.zst' : extname(path)}`),
          );
          return { path, sensor };
        });
        writeFileSync(join(bucket, `${run}-bad.pcap`), 'no capture');

        await runBeam('BackfillPipeline', {
          captures: join(bucket, '*'),
          brokers: kafkaBrokers,
          sensor: '{name}',
          command: `${process.execPath} --disable-warning=ExperimentalWarning ${MAIN} capture`,
          output: join(folder, 'report'),
        });
        const report = readLines<{ sensor: string; exitCode: number; error?: string }>(join(folder, 'report'));
        const failed = report.filter(({ exitCode }) => exitCode !== 0);
        expect(report).toHaveLength(captures.length + 1);
        expect(failed).toMatchObject([
          { sensor: `${run}-bad`, error: expect.stringContaining('neither pcap nor pcapng') },
        ]);

        const sensors = captures.map(({ sensor }) => sensor);
        await runBeam('KpiPipeline', {
          brokers: kafkaBrokers,
          sensors: sensors.join(','),
          group: run,
          once: 'true',
          output: join(folder, 'kpis'),
        });
        const rows = readLines<KpiRow>(join(folder, 'kpis'));
        for (const { path, sensor } of captures) {
          const data = join(folder, sensor);
          const { code, stderr } = await tapline('run', path, '--sensor', sensor, '--exit', '--data', data);
          expect(code, stderr).toBe(0);
          const own = rows.filter((row) => row.sensor === sensor).sort(byTime);
          expect(own.map(withoutRevision), path).toEqual(storedKpis(data).map(withoutRevision));
        }
      },
    );

    it('read batch files, and agree about the golden batch', { timeout: RUN_MS }, async () => {
      await runBeam('KpiPipeline', { batches: GOLDEN, output: join(folder, 'golden') });
      const columns = allocateColumns();
      const scratch = createBatchScratch();
      const { sensor, session } = decodeBatch(readFileSync(GOLDEN), codecs, columns, scratch);
      const expected = [...buildPartials(columns, scratch.index, DEFAULT_WINDOW_US, session).values()].map(
        (partial) => {
          const pane = new Pane(partial.windowStartUs, partial.windowUs);
          pane.add(partial);
          const arrived = { batches: 1, packets: partial.packets, bytes: partial.bytes };
          const announced = { batches: 0, packets: 0, bytes: 0 };
          return kpiRow(pane, { sensor, revision: 1, complete: false, announced, arrived, dropShare: 0 });
        },
      );
      expect(readLines<KpiRow>(join(folder, 'golden')).sort(byTime)).toEqual(expected.sort(byTime));
    });
  });
}
