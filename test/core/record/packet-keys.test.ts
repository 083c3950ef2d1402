/** The filter of a stretch: never "no" for what is in it, seldom "perhaps" for what is not. */
import { describe, expect, it } from 'vitest';
import type { PacketFilter } from '@tapline/core/detect/alert';
import { ColumnsSink } from '@tapline/capture-agent/columns-sink';
import { CaptureReader } from '@tapline/core/pcap/capture-reader';
import { formatAddress } from '@tapline/core/packet/address';
import { LAYER, type PacketColumns } from '@tapline/core/packet/columns';
import { protocolName } from '@tapline/core/packet/names';
import { ANY_KEYS, keysOfFilter, mayHold, PacketKeys } from '@tapline/core/record/packet-keys';
import { bundledCapture } from '../../helpers/bundled-capture.ts';

/** Calls `see` with each batch of the bundled capture and the filter of it alone. */
function eachBatch(see: (columns: PacketColumns, bits: Uint8Array) => void): void {
  const keys = new PacketKeys();
  const sink = new ColumnsSink((columns) => {
    keys.add(columns);
    see(columns, keys.take());
  });
  const reader = new CaptureReader(sink);
  reader.feed(bundledCapture());
  sink.flush();
}

const time = { fromUs: -Infinity, toUs: Infinity };
const holds = (bits: Uint8Array, filter: Partial<PacketFilter>): boolean =>
  mayHold(bits, keysOfFilter({ ...time, ...filter }));

describe('the keys of a batch', () => {
  it('have every address, port and protocol of its rows, together too', () => {
    let rows = 0;
    eachBatch((columns, bits) => {
      for (let row = 0; row < columns.count; row++) {
        const type = columns.addressType[row]!;
        const host = formatAddress(columns.source, row, type);
        const peer = formatAddress(columns.destination, row, type);
        const protocol = protocolName(columns, row).toLowerCase();
        const ports = (columns.layers[row]! & LAYER.ports) !== 0 ? { port: columns.destinationPort[row]! } : {};
        if (!holds(bits, { host, peer, protocol, ...ports })) throw new Error(`row ${row} is not in its own keys`);
        rows++;
      }
    });
    expect(rows).toBe(87_542);
  });

  it('seldom have what is not there, a flood from thousands of sources included, and stay small', () => {
    let [asked, wrong] = [0, 0];
    eachBatch((_columns, bits) => {
      expect(bits.length).toBeLessThanOrEqual(8192);
      for (let number = 0; number < 250; number++) {
        asked++;
        if (holds(bits, { host: `10.77.${number}.1` })) wrong++;
      }
    });
    expect(wrong / asked).toBeLessThan(0.05);
  });

  it('of nothing hold nothing, and those of what is not known hold anything', () => {
    const none = new PacketKeys().take();
    expect(holds(none, { port: 80 })).toBe(false);
    expect(holds(none, {})).toBe(true);
    expect(holds(ANY_KEYS, { host: '192.0.2.1', port: 80, protocol: 'tcp' })).toBe(true);
  });

  it('are not used for protocols that have no number', () => {
    expect(keysOfFilter({ ...time, protocol: 'lldp' })).toEqual([]);
    expect(keysOfFilter({ ...time, protocol: 'icmp6' })).toEqual(keysOfFilter({ ...time, protocol: 'IPv6-ICMP' }));
    expect(keysOfFilter({ ...time, protocol: 'arp' })).toHaveLength(1);
  });
});
