/** Flows: who belongs together, when a generation ends, and what happens when the table is full. */
import fc from 'fast-check';
import { Decoder } from '@tapline/core/decode/decoder';
import { FlowTable, OTHER_IDLE_SECONDS, TCP_IDLE_SECONDS } from '@tapline/core/decode/flow-table';
import { ADDRESS_TYPE, allocateColumns, LAYER } from '@tapline/core/packet/columns';
import type { PacketColumns } from '@tapline/core/packet/columns';
import { describe, expect, it } from 'vitest';
import { FRAMES } from '../../fixtures/decode-frames.ts';

interface Packet {
  readonly from: number;
  readonly to: number;
  readonly fromPort?: number;
  readonly toPort?: number;
  readonly protocol?: number;
  readonly flags?: number;
  readonly second?: number;
  /** First word of both addresses; makes it an IPv6 packet. */
  readonly prefix?: number;
}

const SYN = 0x02;
const RST = 0x04;
const ACK = 0x10;
const FIN_ACK = 0x11;

/** `flow/direction` of each packet. */
function assign(packets: readonly Packet[], table = new FlowTable({ capacity: 1024 })): string[] {
  const columns = allocateColumns();
  return packets.map((packet, row) => {
    write(columns, row, packet);
    table.assign(columns, row);
    return `${columns.flow[row]!}/${columns.direction[row]!}`;
  });
}

function write(columns: PacketColumns, row: number, packet: Packet): void {
  const protocol = packet.protocol ?? 6;
  const isIpv6 = packet.prefix !== undefined;
  const upper = isIpv6 ? [packet.prefix, 0, 0xffff] : [0, 0, 0xffff];
  columns.addressType[row] = isIpv6 ? ADDRESS_TYPE.ipv6 : ADDRESS_TYPE.ipv4;
  columns.layers[row] = LAYER.ipv4 | LAYER.ip | LAYER.addresses | (packet.fromPort === undefined ? 0 : LAYER.ports);
  columns.source.set([...upper, packet.from], row * 4);
  columns.destination.set([...upper, packet.to], row * 4);
  columns.sourcePort[row] = packet.fromPort ?? 0;
  columns.destinationPort[row] = packet.toPort ?? 0;
  columns.ipProtocol[row] = protocol;
  columns.tcpFlags[row] = packet.flags ?? (protocol === 6 ? ACK : 0);
  columns.timeUs[row] = (packet.second ?? 0) * 1_000_000;
}

const there = (rest: Partial<Packet> = {}): Packet => ({ from: 1, to: 2, fromPort: 1000, toPort: 80, ...rest });
const back = (rest: Partial<Packet> = {}): Packet => ({ from: 2, to: 1, fromPort: 80, toPort: 1000, ...rest });

describe('a flow', () => {
  it('is both directions of the same ports, and direction 0 is that of its first packet', () => {
    expect(assign([there(), back(), there()])).toEqual(['1/0', '1/1', '1/0']);
    expect(assign([back(), there()])).toEqual(['1/0', '1/1']);
  });

  it('is another one for another port, address or protocol', () => {
    const others = [there(), there({ toPort: 81 }), there({ from: 3 }), there({ protocol: 17 })];
    expect(assign(others)).toEqual(['1/0', '2/0', '3/0', '4/0']);
  });

  it('of IPv6 is told by all 128 bits, and apart from IPv4 with the same last ones', () => {
    const prefixes = [there({ prefix: 1 }), there({ prefix: 2 }), there({ prefix: 0 }), there(), back({ prefix: 1 })];
    expect(assign(prefixes)).toEqual(['1/0', '2/0', '3/0', '4/0', '1/1']);
  });

  it('between one host and itself tells directions by port', () => {
    const self = { from: 7, to: 7 };
    expect(assign([there(self), { ...back(), ...self }])).toEqual(['1/0', '1/1']);
  });

  it('is 0 for packets without network addresses', () => {
    const columns = allocateColumns();
    new Decoder().decode(columns, 0, FRAMES.stp, 0, 60, 60, 0, 0, 1);
    new FlowTable({ capacity: 2 }).assign(columns, 0);
    expect(columns.flow[0]).toBe(0);
  });

  it('of later fragments, of ARP and of ICMP errors is apart from the flow they belong to', () => {
    const columns = allocateColumns();
    const table = new FlowTable({ capacity: 64 });
    const frames = [
      FRAMES.firstFragment,
      FRAMES.laterFragment,
      FRAMES.icmpEcho,
      FRAMES.icmpUnreachable,
      FRAMES.arpRequest,
    ];
    frames.forEach((frame, row) => {
      new Decoder().decode(columns, row, frame, 0, frame.length, frame.length, 0, 0, 1);
      table.assign(columns, row);
    });
    expect([...columns.flow.subarray(0, 5)]).toEqual([1, 2, 3, 4, 5]);
  });
});

