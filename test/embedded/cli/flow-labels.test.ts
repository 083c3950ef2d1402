/** Display filters that can be told of a flow, and those that are refused. */
import { describe, expect, it } from 'vitest';
import { parseFilter } from '../../../embedded/src/cli/flow-labels.ts';

const way = { protocol: 6, source: '192.0.2.1', sourcePort: 4000, destination: '2001:db8::1', destinationPort: 21 };

describe('a display filter', () => {
  it.each([
    ['ip.src==192.0.2.1', true],
    ['ip.src == 192.0.2.2', false],
    ['ipv6.dst==2001:DB8:0::1', true],
    ['ip.addr==192.0.2.1 && tcp.port==21', true],
    ['ip.addr==192.0.2.1 && tcp.port==22', false],
    ['udp || tcp.dstport==21', true],
    ['udp.port==21', false],
    ['!udp && tcp.srcport==4000', true],
    ['tcp.srcport==21 || ip.src==192.0.2.9 && tcp', false],
  ])('%s is told of one direction of a flow: %s', (filter, expected) => {
    expect(parseFilter(filter)!(way)).toBe(expected);
  });

  it.each([
    'tls',
    'dhcp',
    'arp.opcode==1',
    'tcp.flags.syn==1',
    'ip.src!=192.0.2.1',
    '(tcp)',
    'tcp.port==x',
    'tcp.len==0',
    'ip.src==nowhere',
    'udp.srcport==161 || tls',
    '',
  ])('%j is refused, because a flow does not say it', (filter) => {
    expect(parseFilter(filter)).toBeUndefined();
  });
});
