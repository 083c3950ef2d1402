/** The same capture gives the same digest at any speed, and a second run replaces the first instead of adding to it. */
import { beforeAll, describe, expect, it } from 'vitest';
import { writeGenerated } from '../helpers/generated-capture.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';
import { tapline } from '../helpers/tapline.ts';

interface RunJson {
  session: string;
  digest: string;
  windows: number;
  alerts: unknown[];
  ledger: Record<string, number>;
}

async function run(...args: string[]): Promise<RunJson> {
  const { code, stdout, stderr } = await tapline('run', ...args, '--exit', '--json');
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as RunJson;
}

describe('tapline run', () => {
  const folder = temporaryFolder();
  let short = '';
  let long = '';

  beforeAll(() => {
    short = writeGenerated(folder, 12_000);
    long = writeGenerated(folder, 120_000);
  });

  it('gives one digest at recorded speed, at x100 and at top speed', async () => {
    const runs = await Promise.all(['recorded', '100', 'top'].map((speed) => run(short, '--speed', speed)));
    expect(runs[0]).toMatchObject({ ledger: { offered: 12_000, sent: 12_000, stored: 12_000, unexplained: 0 } });
    expect(runs.map(({ digest }) => digest)).toEqual(runs.map(() => runs[0]!.digest));
    expect(runs.map(({ session }) => session)).toEqual(runs.map(() => runs[0]!.session));
  });

  it('gives one digest at a rate of packets and at one of bits', async () => {
    const [packets, bits, top] = await Promise.all([
      run(long, '--pps', '60000'),
      run(long, '--mbps', '200'),
      run(long),
    ]);
    expect([packets.digest, bits.digest]).toEqual([top.digest, top.digest]);
  });

  it('gives one digest at x100 and at top speed over several windows and alerts', async () => {
    const [paced, top] = await Promise.all([run(long, '--speed', '100'), run(long)]);
    expect(paced.digest).toBe(top.digest);
    expect(top.windows).toBeGreaterThan(2);
    expect(top.ledger).toMatchObject({
      offered: 120_000,
      parsed: 120_000,
      windowed: 120_000,
      stored: 120_000,
      unexplained: 0,
    });
    expect(paced.alerts).toEqual(top.alerts);
  });

  it('replaces its own rows when the same capture is run into the same folder again', async () => {
    const data = `${folder}/data`;
    const first = await run(short, '--data', data);
    const second = await run(short, '--data', data);
    expect(second.digest).toBe(first.digest);
    expect(second.ledger['stored']).toBe(12_000);
    const fresh = await run(short, '--data', data, '--session', 'new');
    expect(fresh.session).not.toBe(first.session);
    expect(fresh.ledger['stored']).toBe(12_000);
    const { code, stdout } = await tapline('audit', '--data', data, '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ totals: { stored: 24_000, unexplained: 0 } });
  });

  it('gives another digest for another capture', async () => {
    const other = writeGenerated(folder, 12_000, 2);
    const [a, b] = await Promise.all([run(short), run(other)]);
    expect(a.digest).not.toBe(b.digest);
  });
});
