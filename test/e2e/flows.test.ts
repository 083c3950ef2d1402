/** `tapline flows` against what others say of the same packets: the labelled flows of CICIDS2017, and tshark. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bundledCapture } from '../helpers/bundled-capture.ts';
import { CAPTURES } from '../helpers/captures.ts';
import { tapline } from '../helpers/tapline.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

const PCAP = 'ntop+nDPI/tests/cfgs/default/pcap/WebattackSQLinj.pcap';
const LABELLED = 'Mondirkb+dataset-CIC-IDS-2017/data/baseline_sqli.csv';
type Row = Record<string, string>;

function csv(text: string): Row[] {
  const [head, ...lines] = text.trimEnd().split(/\r?\n/);
  const names = head!.split(',');
  return lines.map((line) => Object.fromEntries(line.split(',').map((cell, i) => [names[i]!, cell])));
}

async function flowsOf(...args: string[]): Promise<Row[]> {
  const { code, stdout, stderr } = await tapline('flows', ...args);
  expect(code, stderr).toBe(0);
  return csv(stdout);
}

const sum = (rows: readonly Row[], name: string): number => rows.reduce((total, row) => total + Number(row[name]), 0);

describe.skipIf(CAPTURES === undefined)('tapline flows', () => {
  const capture = join(CAPTURES ?? '', PCAP);

  it('agrees with the labelled flows of CICIDS2017 in what that tool counted right', async () => {
    const flows = await flowsOf(capture);
    const labelled = csv(readFileSync(join(CAPTURES!, LABELLED), 'latin1'));
    expect(flows).toHaveLength(9);
    const agreeing = flows.filter((flow) => {
      const parts = labelled.filter((row) => Number(row['Source Port']) === Number(flow['Src Port']));
      expect(parts.length).toBeGreaterThan(0);
      expect(sum(parts, 'Total Length of Fwd Packets')).toBe(Number(flow['Total Length of Fwd Packet']));
      expect(sum(parts, 'Total Length of Bwd Packets')).toBe(Number(flow['Total Length of Bwd Packet']));
      expect(Number(parts[0]!['Init_Win_bytes_forward'])).toBe(Number(flow['FWD Init Win Bytes']));
      expect(Number(parts[0]!['Fwd Packet Length Max'])).toBe(Number(flow['Fwd Packet Length Max']));
      expect(sum(parts, 'act_data_pkt_fwd')).toBe(Number(flow['Fwd Act Data Pkts']));
      return (
        sum(parts, 'Total Fwd Packets') === Number(flow['Total Fwd Packet']) &&
        sum(parts, 'Total Backward Packets') === Number(flow['Total Bwd packets']) &&
        sum(parts, 'Fwd Header Length') === Number(flow['Fwd Header Length']) &&
        sum(parts, 'Bwd Header Length') === Number(flow['Bwd Header Length'])
      );
    });
    // The labelled rows of 36210 and 36212 lack a packet each way.
    expect(agreeing.map((flow) => Number(flow['Src Port'])).sort()).toEqual([
      36196, 36198, 36200, 36202, 36204, 36206, 36208,
    ]);
  });

  it('says the same of the batches that a run stored', async () => {
    const data = join(temporaryFolder(), 'data');
    expect((await tapline('run', capture, '--exit', '--data', data)).code).toBe(0);
    const stored = await flowsOf('--data', data);
    const direct = await flowsOf(capture);
    expect(stored).toHaveLength(direct.length);
    // Deviations may differ in their last digit, because a run cuts other batches.
    stored.forEach((flow, i) => {
      for (const [name, text] of Object.entries(flow)) {
        if (name.endsWith('Std') || name.endsWith('Variance'))
          expect(Number(text)).toBeCloseTo(Number(direct[i]![name]), 3);
        else expect(text, name).toBe(direct[i]![name]);
      }
    });
  });

  it.skipIf(!hasTshark()).each([PCAP])('has the packets of tshark in every conversation of %s', async (path) => {
    const file = join(CAPTURES!, path);
    const text = execFileSync('tshark', ['-n', '-q', '-z', 'conv,tcp', '-r', file], { encoding: 'utf8' });
    const theirs = [...text.matchAll(/^(\S+):(\d+)\s+<->\s+(\S+):(\d+)\s+(\d+)\s+\S+ \S+\s+(\d+)\s/gm)].map(
      ([, , port, , , back, forth]) => [Number(port), Number(forth), Number(back)],
    );
    const ours = (await flowsOf(file)).map((flow) => [
      Number(flow['Src Port']),
      Number(flow['Total Fwd Packet']),
      Number(flow['Total Bwd packets']),
    ]);
    expect(theirs.length).toBeGreaterThan(0);
    expect(ours.sort()).toEqual(theirs.sort());
  });
});

describe.skipIf(!hasTshark())('tapline flows of the bundled capture', () => {
  it('has every TCP packet that tshark sees in it, once', async () => {
    const folder = temporaryFolder();
    const capture = join(folder, 'office.pcap');
    writeFileSync(capture, bundledCapture());
    const filter = ['-n', '-r', capture, '-Y', 'tcp && !icmp && !icmpv6', '-T', 'fields', '-e', 'frame.number'];
    const theirs = execFileSync('tshark', filter, { encoding: 'utf8', maxBuffer: 1 << 26 })
      .trimEnd()
      .split('\n').length;
    const ours = (await flowsOf(capture)).filter((flow) => flow['Protocol'] === '6');
    expect(sum(ours, 'Total Fwd Packet') + sum(ours, 'Total Bwd packets')).toBe(theirs);
  });
});

function hasTshark(): boolean {
  try {
    execFileSync('tshark', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
