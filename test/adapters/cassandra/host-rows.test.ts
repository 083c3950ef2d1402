/** What each host did in a window, out of its flows. */
import { describe, expect, it } from 'vitest';
import { hostRows } from '@tapline/adapters/cassandra/host-rows';
import type { FlowSlice } from '@tapline/core/kpi/kpi-row';

function slice(flow: number, source: string, destination: string, more: Partial<FlowSlice> = {}): FlowSlice {
  return {
    sensor: 'tap',
    session: 's',
    flow,
    windowStartUs: 0,
    source,
    destination,
    sourcePort: 50_000,
    destinationPort: 443,
    protocol: 'tcp',
    firstUs: 0,
    lastUs: 1,
    packetsForward: 2,
    packetsReverse: 1,
    bytesForward: 200,
    bytesReverse: 1000,
    flagsForward: 0,
    flagsReverse: 0,
    ...more,
  };
}

/** The row of a host as an object, by the names in the statement. */
function rowOf(flows: readonly FlowSlice[], host: string): Record<string, unknown> | undefined {
  const statement = hostRows('tap', 0, flows).get(host);
  if (statement === undefined) return undefined;
  const names = /\(([^)]*)\) VALUES/.exec(statement.cql)![1]!.split(', ');
  return Object.fromEntries(names.map((name, i) => [name, statement.values[i]]));
}

describe('hostRows', () => {
  it('says what a host sent, received, began, and with whom', () => {
    const flows = [
      slice(1, 'a', 'b'),
      slice(2, 'a', 'b', { destinationPort: 80 }),
      slice(3, 'c', 'a', { protocol: 'icmp', sourcePort: 0, destinationPort: 0, bytesReverse: 0, packetsReverse: 0 }),
    ];
    expect(rowOf(flows, 'a')).toMatchObject({
      flows: 3,
      flows_started: 2,
      packets_sent: 4,
      packets_received: 4,
      bytes_sent: 400,
      bytes_received: 2200,
      peers: 2,
      ports_contacted: 2,
      top_peers: [
        { key: 'b', packets: 6, bytes: 2400 },
        { key: 'c', packets: 2, bytes: 200 },
      ],
      top_services: [
        { key: 'tcp/443', packets: 3, bytes: 1200 },
        { key: 'tcp/80', packets: 3, bytes: 1200 },
        { key: 'icmp', packets: 2, bytes: 200 },
      ],
    });
    expect(rowOf(flows, 'b')).toMatchObject({
      flows: 2,
      flows_started: 0,
      packets_sent: 2,
      bytes_received: 400,
      peers: 1,
    });
  });

  it('counts a flow of a host with itself once', () => {
    expect(rowOf([slice(1, 'a', 'a')], 'a')).toMatchObject({
      flows: 1,
      packets_sent: 2,
      packets_received: 1,
      peers: 1,
    });
  });

  it('has no row for packets without addresses', () => {
    expect(hostRows('tap', 0, [slice(0, '', '')]).size).toBe(0);
  });

  it('keeps the hosts with the most bytes and those with the most flows, whatever order the flows come in', () => {
    const flood = Array.from({ length: 3000 }, (_, i) => slice(i, `spoofed-${i}`, 'victim', { bytesReverse: 0 }));
    const scan = Array.from({ length: 50 }, (_, i) =>
      slice(5000 + i, 'scanner', `quiet-${i}`, { bytesForward: 1, bytesReverse: 0 }),
    );
    const flows = [...flood, ...scan];
    const kept = new Set(hostRows('tap', 0, flows).keys());
    expect(kept.has('victim')).toBe(true);
    expect(kept.has('scanner')).toBe(true);
    expect(kept.size).toBeLessThanOrEqual(200);
    expect(new Set(hostRows('tap', 0, flows.toReversed()).keys())).toEqual(kept);
  });
});
