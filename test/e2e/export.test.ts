/** `tapline export`: the packets of every attack and of every alert, frame by frame those that Wireshark and tcpdump select. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Alert } from '@tapline/core/detect/alert';
import { formatTime } from '@tapline/core/packet/time';
import { openExistingStores } from '@tapline/embedded/line/data-folder';
import { tsharkFramesOf } from '../helpers/alert-filter.ts';
import { BUNDLED, bundledCapture } from '../helpers/bundled-capture.ts';
import { readCapture, type SeenFrame } from '../helpers/frames.ts';
import { startTapline, tapline } from '../helpers/tapline.ts';
import { TCPDUMP } from '../helpers/tcpdump.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';
import { TSHARK } from '../helpers/tshark.ts';
import { tsharkFrames } from '../helpers/tshark-frames.ts';
import { pcapFile, pcapHeader, PcapngWriter } from '../fixtures/pcap-writer.ts';

const folder = temporaryFolder();
const data = join(folder, 'data');
const record = join(folder, 'record');
const plain = join(folder, 'bundled.pcap');
const output = join(folder, 'out');

let frames: SeenFrame[] = [];
let alerts: Alert[] = [];

beforeAll(async () => {
  writeFileSync(plain, bundledCapture());
  frames = readCapture(bundledCapture()).frames;
  const ran = await tapline('run', BUNDLED, '--exit', '--json', '--data', data, '--record', record);
  expect(ran.code, ran.stderr).toBe(0);
  const result = JSON.parse(ran.stdout) as { alerts: Alert[]; record: object };
  expect(result.record).toMatchObject({ packets: frames.length, lost: 0 });
  const stores = openExistingStores(data);
  alerts = await Promise.all(result.alerts.map(async ({ id }) => (await stores.results.alert(id))!));
  stores.close();
});

/** Runs the command, which must find something, and reads what it wrote. */
async function exported(...args: string[]): Promise<SeenFrame[]> {
  const { code, stdout, stderr } = await tapline('export', '--record', record, '-w', output, ...args);
  expect({ code, stdout }, stderr).toEqual({ code: 0, stdout: '' });
  const found = readCapture(readFileSync(output));
  expect(found.fault).toBeUndefined();
  return found.frames;
}

const labels = readFileSync(BUNDLED.replace('pcap.zst', 'labels.tsv'), 'utf8')
  .trimEnd()
  .split('\n')
  .slice(1)
  .map((line) => ({
    attack: line.split('\t')[2]!,
    filter: line.split('\t')[3]!,
    packets: Number(line.split('\t')[9]),
  }));

/** A label's display filter in the words of BPF. */
function bpfOf(displayFilter: string): string {
  const words: readonly (readonly [RegExp, string])[] = [
    [/^ip\.(src|dst)==(\S+\/\d+)$/, 'ip $1 net $2'],
    [/^ip\.(src|dst)==(\S+)$/, 'ip $1 host $2'],
    [/^ip\.addr==(\S+)$/, 'ip host $1'],
    [/^tcp\.dstport==(\d+)$/, 'tcp dst port $1'],
    [/^tcp\.port==(\d+)$/, 'tcp port $1'],
    [/^arp\.opcode==(\d)$/, 'arp[6:2] == $1'],
    [/^arp\.src\.proto_ipv4==(\S+)$/, 'arp src host $1'],
    [/^(tcp|udp)$/, '$1'],
    [/^!icmp$/, 'not icmp'],
  ];
  const terms = displayFilter.split('&&').map((term) => {
    const found = words.find(([pattern]) => pattern.test(term.trim()));
    if (found === undefined) throw new Error(`not understood: ${term}`);
    return term.trim().replace(found[0], found[1]);
  });
  return terms.join(' and ');
}

describe.skipIf(!TSHARK || !TCPDUMP)('the packets of an attack', () => {
  it.each(labels)('$attack: by BPF, those that tshark selects', async ({ filter, packets }) => {
    const found = await exported('--filter', bpfOf(filter));
    expect(found).toHaveLength(packets);
    expect(found).toEqual(tsharkFrames(plain, filter));
  });

  it.each([
    [['--host', '203.0.113.66', '--peer', '192.168.50.80'], 'ip.addr==203.0.113.66 && ip.addr==192.168.50.80 && !icmp'],
    [['--host', '203.0.113.67', '--port', '22', '--protocol', 'tcp'], 'ip.addr==203.0.113.67 && tcp.port==22'],
    [['--port', '445'], '(tcp.port==445 || udp.port==445) && !icmp'],
    [
      ['--protocol', 'arp', '--host', '192.168.50.166'],
      'arp.src.proto_ipv4==192.168.50.166 || arp.dst.proto_ipv4==192.168.50.166',
    ],
    [['--protocol', 'icmp6'], 'icmpv6 || (ipv6.fraghdr && ipv6.nxt==44 && ipv6.fraghdr.nxt==58)'],
    [['--host', 'fd50:50::80'], 'ipv6.addr==fd50:50::80'],
  ])('by %j: those that tshark selects by %s, both directions', async (args, filter) => {
    const found = await exported(...args);
    expect(found.length).toBeGreaterThan(500);
    expect(found).toEqual(tsharkFrames(plain, filter));
  });
});

