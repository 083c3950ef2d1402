/** Text of tcpdump and tshark as a source, as typed: its rows are those of the file in every field that the text carries. */
import { execFileSync, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { bundledCapture } from '../helpers/bundled-capture.ts';
import { MAIN, startTapline, tapline } from '../helpers/tapline.ts';
import { TCPDUMP } from '../helpers/tcpdump.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';
import { TSHARK } from '../helpers/tshark.ts';
import { until } from '../helpers/until.ts';

const PACKETS = 3000;
const WHOLE = '-n -o ip.defragment:FALSE -o ipv6.defragment:FALSE';
const FIELDS =
  'frame.time_epoch frame.len frame.cap_len frame.protocols frame.encap_type eth.src eth.dst eth.type arp.opcode arp.src.proto_ipv4 ' +
  'arp.dst.proto_ipv4 ip.src ip.dst ip.proto ip.ttl ip.dsfield ip.id ip.len ip.hdr_len ip.flags ip.frag_offset ipv6.src ipv6.dst ' +
  'ipv6.nxt ipv6.hlim ipv6.tclass ipv6.plen ipv6.hopopts.nxt ipv6.hopopts.len_oct ipv6.fraghdr.nxt ipv6.fraghdr.offset ' +
  'ipv6.fraghdr.more ipv6.fraghdr.ident tcp.srcport tcp.dstport tcp.flags tcp.seq_raw tcp.ack_raw tcp.window_size_value tcp.hdr_len tcp.len ' +
  'tcp.options.mss_val tcp.options.wscale.shift tcp.options.timestamp.tsval tcp.options.timestamp.tsecr tcp.options.sack_perm ' +
  'udp.srcport udp.dstport udp.length icmp.type icmp.code icmpv6.type icmpv6.code';
const CHOSEN = FIELDS.split(' ')
  .map((name) => `-e ${name}`)
  .join(' ');
const FEW = 'frame.time_epoch ip.src ip.dst tcp.srcport tcp.dstport tcp.flags';
/** Columns that are made of those, for packets of TCP over IPv4. */
const FEW_COLUMNS = ['number', 'time', 'source', 'destination', 'protocol', 'flags', 'sourcePort', 'destinationPort'];
const TCPDUMP_COLUMNS = [...FEW_COLUMNS, 'length', 'tcpSeq', 'tcpWindow', 'icmpType', 'arpOp', 'flow', 'direction'];

type Row = Readonly<Record<string, unknown>>;
const folder = temporaryFolder();
const capture = join(folder, 'small.pcap');
let rows: Row[] = [];

const tap = (args: string): string => `"${process.execPath}" --disable-warning=ExperimentalWarning "${MAIN}" ${args}`;

function shell(command: string): string {
  return execFileSync('bash', ['-o', 'pipefail', '-c', command], {
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}

const rowsOf = (ndjson: string): Row[] =>
  ndjson
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Row);

const only = (row: Row, names: readonly string[]): Row => Object.fromEntries(names.map((name) => [name, row[name]]));
/** All but what says that it came from text. */
const facts = (row: Row): Row => ({ ...row, quality: undefined });

describe.skipIf(!TCPDUMP || !TSHARK)('text as a source', () => {
  beforeAll(() => {
    const whole = join(folder, 'whole.pcap');
    writeFileSync(whole, bundledCapture());
    execFileSync('tcpdump', ['-r', whole, '-c', String(PACKETS), '-w', capture], { stdio: 'ignore' });
    rows = rowsOf(shell(tap(`decode "${capture}"`)));
    expect(rows).toHaveLength(PACKETS);
  });

  it.each([
    ['tshark -T ek', `tshark ${WHOLE} -T ek -r`],
    ['tshark -T json', `tshark ${WHOLE} -T json -r`],
    ['tshark -T fields with a header', `tshark ${WHOLE} -T fields -E header=y ${CHOSEN} -r`],
  ])('of %s is the file, column by column', (_name, command) => {
    const found = rowsOf(shell(`${command} "${capture}" | ${tap('decode -')}`));
    expect(found.map(facts)).toEqual(rows.map(facts));
  });

  it('of tshark -T fields that --fields names is the file in the few columns it has', () => {
    const few = FEW.split(' ');
    const chosen = few.map((name) => `-e ${name}`).join(' ');
    const found = rowsOf(
      shell(`tshark ${WHOLE} -T fields ${chosen} -r "${capture}" | ${tap(`decode - --fields ${few.join(',')}`)}`),
    );
    expect(found).toHaveLength(PACKETS);
    let compared = 0;
    for (const [index, row] of rows.entries()) {
      if (row['protocol'] !== 'TCP' || !String(row['source']).includes('.')) continue;
      compared += 1;
      expect(only(found[index]!, FEW_COLUMNS)).toEqual(only(row, FEW_COLUMNS));
    }
    expect(compared).toBeGreaterThan(500);
  });

  it('of tcpdump -l -nn is the file in the columns it prints', () => {
    const found = rowsOf(shell(`tcpdump -l -nn -tt -S -e -r "${capture}" | ${tap('decode -')}`));
    expect(found).toHaveLength(PACKETS);
    const names = TCPDUMP_COLUMNS.filter(
      (name) => !['tcpSeq', 'icmpType', 'arpOp', 'flow', 'direction'].includes(name),
    );
    for (const [index, row] of rows.entries()) {
      if (row['protocol'] === 'TCP') expect(only(found[index]!, names)).toEqual(only(row, names));
      else expect(only(found[index]!, ['time', 'length'])).toEqual(only(row, ['time', 'length']));
    }
  });

  it.each([
    ['tcpdump', 'tcpdump -l -nn -r'],
    ['tcpdump -v', 'tcpdump -l -nn -v -tttt -r'],
    ['EK', 'tshark -n -T ek -r'],
    ['fields', `tshark -n -T fields -E header=y ${CHOSEN} -r`],
  ])('of %s through tapline run closes the books', (_name, command) => {
    const { ledger } = JSON.parse(shell(`${command} "${capture}" | ${tap('run - --exit --json')}`)) as {
      ledger: object;
    };
    expect(ledger).toMatchObject({ offered: PACKETS, sent: PACKETS, stored: PACKETS, malformed: 0, unexplained: 0 });
  });

  it.each([
    ['tcpdump -U -w -', 'tcpdump -U -w - -r'],
    ['tshark -w -', 'tshark -w - -r'],
    ['tshark -T ek', 'tshark -n -T ek -r'],
  ])('and captures: %s | nc into listen:// has every packet', async (_name, command) => {
    const running = startTapline(['run', 'listen://127.0.0.1:0', '--exit', '--json']);
    let said = '';
    running.child.stderr!.on('data', (chunk: Buffer) => (said += chunk.toString()));
    await until('it listens', () => /listening on 127\.0\.0\.1:\d+/.test(said));
    const port = /listening on 127\.0\.0\.1:(\d+)/.exec(said)![1]!;
    const pipe = spawn('bash', ['-c', `${command} "${capture}" | nc -N 127.0.0.1 ${port}`], { stdio: 'ignore' });
    const { stdout } = await running.finished;
    pipe.kill();
    expect(JSON.parse(stdout)).toMatchObject({ ledger: { offered: PACKETS, stored: PACKETS, unexplained: 0 } });
  });

  it.each([
    ['fields without names', '1.5\t60\n', /: unreadable text: lines of tshark -T fields do not say.*--fields/],
    ['tcpdump -t', 'IP 10.0.0.1.1 > 10.0.0.2.2: Flags [S], length 0\n', /prints no times/],
    ['other JSON', '{"a":1}\n', /JSON that is not of tshark/],
    ['prose', 'To be, or not to be\n', /neither pcap nor pcapng/],
  ])('that is %s is one clear line', async (_name, text, message) => {
    const path = join(folder, 'odd.txt');
    writeFileSync(path, text);
    const { code, stdout, stderr } = await tapline('decode', path);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(message);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });
});
