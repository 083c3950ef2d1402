/**
 * The whole line from the wire: tcpreplay sends real packets into a cable, and every one is captured, counted or named. The
 * rows are those of the file, and the digest that of the frames that were recorded on the way.
 */
import { writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundledCapture } from '../helpers/bundled-capture.ts';
import { CAPTURES } from '../helpers/captures.ts';
import { FAR, NAMESPACES, Namespaced, NEAR } from '../helpers/network-namespace.ts';
import { tapline } from '../helpers/tapline.ts';
import { tcpreplay, type Replayed } from '../helpers/tcpreplay.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';
import { until } from '../helpers/until.ts';

interface Wired {
  readonly ledger: Readonly<Record<'offered' | 'kernelDropped' | 'sent' | 'stored' | 'unexplained', number>>;
  readonly digest: string;
  readonly replayed: Replayed;
  /** What was recorded on the way, as a capture. */
  readonly kept: string;
}

/** Of a few seconds each. The longest frames of the last one are longer than the cable's MTU takes. */
const RECORDED = [
  { path: 'zeek+zeek/testing/btest/Traces/nmap-vsn.pcap', packets: 547, tooLong: [] },
  { path: 'zeek+zeek/testing/btest/Traces/dhcp/dhcp_flood.pcap', packets: 500, tooLong: [] },
  { path: 'stanford-esrg+retina/traces/tls_ciphers.pcap', packets: 1095, tooLong: [971, 1076, 1091] },
];

describe.skipIf(!NAMESPACES)('the whole line from the wire', () => {
  const folder = temporaryFolder();
  let net: Namespaced;
  beforeAll(() => {
    net = new Namespaced();
  });
  afterAll(() => {
    net.close();
  });

  /** A run that captures and records what tcpreplay plays; its books name every packet. */
  async function wire(capture: string, ...pace: string[]): Promise<Wired> {
    const record = join(folder, `${basename(capture)}.record`);
    const started = net.tapline(['run', '-i', NEAR, '--exit', '--json', '--record', record]);
    let said = '';
    started.child.stderr!.on('data', (chunk: Buffer) => (said += chunk.toString()));
    await until('the capture begins', () => said.includes(`capturing ${NEAR}`) || started.child.exitCode !== null);
    const replayed = tcpreplay(net, capture, ...pace);
    started.child.kill('SIGINT');
    const finished = await started.finished;
    expect(finished.code, finished.stderr).toBe(0);
    const { ledger, digest } = JSON.parse(finished.stdout) as Wired;
    console.info(
      `${basename(capture)} ${pace.join(' ')}: ${replayed.sent} sent, ${ledger.kernelDropped} dropped by the kernel`,
    );
    expect(replayed.truncated, replayed.report).toBe(0);
    expect(ledger.offered).toBe(replayed.sent);
    expect(ledger).toMatchObject({ offered: ledger.sent + ledger.kernelDropped, stored: ledger.sent, unexplained: 0 });
    const kept = `${record}.pcapng`;
    expect((await tapline('export', '--record', record, '-w', kept)).code).toBe(0);
    return { ledger, digest, replayed, kept };
  }

  /** Checks that a run of the recorded frames gives the same digest, however live batches were cut. */
  async function expectSameDigest({ digest, kept }: Wired): Promise<void> {
    const { code, stdout, stderr } = await tapline('run', kept, '--exit', '--json');
    expect(code, stderr).toBe(0);
    expect((JSON.parse(stdout) as Wired).digest).toBe(digest);
  }

  /** Rows of `tapline decode` without their time, and without their number, which is that of the row. */
  async function rows(capture: string): Promise<unknown[]> {
    const { stdout } = await tapline('decode', capture);
    return stdout
      .trimEnd()
      .split('\n')
      .map((line) => ({ ...(JSON.parse(line) as object), number: undefined, time: undefined }));
  }

  if (CAPTURES === undefined) console.warn('captures at recorded speed are SKIPPED: the shared captures are not here');

  it.skipIf(CAPTURES === undefined).each(RECORDED)(
    'has every packet of $path at recorded speed: its rows, its digest, and the names of those too long for the cable',
    async ({ path, packets, tooLong }) => {
      const file = join(CAPTURES!, path);
      const wired = await wire(file, '--multiplier=1');
      const { ledger, replayed, kept } = wired;
      expect(replayed.refused).toEqual(tooLong);
      expect(ledger).toMatchObject({ offered: packets - tooLong.length, kernelDropped: 0 });
      const there = (await rows(file)).filter((_, index) => !tooLong.includes(index + 1));
      expect(await rows(kept)).toEqual(there);
      await expectSameDigest(wired);
    },
  );

  it('has every packet at 100,000 packets per second, or the kernel counts it as dropped', async () => {
    const capture = join(folder, 'office.pcap');
    writeFileSync(capture, bundledCapture());
    for (const end of [NEAR, FAR]) net.link('set', end, 'mtu', '65535');
    const wired = await wire(capture, '--pps=100000');
    expect(wired.replayed.refused).toEqual([]);
    await expectSameDigest(wired);
  });
});
