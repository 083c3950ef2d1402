import { describe, expect, test } from 'vitest';
import type { FlowSlice } from '@tapline/core/kpi/kpi-row';
import { PORT_BINS, portBin, portMap } from '@tapline/core/report/host-ports';

const HOST = '10.0.0.5';
let flow = 0;
const slice = (source: string, destination: string, destinationPort: number, packets = 1): FlowSlice =>
  ({
    session: 's',
    flow: ++flow,
    source,
    destination,
    sourcePort: 40_000,
    destinationPort,
    protocol: 'TCP',
    packetsForward: packets,
    packetsReverse: 0,
    bytesForward: packets * 60,
    bytesReverse: 0,
  }) as FlowSlice;

describe('the map of ports', () => {
  test('keeps the order of ports and tells the well-known ones apart', () => {
    const bins = Array.from({ length: 65_536 }, (_, port) => portBin(port));
    expect(bins.every((bin, port) => bin >= (bins[port - 1] ?? 0) && bin < PORT_BINS)).toBe(true);
    expect(new Set([22, 53, 80, 110, 143, 443, 3389, 8080].map(portBin)).size).toBe(8);
    expect(portBin(1023)).toBe(PORT_BINS / 4 - 1);
    expect([portBin(0), portBin(65_535)]).toEqual([0, PORT_BINS - 1]);
  });

  test('shows a scan as a line along one row', () => {
    const scan = Array.from({ length: 1000 }, (_, index) => slice(HOST, '10.0.0.9', 1 + index));
    const { rows, cells } = portMap(HOST, scan);
    expect(rows).toEqual([{ host: '10.0.0.9', hosts: 1, ports: 1000, flows: 1000, packets: 1000, bytes: 60_000 }]);
    expect(cells.map(({ bin }) => bin)).toEqual([...new Set(Array.from({ length: 1000 }, (_, at) => portBin(1 + at)))]);
    expect(cells.reduce((sum, { ports }) => sum + ports, 0)).toBe(1000);
  });

  test('shows a sweep as a line down one column, and counts whom it folds', () => {
    const sweep = Array.from({ length: 254 }, (_, index) => slice(HOST, `10.0.1.${index + 1}`, 445));
    const { rows, cells } = portMap(HOST, sweep);
    expect(new Set(cells.map(({ bin }) => bin))).toEqual(new Set([portBin(445)]));
    expect(rows.length).toBe(23);
    expect(rows.at(-1)).toMatchObject({ host: null, hosts: 232, ports: 1, flows: 232 });
  });

  test('shows a flood as one cell, on the host’s own row, which is the first', () => {
    const flood = Array.from({ length: 500 }, (_, index) => slice(`11.0.${index >> 8}.${index & 255}`, HOST, 80, 100));
    const { rows, cells } = portMap(HOST, [slice(HOST, '10.0.0.1', 53, 1e6), ...flood]);
    expect(rows.map(({ host }) => host)).toEqual([HOST, '10.0.0.1']);
    expect(cells[0]).toMatchObject({ row: 0, fromPort: 80, toPort: 80, ports: 1, flows: 500, packets: 50_000 });
    expect(cells.length).toBe(2);
  });

  test('counts a flow once however many slices it has, and leaves off what has no port', () => {
    const one = slice(HOST, '10.0.0.9', 443, 3);
    const echo = slice(HOST, '10.0.0.9', 0, 5);
    const { rows, flowsWithoutPorts } = portMap(HOST, [one, one, echo, echo]);
    expect(rows).toEqual([{ host: '10.0.0.9', hosts: 1, ports: 1, flows: 1, packets: 6, bytes: 360 }]);
    expect(flowsWithoutPorts).toBe(1);
  });
});