describe('the packets of an alert', () => {
  it.skipIf(!TSHARK)(
    'are those that its filter selects in Wireshark, for all six alerts, as pcapng and as pcap',
    async () => {
      expect(alerts.map(({ detector }) => detector).sort()).toEqual([
        'brute-force',
        'horizontal-scan',
        'slow-http',
        'syn-flood',
        'udp-flood',
        'vertical-scan',
      ]);
      for (const { id, filter } of alerts) {
        const expected = tsharkFramesOf(plain, filter);
        expect(expected.length).toBeGreaterThan(500);
        expect(await exported('--alert', id, '--data', data)).toEqual(expected);
        expect(await exported('--alert', id, '--data', data, '--format', 'pcap')).toEqual(expected);
        const capinfos = execFileSync('capinfos', ['-c', '-M', output], { encoding: 'utf8' });
        expect(capinfos).toContain(`Number of packets:   ${expected.length}`);
      }
    },
  );

  it('can be narrowed further', async () => {
    const { id, firstPacketUs, lastPacketUs } = alerts.find(({ detector }) => detector === 'syn-flood')!;
    const middleUs = Math.floor((firstPacketUs + lastPacketUs) / 2);
    const all = await exported('--alert', id, '--data', data);
    const half = await exported('--alert', id, '--data', data, '--from', formatTime(middleUs, 0));
    expect(half).toEqual(all.filter(({ timeUs }) => timeUs >= middleUs));
    expect(half.length).toBeLessThan(all.length);
  });

  it('are marked: rotation keeps their segments', () => {
    const manifest = JSON.parse(readFileSync(join(record, 'instance-1', 'record.json'), 'utf8')) as {
      segments: { marked: boolean }[];
    };
    expect(manifest.segments.map(({ marked }) => marked)).toEqual([true]);
  });
});

