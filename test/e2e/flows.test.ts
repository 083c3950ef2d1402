/** `tapline flows` as its users call it: on captures, on the data of a run, with labels, and when it goes wrong. */
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { BUNDLED } from '../helpers/bundled-capture.ts';
import { CAPTURES } from '../helpers/captures.ts';
import { writeGenerated } from '../helpers/generated-capture.ts';
import { startTapline, tapline } from '../helpers/tapline.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';
import { until } from '../helpers/until.ts';

const lines = (text: string): string[] => text.trimEnd().split(/\r?\n/);
const HEAD = ['path', 'class', 'attack_packets_display_filter'].join('\t');

describe('tapline flows', () => {
  const folder = temporaryFolder();
  let capture = '';

  beforeAll(() => {
    capture = writeGenerated(folder, 20_000);
  });

  it('prints 84 columns per flow, the label last, and every packet with an IP header in one of them', async () => {
    const { code, stdout, stderr } = await tapline('flows', capture);
    const [head, ...rows] = lines(stdout).map((line) => line.split(','));
    expect({ code, columns: new Set([head!, ...rows].map(({ length }) => length)) }).toEqual({
      code: 0,
      columns: new Set([84]),
    });
    expect(head!.slice(0, 9)).toEqual([
      'Flow ID',
      'Src IP',
      'Src Port',
      'Dst IP',
      'Dst Port',
      'Protocol',
      'Timestamp',
      'Flow Duration',
      'Total Fwd Packet',
    ]);
    expect(new Set(rows.map((row) => row[83]))).toEqual(new Set(['NeedManualLabel']));
    expect(rows.flat().filter((value) => /NaN|Infinity|undefined|^$/.test(value))).toEqual([]);
    const packets = rows.reduce((sum, row) => sum + Number(row[8]) + Number(row[9]), 0);
    const skipped = Number(/([\d,]+) packets without an IP header/.exec(stderr)?.[1]!.replaceAll(',', '') ?? 0);
    expect(packets + skipped).toBe(20_000);
  });

  it('gives the same flows of a capture and of the batches that a run of it stored', async () => {
    const data = join(folder, 'data');
    const run = await tapline('run', BUNDLED, '--exit', '--data', data);
    expect(run.code, run.stderr).toBe(0);
    for (const format of ['cicflowmeter', 'csv', 'ndjson']) {
      const direct = await tapline('flows', BUNDLED, '--format', format);
      const stored = await tapline('flows', '--data', data, '--format', format);
      expect({ direct: direct.code, stored: stored.code }).toEqual({ direct: 0, stored: 0 });
      expect(lines(direct.stdout).length).toBeGreaterThan(100);
      expect(lines(stored.stdout).sort().map(rounded)).toEqual(lines(direct.stdout).sort().map(rounded));
    }
    const nobody = await tapline('flows', '--data', data, '--sensor', 'nobody');
    expect(nobody).toMatchObject({ code: 2, stdout: '' });
    expect(nobody.stderr).toContain('no packets of the sensor nobody');
  });

  it('says of values that are not there that they are not: null in NDJSON, empty in CSV', async () => {
    const csv = lines((await tapline('flows', capture, '--format', 'csv')).stdout);
    const names = csv[0]!.split(',');
    const objects = lines((await tapline('flows', capture, '--format', 'ndjson')).stdout).map(
      (line) => JSON.parse(line) as Record<string, string | number | null>,
    );
    expect(Object.keys(objects[0]!)).toEqual(names);
    objects.forEach((object, index) => {
      expect(csv[index + 1]!.split(',')).toEqual(
        Object.values(object).map((value) => (value === null ? '' : String(value))),
      );
    });
    expect(objects.some(({ bytesPerSecond }) => bytesPerSecond === null)).toBe(true);
  });

  it('gives the flows before a fault, and then fails', async () => {
    const cut = join(folder, 'cut.pcap');
    writeFileSync(cut, readFileSync(capture));
    truncateSync(cut, 500_001);
    const { code, stdout, stderr } = await tapline('flows', cut);
    expect(code).toBe(1);
    expect(lines(stdout).length).toBeGreaterThan(10);
    expect(stderr).toContain('cut.pcap');
  });

  it('ends at Ctrl-C with the flows so far', async () => {
    const bytes = readFileSync(capture);
    const { child, finished } = startTapline(['flows', '-'], 'pipe');
    child.stdin!.write(bytes.subarray(0, 800_000));
    let printed = 0;
    child.stdout!.on('data', (chunk: Buffer) => (printed += chunk.length));
    await until('something printed', () => printed > 0);
    child.kill('SIGINT');
    const { code, stdout } = await finished;
    expect(code).toBe(0);
    expect(lines(stdout).length).toBeGreaterThan(10);
    expect(lines(stdout).at(-1)!.split(',')).toHaveLength(84);
  });

  it('labels the flows that have packets of the filter, and says which filters it cannot tell of a flow', async () => {
    const first = lines((await tapline('flows', capture)).stdout)[1]!.split(',');
    const labels = join(folder, 'labels.tsv');
    const name = capture.split('/').at(-1)!;
    writeFileSync(
      labels,
      `${HEAD}\n${name}\tscan\tip.src==${first[1]!}\n${name}\theartbleed\ttls\nother.pcap\tx\tudp\n`,
    );
    const { code, stdout, stderr } = await tapline('flows', capture, '--label', labels);
    expect(code).toBe(0);
    expect(stderr).toContain('its flows have no label: heartbleed: tls');
    const rows = lines(stdout)
      .slice(1)
      .map((line) => line.split(','));
    for (const row of rows) {
      const speaks = row[1] === first[1] || (row[3] === first[1] && Number(row[9]) > 0);
      expect(row[83]).toBe(speaks ? 'scan' : 'NeedManualLabel');
    }
    writeFileSync(labels, `${HEAD}\nother.pcap\tx\tudp\n`);
    const without = await tapline('flows', capture, '--label', labels);
    expect(without).toMatchObject({ code: 2, stdout: '' });
    expect(without.stderr).toContain('says nothing of');
    writeFileSync(labels, 'a,b\n');
    expect((await tapline('flows', capture, '--label', labels)).stderr).toContain('is no label file');
  });

  it.skipIf(CAPTURES === undefined)('labels real captures by the table that came with them', async () => {
    const flows = async (path: string): Promise<string[]> => {
      const { code, stdout, stderr } = await tapline(
        ...['flows', join(CAPTURES!, path), '--label', join(CAPTURES!, 'LABELS.tsv')],
      );
      expect(code, stderr).toBe(0);
      return lines(stdout)
        .slice(1)
        .map((line) => line.split(',').at(-1)!);
    };
    const sql = await flows('ntop+nDPI/tests/cfgs/default/pcap/WebattackSQLinj.pcap');
    expect(sql).toEqual(Array<string>(9).fill('web_attack_sqli'));
    const ftp = await flows('zeek+zeek/testing/btest/Traces/ftp/bruteforce.pcap');
    expect(ftp.filter((label) => label === 'brute_force').length).toBeGreaterThan(20);
    const benign = await flows('zeek+try-zeek/manager/static/pcaps/sumstat.pcap');
    expect(new Set(benign)).toEqual(new Set(['benign']));
  });
});

/** Batches that were cut elsewhere merge in another grouping: squared deviations may differ in their last bits. */
function rounded(line: string): string {
  return line.replaceAll(/\d+\.\d{7,}/g, (number) => String(Number(Number(number).toPrecision(10))));
}
