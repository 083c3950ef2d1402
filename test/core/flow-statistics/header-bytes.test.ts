/** The TCP header length of a row: what the header says, and what options need where that is not known. */
import { expect, it } from 'vitest';
import { transportHeaderBytes } from '@tapline/core/flow-statistics/header-bytes';
import { LAYER } from '@tapline/core/packet/columns';
import { batchesOf, type TestPacket } from '../../helpers/packets.ts';

const header = (said: number, layers = 0, protocol: TestPacket['protocol'] = 'tcp'): number => {
  const [columns] = batchesOf([{ timeUs: 0, from: '192.0.2.1', to: '192.0.2.2', protocol }]);
  columns!.layers[0]! |= layers;
  columns!.tcpHeaderLength[0] = said;
  return transportHeaderBytes(columns!, 0);
};

it.each([
  ['of TCP is what its header says, options or not', header(52, LAYER.tcpTimestamps), 52],
  ['of TCP without options', header(20), 20],
  ['of TCP from text that does not say it: by the options', header(0, LAYER.tcpTimestamps), 32],
  ['of TCP from text, with its size of segments', header(0, LAYER.tcpMss), 24],
  ['of TCP that claims less than a header has', header(8), 20],
  ['of UDP', header(0, 0, 'udp'), 8],
  ['of ICMP', header(0, 0, 'icmp'), 8],
  ['of ARP', header(0, 0, 'arp'), 0],
])('transport header %s', (_, actual, expected) => {
  expect(actual).toBe(expected);
});
