/** The command line as scripts outside this repository use it: names, exit codes, streams, and what is said when it fails. */
import { readFileSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { QUALITY } from '@tapline/core/packet/columns';
import { writeGenerated } from '../helpers/generated-capture.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';
import { startTapline, tapline } from '../helpers/tapline.ts';

describe('the tapline command', () => {
  const folder = temporaryFolder();
  const data = join(folder, 'data');
  let capture = '';

  beforeAll(async () => {
    capture = writeGenerated(folder, 30_000);
    const { code, stderr } = await tapline('run', capture, '--exit', '--data', data);
    expect(code, stderr).toBe(0);
  });

  it.each([['run'], ['decode'], ['flows'], ['audit'], ['query'], ['export'], ['migrate'], ['alert']])(
    '%s --help explains itself and exits 0',
    async (command) => {
      const { code, stdout, stderr } = await tapline(command, '--help');
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toContain(`Usage: tapline ${command}`);
    },
  );

  it.each([
    [['nonsense'], 'unknown command'],
    [['run', '/nowhere.pcap', '--exit'], 'no such file'],
    [['run', '--speed', 'fast'], 'recorded, top, or a number'],
    [['run', '--window', '1.5s'], 'whole seconds'],
    [['run', '--port', '99999'], '65535'],
    [['run', '--on', 'nowhere', '--exit'], '--on'],
    [['run', '--loop', 'twice', '--exit'], 'until stopped'],
    [['run', '-', '--loop', '2', '--exit'], 'needs --preload'],
    [['run', '-i', 'lo', '--loop', '2', '--exit'], '--interface is live'],
    [['capture', '-', '--live', '--preload'], 'captures that end'],
    [['capture', '-', '--mark-alerts'], '--record DIR'],
    [['decode'], 'source'],
    [['decode', '--format', 'xml', 'x'], 'xml'],
    [['flows'], 'name a source'],
    [['flows', '/nowhere.pcap'], 'no such file'],
    [['flows', 'x.pcap', '--data', '.'], 'not both'],
    [['flows', '--data', '/nowhere'], 'holds no Tapline data'],
    [['flows', 'x.pcap', '--label', '/nowhere.tsv'], 'cannot read the label file'],
    [['audit'], '--data'],
    [['audit', '--data', '/nowhere'], 'holds no Tapline data'],
    [['query', 'nonsense', '--data', '.'], 'there is no query'],
    [['query', 'alerts', '--on', 'embedded'], '--data'],
    [['query', 'batches-of-nobody'], 'there is no query'],
    [['query', 'alerts', '--cql', 'SELECT 1'], 'leave out the other'],
    [['alert', 'list'], '--data'],
    [['alert', 'show', 'nobody', '--data', '.'], 'holds no Tapline data'],
    [['alert', 'list', '--data', '.', '--allow', '/nowhere.json'], 'cannot read the allow-list'],
    [['alert', 'mute', 'x', '--data', '.'], '--why'],
    [['alert', 'mute', 'x', '--why', 'y', '--for', 'ever', '--data', '.'], '30m, 8h'],
    [['alert', 'ack', 'x'], '--data'],
    [['migrate', '--replication', 'many'], 'is no replication'],
    [['migrate', '--dry-run', '--folder', '/'], 'holds no migrations'],
  ])('%j is a usage error: exit 2 and one clear line on stderr', async (args, said) => {
    const { code, stdout, stderr } = await tapline(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr.split('\n')[0]).toMatch(/^tapline: /);
    expect(stderr).toContain(said);
  });

  it('run --loop prints one object over all loops, with the books of each, and a second run replaces it', async () => {
    const looped = join(folder, 'looped');
    const once = async (): Promise<unknown> => {
      const args = ['run', capture, '--exit', '--json', '--loop', '3', '--preload', '--data', looped];
      const { code, stdout, stderr } = await tapline(...args);
      expect(code, stderr).toBe(0);
      expect(stdout.trimEnd()).not.toContain('\n');
      const result = JSON.parse(stdout) as { ledger: object; sessions: { ledger: object }[]; digest: string };
      expect(result).toMatchObject({
        ledger: { offered: 90_000, stored: 90_000, unexplained: 0 },
        loops: { done: 3, of: 3 },
      });
      expect(result.sessions.map(({ ledger }) => ledger)).toEqual(
        Array.from(
          { length: 3 },
          () => expect.objectContaining({ offered: 30_000, stored: 30_000, unexplained: 0 }) as unknown,
        ),
      );
      return result.digest;
    };
    expect(await once()).toBe(await once());
    expect((await tapline('audit', '--data', looped)).code).toBe(0);
  });

  it('run --exit --json prints exactly one object with the fields of the contract', async () => {
    const { code, stdout } = await tapline('run', capture, '--exit', '--json', '--sensor', 'tap-7');
    expect(code).toBe(0);
    expect(stdout.trimEnd()).not.toContain('\n');
    const result = JSON.parse(stdout) as Record<string, unknown> & { alerts: Record<string, unknown>[] };
    expect(result).toMatchObject({ sensor: 'tap-7', source: capture, ledger: { offered: 30_000, unexplained: 0 } });
    for (const field of [
      'session',
      'wireBytes',
      'windows',
      'alerts',
      'digest',
      'elapsedMs',
      'packetsPerSecond',
      'peakRssBytes',
    ]) {
      expect(result).toHaveProperty(field);
    }
    expect(Object.keys(result['ledger'] as object)).toEqual(
      expect.arrayContaining([
        'kernelDropped',
        'self',
        'filtered',
        'duplicate',
        'sent',
        'malformed',
        'parsed',
        'windowed',
        'stored',
      ]),
    );
    for (const alert of result.alerts) {
      expect(Object.keys(alert)).toEqual(
        expect.arrayContaining(['id', 'detector', 'entity', 'windowStart', 'windowEnd', 'score', 'severity', 'attack']),
      );
    }
  });

  it('decode prints the columns of the contract, in order, one row per packet', async () => {
    const { code, stdout } = await tapline('decode', capture, '--format', 'csv');
    const lines = stdout.trimEnd().split('\r\n');
    expect(code).toBe(0);
    expect(lines[0]).toMatch(/^number,time,source,destination,protocol,length,flags,sourcePort,destinationPort,/);
    expect(lines).toHaveLength(30_001);
  });

  it('decode reads a capture from standard input and from gz and zst as from the file', async () => {
    const { gzipSync, zstdCompressSync } = await import('node:zlib');
    const bytes = readFileSync(capture);
    const gz = join(folder, 'no-suffix-a');
    const zst = join(folder, 'no-suffix-b');
    writeFileSync(gz, gzipSync(bytes));
    writeFileSync(zst, zstdCompressSync(bytes));
    const outputs = await Promise.all([
      tapline('decode', capture),
      tapline('decode', gz),
      tapline('decode', zst),
      startTapline(['decode', '-'], bytes).finished,
    ]);
    expect(outputs.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    for (const { stdout } of outputs) expect(stdout === outputs[0].stdout).toBe(true);
  });

  it('a truncated capture gives every packet before the cut, one error line, and exit 1', async () => {
    const cut = join(folder, 'cut.pcap');
    writeFileSync(cut, readFileSync(capture));
    truncateSync(cut, readFileSync(capture).length - 10);
    const { code, stdout, stderr } = await tapline('run', cut, '--exit', '--json');
    expect(code).toBe(1);
    expect(stderr).toMatch(/^tapline: .*cut\.pcap: .*record 30000.*byte \d+.*\n$/);
    expect(JSON.parse(stdout)).toMatchObject({
      ledger: { offered: 29_999, stored: 29_999, unexplained: 0 },
      error: { code: 'CAPTURE_TRUNCATED' },
    });
    const decoded = await tapline('decode', cut);
    expect(decoded.code).toBe(1);
    expect(decoded.stdout.trimEnd().split('\n')).toHaveLength(29_999);
  });

  it('a capture whose clock is absurd is decoded, marked, windowed and accounted for', async () => {
    const absurd = join(folder, 'absurd.pcapng');
    const frame = Buffer.alloc(60);
    const section = Buffer.from('0a0d0d0a1c0000004d3c2b1a01000000ffffffffffffffff1c000000', 'hex');
    const description = Buffer.from('0100000014000000010000000000040014000000', 'hex');
    const head = Buffer.from('060000005c00000000000000ffffffffffffffff3c0000003c000000', 'hex');
    writeFileSync(absurd, Buffer.concat([section, description, head, frame, Buffer.from('5c000000', 'hex')]));
    const decoded = await tapline('decode', absurd);
    expect((JSON.parse(decoded.stdout) as { quality: number }).quality & QUALITY.timeClamped).not.toBe(0);
    const { code, stdout, stderr } = await tapline('run', absurd, '--exit', '--json');
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ ledger: { offered: 1, stored: 1, unexplained: 0 }, windows: 1 });
  });

  it('Ctrl-C drains what was read, prints balanced books, and exits 0', async () => {
    const { child, finished } = startTapline(['run', capture, '--speed', '0.1', '--exit', '--json']);
    await new Promise((resolve) => setTimeout(resolve, 2500));
    child.kill('SIGINT');
    const { code, stdout, stderr } = await finished;
    expect(code, stderr).toBe(0);
    expect(stderr).toContain('stopping');
    const { ledger } = JSON.parse(stdout) as { ledger: Record<string, number> };
    expect(ledger['unexplained']).toBe(0);
    expect(ledger['stored']).toBe(ledger['offered']);
    expect(ledger['offered']).toBeGreaterThan(0);
  });

  it('audit closes the books, and names a batch that was removed by hand and the hop that lost it', async () => {
    const whole = await tapline('audit', '--data', data, '--verify');
    expect(whole.code, whole.stdout).toBe(0);
    expect(whole.stdout).toContain('unexplained 0');
    const batches = readdirSync(join(data, 'batches'), { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.tpb'),
    );
    const victim = batches.sort()[1]!;
    const sequence = /(\d+)\.tpb$/.exec(victim)![1]!;
    rmSync(join(data, 'batches', victim));
    const missing = await tapline('audit', '--data', data);
    expect(missing.code).toBe(1);
    expect(missing.stdout).toMatch(
      new RegExp(`MISSING  batch instance-1/[0-9a-f]{16}/${Number(sequence)}: not stored, [\\d,]+ packets`),
    );
    expect(missing.stdout).not.toContain('unexplained 0');
  });

  it('query lists its questions and answers each of them', async () => {
    const { code, stdout } = await tapline('query', '--on', 'embedded');
    expect(code).toBe(0);
    const names = stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split(' ')[0]!);
    expect(names).toContain('top-talkers');
    const answers = await Promise.all(names.map((name) => tapline('query', name, '--data', data, '--limit', '3')));
    for (const [i, answer] of answers.entries()) {
      expect(answer.code, `${names[i]!}: ${answer.stderr}`).toBe(0);
      const rows = answer.stdout.trimEnd().split('\n');
      expect(rows.length).toBeLessThanOrEqual(3);
      if (names[i] !== 'alerts') expect(() => JSON.parse(rows[0]!) as unknown, names[i]).not.toThrow();
    }
  });

  it('query top-talkers agrees with a count over the decoded rows', async () => {
    const [answer, decoded] = await Promise.all([
      tapline('query', 'top-talkers', '--data', data, '--limit', '5'),
      tapline('decode', capture),
    ]);
    const sent = new Map<string, number>();
    for (const line of decoded.stdout.trimEnd().split('\n')) {
      const { source, length } = JSON.parse(line) as { source: string | null; length: number };
      if (source !== null) sent.set(source, (sent.get(source) ?? 0) + length);
    }
    const expected = [...sent].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, 5);
    const rows = answer.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { host: string; bytes: number });
    expect(rows.map(({ host, bytes }) => [host, bytes])).toEqual(expected);
  });
});
