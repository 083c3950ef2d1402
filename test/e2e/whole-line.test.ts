/** The whole line from the wire: tcpreplay sends real packets into a cable, and every one is captured, counted or named. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundledCapture } from '../helpers/bundled-capture.ts';
import { NAMESPACES, Namespaced, NEAR } from '../helpers/network-namespace.ts';
import { tapline } from '../helpers/tapline.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';
import { until } from '../helpers/until.ts';

interface Run {
  readonly digest: string;
  readonly ledger: Readonly<Record<'offered' | 'kernelDropped' | 'sent' | 'stored' | 'unexplained', number>>;
}

describe.skipIf(!NAMESPACES)('the whole line at 100,000 packets per second', () => {
  const folder = temporaryFolder();
  const capture = join(folder, 'office.pcap');
  let net: Namespaced;
  beforeAll(() => {
    writeFileSync(capture, bundledCapture());
    net = new Namespaced();
    for (const end of [NEAR, 'tap-far']) net.link('set', end, 'mtu', '65535');
  });
  afterAll(() => {
    net.close();
  });

  it('has every packet that tcpreplay sent, and without drops the digest of its own record', async () => {
    const record = join(folder, 'record');
    const args = ['run', '-i', NEAR, '--exit', '--json', '--session', 'wire', '--record', record];
    const started = net.tapline(args);
    let said = '';
    started.child.stderr!.on('data', (chunk: Buffer) => (said += chunk.toString()));
    await until('the capture begins', () => said.includes(`capturing ${NEAR}`));
    const replay = ['netns', 'exec', net.name, 'tcpreplay', '-i', 'tap-far', '--pps=100000', capture];
    const report = execFileSync('ip', replay, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
    const count = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(report)![1]);
    expect([count('Failed packets'), count('Truncated packets')], report).toEqual([0, 0]);
    started.child.kill('SIGINT');
    const finished = await started.finished;
    expect(finished.code, finished.stderr).toBe(0);
    const { ledger, digest } = JSON.parse(finished.stdout) as Run;
    expect(ledger.offered).toBe(count('Successful packets'));
    expect(ledger).toMatchObject({ offered: ledger.sent + ledger.kernelDropped, stored: ledger.sent, unexplained: 0 });
    const kept = join(folder, 'kept.pcapng');
    expect((await tapline('export', '--record', record, '-w', kept)).code).toBe(0);
    const again = await tapline('run', kept, '--exit', '--json', '--session', 'wire');
    const file = JSON.parse(again.stdout) as Run;
    expect(file.ledger).toMatchObject({ offered: ledger.sent, unexplained: 0 });
    if (ledger.kernelDropped === 0) expect(file.digest).toBe(digest);
  });
});
