/** Flows of real captures against who else has looked at them: tshark's conversations, and the labels of CICIDS2017. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CAPTURES } from '../../helpers/captures.ts';
import { decodeCapture } from '../../helpers/decode.ts';
import { exportedFlows, type ExportedFlow } from '../../helpers/exported-flows.ts';
import { recut } from '../../helpers/packets.ts';
import { OPTIONS, readWithTshark, TSHARK } from '../../helpers/tshark.ts';

const SQL_INJECTION = 'ntop+nDPI/tests/cfgs/default/pcap/WebattackSQLinj.pcap';
const LABELLED = 'Mondirkb+dataset-CIC-IDS-2017/data/baseline_sqli.csv';
const FILES = [
  SQL_INJECTION,
  'zeek+try-zeek/manager/static/pcaps/sumstat.pcap',
  'OISF+suricata-verify/tests/tls/tls-subjectaltname/input.pcap',
  'OISF+suricata-verify/tests/output-eve-ftp-data/input.pcap',
  'doriguzzi+lucid-ddos/sample-dataset/CIC-DDoS-2019-WebDDoS.pcap',
  'cisco+joy/test/pcaps/kali-normal-ssh.pcap',
  'cisco+joy/test/pcaps/firefox58.pcap',
  'stanford-esrg+retina/traces/tls_ciphers.pcap',
  'zeek+zeek/testing/btest/Traces/ftp/bruteforce.pcap',
  'chrissanders+packets/synscan.pcapng',
];
const path = (file: string): string => join(CAPTURES!, file);

/** Sums of the numbers by key. */
function sums(rows: Iterable<readonly [key: string, values: readonly number[]]>): Map<string, number[]> {
  const total = new Map<string, number[]>();
  for (const [key, values] of rows) {
    const before = total.get(key);
    total.set(key, before === undefined ? [...values] : before.map((value, index) => value + values[index]!));
  }
  return total;
}

/** Packets each way of every TCP conversation, from `tshark -z conv,tcp`, with the lesser endpoint first. */
function tsharkConversations(file: string): Map<string, number[]> {
  const output = execFileSync('tshark', [...OPTIONS, '-r', file, '-q', '-z', 'conv,tcp'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    maxBuffer: 1 << 26,
  });
  const rows = [...output.matchAll(/^(\S+):(\d+) +<-> +(\S+):(\d+) +(\d+) .*? +(\d+) \d+ \w+ +\d+ \d+ /gm)];
  return sums(
    rows.map(([, a, aPort, b, bPort, fromB, fromA]) =>
      ordered(`${a!} ${aPort!}`, `${b!} ${bPort!}`, [Number(fromA)], [Number(fromB)]),
    ),
  );
}

function ordered(a: string, b: string, ofA: readonly number[], ofB: readonly number[]): [string, number[]] {
  return a < b ? [`${a} ${b}`, [...ofA, ...ofB]] : [`${b} ${a}`, [...ofB, ...ofA]];
}

const ends = (flow: ExportedFlow): [string, string] => [
  `${flow.source} ${flow['sourcePort']!}`,
  `${flow.destination} ${flow['destinationPort']!}`,
];

describe.skipIf(CAPTURES === undefined)('flows of real captures', () => {
  it.each(FILES)('are the same however the batches are cut: %s', async (file) => {
    const { batches } = await decodeCapture(path(file));
    const expected = exportedFlows(batches).lines.map(rounded).sort();
    for (const sizes of [[1], [7, 1, 100], [512]]) {
      expect(exportedFlows(recut(batches, sizes)).lines.map(rounded).sort()).toEqual(expected);
    }
  });

  it.skipIf(!TSHARK).each(FILES)('have the packets that tshark counts each way: %s', async (file) => {
    const { flows } = exportedFlows((await decodeCapture(path(file))).batches);
    const tcp = flows.filter(({ protocol }) => (protocol as unknown) === 6);
    const ours = sums(tcp.map((flow) => ordered(...ends(flow), [flow['forwardPackets']!], [flow['backwardPackets']!])));
    expect(ours.size).toBeGreaterThan(0);
    expect(ours).toEqual(tsharkConversations(path(file)));
  });

  it.skipIf(!TSHARK)('have the payload and header bytes that tshark reads in every segment', async () => {
    const fields = ['ip.src', 'ipv6.src', 'ip.dst', 'ipv6.dst', 'tcp.srcport', 'tcp.dstport', 'tcp.len', 'tcp.hdr_len'];
    const rows = await readWithTshark(FILES.map(path), fields);
    for (const file of FILES) {
      const segments = rows.get(path(file))!.filter((row) => row.get('tcp.len')!.length === 1);
      const expected = sums(
        segments.map((row) => {
          const of = (...names: string[]): string => names.flatMap((name) => row.get(name)!)[0]!;
          const from = `${of('ip.src', 'ipv6.src')} ${of('tcp.srcport')}`;
          const to = `${of('ip.dst', 'ipv6.dst')} ${of('tcp.dstport')}`;
          return ordered(from, to, [Number(of('tcp.len')), Number(of('tcp.hdr_len'))], [0, 0]);
        }),
      );
      const { flows } = exportedFlows((await decodeCapture(path(file))).batches);
      const ours = sums(
        flows
          .filter(({ protocol }) => (protocol as unknown) === 6)
          .map((flow) =>
            ordered(
              ...ends(flow),
              [flow['forwardBytes']!, flow['forwardHeaderBytes']!],
              [flow['backwardBytes']!, flow['backwardHeaderBytes']!],
            ),
          ),
      );
      expect(ours, file).toEqual(expected);
    }
  });

  it('give the connections of CICIDS2017 as its labelled flows have them, all rows of a connection together', async () => {
    const labelled = sums(
      readFileSync(path(LABELLED), 'utf8')
        .trimEnd()
        .split('\n')
        .slice(1)
        .map((line) => line.split(','))
        .map((fields) => [String(Number(fields[2])), [8, 9, 10, 11].map((index) => Number(fields[index]))]),
    );
    const { flows } = exportedFlows((await decodeCapture(path(SQL_INJECTION))).batches);
    const counts = ['forwardPackets', 'backwardPackets', 'forwardBytes', 'backwardBytes'];
    const differences = Object.fromEntries(
      flows.map((flow) => {
        const theirs = labelled.get(String(flow['sourcePort']))!;
        return [flow['sourcePort'], counts.map((name, index) => flow[name]! - theirs[index]!)];
      }),
    );
    // The published rows lack a packet each way of the last two; everything else is the same to the byte.
    const same = [0, 0, 0, 0];
    const ports = [36196, 36198, 36200, 36202, 36204, 36206, 36208];
    expect(differences).toEqual({
      ...Object.fromEntries(ports.map((port) => [port, same])),
      36210: [1, 1, 0, 0],
      36212: [1, 1, 0, 0],
    });
  });
});

/** Sums of squares may differ in the last bits by the grouping. */
function rounded(line: string): string {
  return line.replace(/":(\d+(?:\.\d+)?)/g, (_, number: string) => `":${Number(Number(number).toPrecision(12))}`);
}