describe('a generation of a flow', () => {
  it('ends when a connection that was closed or reset begins anew', () => {
    const closed = [
      there({ flags: SYN }),
      there({ flags: FIN_ACK }),
      back({ flags: FIN_ACK }),
      there(),
      there({ flags: SYN }),
    ];
    expect(assign(closed)).toEqual(['1/0', '1/0', '1/1', '1/0', '2/0']);
    expect(assign([there({ flags: SYN }), back({ flags: RST }), back({ flags: SYN })])).toEqual(['1/0', '1/1', '2/0']);
  });

  it('does not end by a repeated SYN, nor by a SYN-ACK after the reset', () => {
    expect(assign([there({ flags: SYN }), there({ flags: SYN })])).toEqual(['1/0', '1/0']);
    expect(assign([there({ flags: RST }), back({ flags: SYN | ACK })])).toEqual(['1/0', '1/1']);
  });

  it('ends after silence in event time: hours for TCP, minutes for the rest', () => {
    const tcp = [there(), there({ second: TCP_IDLE_SECONDS }), there({ second: 2 * TCP_IDLE_SECONDS + 1 })];
    expect(assign(tcp)).toEqual(['1/0', '1/0', '2/0']);
    const tcp6 = tcp.map((packet) => ({ ...packet, prefix: 1 }));
    expect(assign(tcp6)).toEqual(['1/0', '1/0', '2/0']);
    const udp = { protocol: 17 };
    const later = there({ ...udp, second: 2 * OTHER_IDLE_SECONDS + 1 });
    expect(assign([there(udp), there({ ...udp, second: OTHER_IDLE_SECONDS }), later])).toEqual(['1/0', '1/0', '2/0']);
  });

  it('does not end because a packet comes with an earlier time', () => {
    const udp = { protocol: 17 };
    const packets = [there({ ...udp, second: 1e6 }), there({ ...udp, second: 0 }), there({ ...udp, second: 1e6 + 60 })];
    expect(assign(packets)).toEqual(['1/0', '1/0', '1/0']);
  });
});

describe('a full table', () => {
  it('forgets flows of one packet before flows that are in use, and counts what it forgot', () => {
    const table = new FlowTable({ capacity: 8 });
    const busy = Array.from({ length: 4 }, (_, port) => there({ toPort: port }));
    const flood = Array.from({ length: 4 }, (_, from) => there({ from: from + 10 }));
    const packets = [...busy, ...busy, ...flood, there({ from: 99 }), ...busy];
    expect(assign(packets, table).slice(-4)).toEqual(['1/0', '2/0', '3/0', '4/0']);
    expect([table.evicted, table.flows]).toEqual([1, 9]);
  });

  it('still finds everything it kept, in any order of packets', () => {
    const packet = fc.record({ from: fc.nat(5), to: fc.nat(5), fromPort: fc.nat(3), toPort: fc.nat(3) });
    fc.assert(
      fc.property(fc.array(packet, { maxLength: 300 }), fc.nat(), (packets, seed) => {
        const small = new FlowTable({ capacity: 16, seed });
        assign(packets, small);
        const kept = small.flows - small.evicted;
        expect(kept).toBeLessThanOrEqual(16);
        expect(assign(packets, new FlowTable({ capacity: 1024, seed }))).toEqual(reference(packets));
      }),
    );
  });

  it('takes any number of flows, and forgets exactly those that do not fit', () => {
    const table = new FlowTable({ capacity: 256 });
    const packets = Array.from({ length: 4096 }, (_, port) => there({ fromPort: port, toPort: port + 1 }));
    expect(new Set(assign(packets, table)).size).toBe(4096);
    expect(table.evicted).toBe(4096 - 256);
  });

  it('gives the same numbers for the same packets whatever the seed', () => {
    const packets = Array.from({ length: 500 }, (_, index) => there({ fromPort: index % 50, toPort: index % 7 }));
    const numbers = [1, 2, 0x7fffffff].map((seed) => assign(packets, new FlowTable({ capacity: 1024, seed })));
    expect(numbers[1]).toEqual(numbers[0]);
    expect(numbers[2]).toEqual(numbers[0]);
  });
});

/** The same without bounds or time: a Map by sorted ends. */
function reference(packets: readonly Packet[]): string[] {
  const flows = new Map<string, { number: number; first: string }>();
  return packets.map((packet) => {
    const ends = [`${packet.from}:${packet.fromPort!}`, `${packet.to}:${packet.toPort!}`];
    const key = ends.toSorted().join(' ');
    const flow = flows.get(key) ?? { number: flows.size + 1, first: ends[0]! };
    flows.set(key, flow);
    return `${flow.number}/${flow.first === ends[0] ? 0 : 1}`;
  });
}
