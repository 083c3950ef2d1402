/** The source MAC of a row: the frame's, or in ARP the sender's hardware address, which need not be the same. */
import { describe, expect, it } from 'vitest';
import { Decoder } from '@tapline/core/decode/decoder';
import { formatMac } from '@tapline/core/packet/address';
import { allocateColumns, LAYER, QUALITY } from '@tapline/core/packet/columns';

/** ARP reply `192.0.2.1 is-at SENDER` to 192.0.2.2, in a frame from 02:00:00:00:00:66. */
function replyFrom(sender: string): { mac: string; isForeign: boolean; hasMac: boolean } {
  const hex = `020000000020 020000000066 0806 0001 0800 06 04 0002 ${sender} c0000201 020000000020 c0000202`;
  const frame = new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
  const columns = allocateColumns();
  new Decoder().decode(columns, 0, frame, 0, frame.length, frame.length, 0, 0, 1);
  return {
    mac: formatMac(columns.sourceMacHigh[0]!, columns.sourceMacLow[0]!),
    isForeign: (columns.quality[0]! & QUALITY.foreignSender) !== 0,
    hasMac: (columns.layers[0]! & LAYER.mac) !== 0,
  };
}

describe('the source MAC of an ARP message', () => {
  it('is the sender hardware address', () => {
    expect(replyFrom('020000000066')).toEqual({ mac: '02:00:00:00:00:66', isForeign: false, hasMac: true });
  });

  it('is said to be foreign when the frame came from elsewhere', () => {
    expect(replyFrom('020000000001')).toEqual({ mac: '02:00:00:00:00:01', isForeign: true, hasMac: true });
  });
});
