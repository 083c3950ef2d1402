import { describe, expect, it } from 'vitest';
import { FlowTable } from '@tapline/core/decode/flow-table';
import { identityOf, statisticsOf } from '@tapline/core/flow-statistics/cicflowmeter';
import { FlowExport } from '@tapline/core/flow-statistics/flow-export';
import { ADDRESS_TYPE, allocateColumns, LAYER, type PacketColumns } from '@tapline/core/packet/columns';

const CLIENT = 0xc0a8_0a05;
const SERVER = 0x68_10_cf_a5;
const [FIN, SYN, RST, ACK] = [1, 2, 4, 16];

interface Packet {
  readonly second: number;
  readonly flags?: number;
  readonly back?: boolean;
  readonly protocol?: number;
  readonly port?: number;
}

function columnsOf(packets: readonly Packet[], flows = new FlowTable()): PacketColumns {
  const columns = allocateColumns();
  packets.forEach(({ second, flags = ACK, back = false, protocol = 6, port = 50_000 }, row) => {
    columns.timeUs[row] = second * 1e6;
    columns.layers[row] =
      LAYER.ip | LAYER.ipv4 | LAYER.addresses | LAYER.ports | (protocol === 6 ? LAYER.tcp : LAYER.udp);
    columns.addressType[row] = ADDRESS_TYPE.ipv4;
    columns.ipProtocol[row] = protocol;
    columns.source.set([0, 0, 0xffff, back ? SERVER : CLIENT], 4 * row);
    columns.destination.set([0, 0, 0xffff, back ? CLIENT : SERVER], 4 * row);
    columns.sourcePort[row] = back ? 443 : port;
    columns.destinationPort[row] = back ? port : 443;
    columns.tcpFlags[row] = protocol === 6 ? flags : 0;
    flows.assign(columns, row);
    columns.count = row + 1;
  });
  return columns;
}

/** Source and packets each way of the flows, as they are handed on. */
function exported(packets: readonly Packet[], batches = 1, capacity = 1024): string[] {
  const rows: string[] = [];
  const flowExport = new FlowExport((flow, table, row) => {
    const [, forward, backward] = statisticsOf(table, row);
    const source = identityOf(flow, 0)[1]!;
    rows.push(`${source === '192.168.10.5' ? 'client' : 'server'} ${forward}/${backward}`);
  }, capacity);
  const table = new FlowTable();
  const size = Math.ceil(packets.length / batches);
  for (let at = 0; at < packets.length; at += size) flowExport.add(columnsOf(packets.slice(at, at + size), table));
  flowExport.end();
  return rows;
}

describe.each([1, 2, 4])('the flow export over %i batches', (batches) => {
  it('cuts a connection 120 s after its first packet and keeps its directions', () => {
    const packets = [{ second: 0, flags: SYN }, { second: 120 }, { second: 121, back: true }, { second: 122 }];
    expect(exported(packets, batches)).toEqual(['client 2/0', 'client 1/1']);
  });

  it('ends a connection after FIN, FIN, ACK, and the next SYN begins another', () => {
    const end = [{ second: 1, flags: FIN | ACK }, { second: 2, flags: FIN | ACK, back: true }, { second: 3 }];
    expect(exported([{ second: 0, flags: SYN }, ...end, { second: 4, flags: SYN }], batches)).toEqual([
      'client 3/1',
      'client 1/0',
    ]);
  });

  it('keeps what follows a reset until the next SYN', () => {
    const packets = [{ second: 0, flags: SYN }, { second: 1, flags: RST, back: true }, { second: 2 }];
    expect(exported([...packets, { second: 3, flags: SYN }], batches)).toEqual(['client 2/1', 'client 1/0']);
  });

  it('turns a connection round that is first seen with its SYN-ACK', () => {
    expect(exported([{ second: 0, flags: SYN | ACK, back: true }, { second: 1 }], batches)).toEqual(['client 1/1']);
  });

  it('keeps the directions of a dialogue over UDP unless it was silent for 120 s', () => {
    const udp = (second: number, back = false): Packet => ({ second, back, protocol: 17 });
    expect(exported([udp(0), udp(100), udp(150, true)], batches)).toEqual(['client 2/0', 'client 0/1']);
    expect(exported([udp(0), udp(200, true)], batches)).toEqual(['client 1/0', 'server 1/0']);
  });
});

describe('the flow export', () => {
  it('orders the addresses of an id as the tool does: by bytes taken as signed', () => {
    const words = (word: number): Uint32Array => Uint32Array.of(0, 0, 0xffff, word);
    const flow = { addressType: 4, sourcePort: 443, destinationPort: 54_865, ipProtocol: 6 };
    const [id, source] = identityOf({ ...flow, source: words(SERVER), destination: words(CLIENT) }, 0);
    expect([id, source]).toEqual(['192.168.10.5-104.16.207.165-54865-443-6', '104.16.207.165']);
  });

  it('hands on the least recently used flow when there are too many, and counts it', () => {
    const counted = new FlowExport(() => undefined, 2);
    for (const port of [1, 2, 3]) counted.add(columnsOf([{ second: 0, port }], tableAfter(port)));
    counted.end();
    expect([counted.flows, counted.evicted]).toEqual([3, 1]);
  });
});

/** A flow table that has numbered flows before, so that numbers differ. */
function tableAfter(flows: number): FlowTable {
  const table = new FlowTable();
  for (let port = 100; port < 100 + flows; port++) columnsOf([{ second: 0, port }], table);
  return table;
}