describe('tapline export', () => {
  it('writes to standard output, and says on stderr what it found', async () => {
    const { finished } = startTapline(['export', '--record', record, '--port', '53', '-w', '-', '--format', 'pcap']);
    const { code, stdout, stderr } = await finished;
    expect(code).toBe(0);
    expect(stdout.length).toBeGreaterThan(1000);
    expect(stderr).toMatch(/^tapline: [\d,]+ packets, .* KiB, 2026-11-24T04:16:\S+Z to 2026-11-24T04:22:\S+Z\n$/);
  });

  it('ends with 1 when it finds nothing, writes an empty capture, and says what the record holds', async () => {
    for (const format of ['pcap', 'pcapng']) {
      const args = ['export', '--record', record, '--host', '192.0.2.1', '--format', format, '-w', output];
      const { code, stderr } = await tapline(...args);
      expect(code).toBe(1);
      expect(stderr).toMatch(
        /^tapline: nothing found; the record holds 2026-11-24T04:16:\S+Z to 2026-11-24T04:22:\S+Z\n$/,
      );
      expect(readCapture(readFileSync(output))).toEqual({ frames: [], fault: undefined });
    }
  });

  it.skipIf(!TCPDUMP)('takes --from and --to as ISO 8601 and as seconds since 1970', async () => {
    const [fromUs, toUs] = [frames[1000]!.timeUs, frames[2000]!.timeUs];
    const expected = frames.filter(({ timeUs }) => timeUs >= fromUs && timeUs < toUs);
    expect(await exported('--from', formatTime(fromUs, 0), '--to', formatTime(toUs, 0))).toEqual(expected);
    const epoch = (timeUs: number): string => `${Math.floor(timeUs / 1e6)}.${String(timeUs % 1e6).padStart(6, '0')}`;
    expect(await exported('--from', epoch(fromUs), '--to', epoch(toUs), '--filter', 'ip or not ip')).toEqual(expected);
  });

  it.each([
    [['--from', 'yesterday'], 'use for example 2017-07-06T13:40:00Z'],
    [['--from', '20', '--to', '10'], '--from is not before --to'],
    [['--host', 'somebody'], 'use an IPv4, IPv6 or MAC address'],
    [['--alert', 'x'], '--data DIR'],
    [['--alert', 'x', '--data', data], 'there is no alert x'],
    [['--sensor', 'nobody'], 'holds no record of the sensor nobody'],
    [['--record', '/nowhere'], 'holds no record'],
    [['-w', '/nowhere/file'], 'cannot write /nowhere/file'],
    [['--format', 'erf'], 'erf'],
  ])('%j is a usage error: exit 2 and one clear line', async (args, said) => {
    const { code, stdout, stderr } = await tapline('export', '--record', record, '-w', join(folder, 'none'), ...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr.split('\n')[0]).toMatch(/^tapline: /);
    expect(stderr).toContain(said);
    expect(existsSync(join(folder, 'none'))).toBe(false);
  });

  it.skipIf(!TCPDUMP)("passes on tcpdump's word about an expression that is none, and leaves no file", async () => {
    const args = ['export', '--record', record, '--filter', 'ip hosst 1', '-w', join(folder, 'none')];
    const { code, stderr } = await tapline(...args);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^tapline: --filter: tcpdump: .*syntax error/);
    expect(readdirSync(folder).filter((name) => name.startsWith('none'))).toEqual([]);
  });

  it('says that --filter needs tcpdump where there is none', async () => {
    const args = ['export', '--record', record, '--filter', 'tcp', '-w', join(folder, 'none')];
    const { code, stderr } = await startTapline(args, undefined, { PATH: folder }).finished;
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: 'tapline: --filter needs tcpdump, which is not installed (or not in PATH)\n',
    });
  });

  it('names the time that was rotated away and the segment that was deleted, and ends with 1', async () => {
    const small = join(folder, 'small');
    const ran = await tapline('run', BUNDLED, '--exit', '--record', small, '--record-size', '16M');
    expect(ran.code, ran.stderr).toBe(0);
    const segments = readdirSync(join(small, 'instance-1')).filter((name) => name.endsWith('pcapng'));
    rmSync(join(small, 'instance-1', segments.at(-2)!));
    const { code, stderr } = await tapline('export', '--record', small, '--port', '53', '-w', output);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^tapline: missing: 2026-11-24T04:16:44.707678Z to 2026-\S+Z, rotated away/m);
    expect(stderr).toMatch(/^tapline: missing: 2026-\S+Z to 2026-\S+Z, the segment was deleted$/m);
    const found = readCapture(readFileSync(output)).frames;
    expect(found.length).toBeGreaterThan(10);
    for (const frame of found.slice(0, 20)) expect(frames).toContainEqual(frame);
  });

  it('keeps link types apart: pcapng holds several, pcap and --filter one', async () => {
    const ng = new PcapngWriter();
    const packet = { seconds: 0, fraction: 7, bytes: new Uint8Array(60).fill(0x45), wireLength: 60 };
    const file = join(folder, 'two.pcapng');
    const interfaces = [ng.section(), ng.interface(), ng.interface({ linkType: 101 })];
    writeFileSync(file, Buffer.concat([...interfaces, ng.enhanced(packet), ng.enhanced(packet, 1)]));
    const two = join(folder, 'two');
    expect((await tapline('run', file, '--exit', '--record', two)).code).toBe(0);
    expect((await tapline('export', '--record', two, '-w', output)).code).toBe(0);
    expect(readCapture(readFileSync(output)).frames).toEqual(readCapture(readFileSync(file)).frames);
    const asPcap = await tapline('export', '--record', two, '-w', join(folder, 'none'), '--format', 'pcap');
    expect(asPcap).toMatchObject({ code: 2, stdout: '' });
    expect(asPcap.stderr).toContain('pcap holds one link type only');
    expect(existsSync(join(folder, 'none'))).toBe(false);
  });

  it('asks for the sensor when a record has several', async () => {
    const several = join(folder, 'several');
    const file = join(folder, 'empty.pcap');
    writeFileSync(file, Buffer.concat([pcapHeader(), pcapFile([]).subarray(24)]));
    for (const sensor of ['b', 'a']) await tapline('run', file, '--exit', '--sensor', sensor, '--record', several);
    const { code, stderr } = await tapline('export', '--record', several, '-w', output);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: `tapline: ${several} holds several sensors, choose with --sensor: a, b\n`,
    });
  });

  it('gives what tapline capture recorded, whether or not a broker was there', async () => {
    const captured = join(folder, 'captured');
    const args = [
      'capture',
      BUNDLED,
      '--json',
      '--record',
      captured,
      '--spool',
      join(folder, 'spool'),
      '--patience',
      '1s',
    ];
    const { code, stdout, stderr } = await startTapline(args, undefined, {
      TAPLINE_KAFKA_BROKERS: '127.0.0.1:1',
    }).finished;
    expect(code, stderr).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ complete: false, record: { packets: frames.length, lost: 0 } });
    expect((await tapline('export', '--record', captured, '-w', output)).code).toBe(0);
    expect(readCapture(readFileSync(output)).frames).toEqual(frames);
  });
});
