/** Wireshark's opinion on display filters: how many packets each selects, in one run of tshark. */
import { execFileSync } from 'node:child_process';

/** Packets of the capture that each filter selects; checksums are verified, nothing is reassembled. */
export function selectedByTshark(path: string, filters: readonly string[]): number[] {
  const verify = ['ip', 'tcp', 'udp'].flatMap((name) => ['-o', `${name}.check_checksum:TRUE`]);
  const alone = ['ip.defragment', 'ipv6.defragment', 'tcp.desegment_tcp_streams'].flatMap((name) => [
    '-o',
    `${name}:FALSE`,
  ]);
  const statistic = `io,stat,0,${filters.join(',')}`;
  const output = execFileSync('tshark', ['-n', ...verify, ...alone, '-r', path, '-q', '-z', statistic], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  // The one row of the table: interval, then frames and bytes per filter.
  const row = output.split('\n').find((line) => line.includes('<>'));
  if (row === undefined) throw new Error(`tshark printed no statistics: ${output}`);
  const cells = row.split('|').slice(2, -1);
  return cells.filter((_cell, index) => index % 2 === 0).map(Number);
}

/** Selects what has a wrong IP, TCP, UDP or ICMP checksum. */
export const BAD_CHECKSUM = ['ip', 'tcp', 'udp', 'icmp', 'icmpv6']
  .map((name) => `${name}.checksum.status == "Bad"`)
  .join(' || ');
