/** Exports by seeded filters, each compared with what the real tcpdump selects from the same capture. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { PacketFilter } from '@tapline/core/detect/alert';
import { formatAddress } from '@tapline/core/packet/address';
import { ADDRESS_TYPE, LAYER } from '@tapline/core/packet/columns';
import { CaptureReader } from '@tapline/core/pcap/capture-reader';
import { ColumnsSink } from '@tapline/capture-agent/columns-sink';
import { exportPackets } from '@tapline/embedded/export/export-packets';
import { bundledCapture } from '../../helpers/bundled-capture.ts';
import { readCapture } from '../../helpers/frames.ts';
import { recordCapture } from '../../helpers/recording.ts';
import { TCPDUMP } from '../../helpers/tcpdump.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { tcpdumpFrames } from '../../helpers/tshark-frames.ts';

const SEEDED_FILTERS = 50;
const capture = bundledCapture();

/** A filter that some packet of the capture matches, and the same for tcpdump. */
interface SeededFilter {
  readonly filter: PacketFilter;
  readonly expression: string;
}

function seededFilters(packets: number): SeededFilter[] {
  let state = 20_261_124;
  const next = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const rows = new Set(Array.from({ length: SEEDED_FILTERS }, () => next(packets)));
  const found: SeededFilter[] = [];
  let first = 0;
  const sink = new ColumnsSink((columns) => {
    for (let row = 0; row < columns.count; row++) {
      const type = columns.addressType[row]!;
      if (!rows.has(first + row) || (type !== ADDRESS_TYPE.ipv4 && type !== ADDRESS_TYPE.ipv6)) continue;
      const layers = columns.layers[row]!;
      const names = [
        [LAYER.tcp, 'tcp', 'tcp'],
        [LAYER.udp, 'udp', 'udp'],
        [LAYER.icmp, 'icmp', 'icmp'],
        [LAYER.icmpv6, 'ipv6-icmp', '(icmp6 or (ip6[6] == 0 and ip6[40] == 58))'],
        [LAYER.arp, 'arp', 'arp'],
      ] as const;
      const name = names.find(([layer]) => (layers & layer) !== 0);
      const host = formatAddress(columns.source, row, type);
      const peer = formatAddress(columns.destination, row, type);
      const kind = next(5);
      const filter: { -readonly [K in keyof PacketFilter]: PacketFilter[K] } = { fromUs: -Infinity, toUs: Infinity };
      const terms: string[] = [];
      if (kind !== 1) {
        filter.host = host;
        terms.push(`host ${host}`);
      }
      if (kind === 2) {
        filter.peer = peer;
        terms.push(`host ${peer}`);
      }
      if (kind <= 2 && (layers & LAYER.ports) !== 0) {
        filter.port = columns.destinationPort[row]!;
        terms.push(`port ${filter.port}`);
      }
      if (kind >= 3 && name !== undefined) {
        filter.protocol = name[1];
        terms.push(name[2]);
      }
      if (kind === 4) {
        filter.fromUs = columns.timeUs[row]!;
        filter.toUs = filter.fromUs + 1e6 * (1 + next(60));
      }
      found.push({ filter, expression: terms.join(' and ') });
    }
    first += columns.count;
  });
  const reader = new CaptureReader(sink);
  reader.feed(capture);
  sink.flush();
  return found.filter(({ expression }) => expression !== '');
}

describe.skipIf(!TCPDUMP)('a filter by host, peer, port, protocol and time', () => {
  const folder = temporaryFolder();

  it('selects what tcpdump selects, asked itself or through --filter', { timeout: 120_000 }, async () => {
    const record = join(folder, 'record');
    const output = join(folder, 'out');
    const plain = join(folder, 'bundled.pcap');
    writeFileSync(plain, capture);
    const { packets } = recordCapture(record, { source: capture });
    const filters = seededFilters(packets);
    expect(filters.length).toBeGreaterThan(SEEDED_FILTERS - 5);
    const where = { record: { sensor: 's', folder: join(record, 's') }, format: 'pcapng', output } as const;
    const { signal } = new AbortController();
    for (const { filter, expression } of filters) {
      const { fromUs, toUs } = filter;
      const expected = tcpdumpFrames(plain, expression).filter(({ timeUs }) => timeUs >= fromUs && timeUs < toUs);
      for (const way of [{ filters: [filter] }, { filters: [{ fromUs, toUs }], expression }]) {
        const result = await exportPackets({ ...where, ...way }, signal, () => undefined);
        expect(result, expression).toMatchObject({ packets: expected.length, missing: [], interrupted: false });
        expect(readCapture(readFileSync(output)).frames, expression).toEqual(expected);
      }
    }
  });
});
