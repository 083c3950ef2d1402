/** The TCP header length that follows from a row, where it can and where it cannot. */
import { expect, it } from 'vitest';
import { transportHeaderBytes } from '@tapline/core/flow-statistics/header-bytes';
import { LAYER } from '@tapline/core/packet/columns';
import { batchesOf } from '../../helpers/packets.ts';

const header = (length: number, payload: number, layers: number, linkType = 1, tunnelDepth = 0): number => {
  const [columns] = batchesOf([{ timeUs: 0, from: '192.0.2.1', to: '192.0.2.2', length, payload }]);
  columns!.layers[0]! |= layers;
  columns!.linkType[0] = linkType;
  columns!.tunnelDepth[0] = tunnelDepth;
  return transportHeaderBytes(columns!, 0);
};
const { ethernet, vlan, tcpTimestamps, tcpMss, gre, ipOptions } = LAYER;

it.each([
  ['without options', header(54 + 100, 100, ethernet), 20],
  ['with a SACK block, which the row does not tell of', header(14 + 20 + 52 + 100, 100, ethernet | tcpTimestamps), 52],
  ['behind a VLAN tag', header(18 + 20 + 32 + 100, 100, ethernet | vlan | tcpTimestamps), 32],
  ['of a frame shorter than Ethernet pads', header(54, 0, ethernet), 20],
  ['of a frame that is padded by a word', header(60, 2, ethernet), 20],
  ['of a tagged frame that is padded by a word', header(64, 2, ethernet | vlan), 20],
  ['of a padded frame with an option', header(60, 0, ethernet | tcpMss), 24],
  ['of raw IP', header(20 + 44 + 7, 7, 0, 101), 44],
  ['of a Linux cooked capture', header(16 + 20 + 32 + 7, 7, tcpTimestamps, 113), 32],
  ['in a tunnel: by the options', header(200, 50, ethernet | gre | tcpTimestamps, 1, 1), 32],
  ['beside IP options: by the TCP options', header(200, 100, ethernet | ipOptions, 1), 20],
  ['of an unknown link: by the options', header(200, 100, tcpTimestamps, 147), 32],
  ['with a trailer that no header has room for: by the options', header(54 + 100 + 80, 100, ethernet), 20],
])('TCP header %s', (_, actual, expected) => {
  expect(actual).toBe(expected);
});
