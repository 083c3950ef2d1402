/** Where one flow ends and the next begins: as the corrected CICFlowMeter says, whatever the batches. */
import { describe, expect, it } from 'vitest';
import { exportedFlows, type ExportedFlow } from '../../helpers/exported-flows.ts';
import { batchesOf, FLAG, recut, type TestPacket } from '../../helpers/packets.ts';

const CLIENT = '192.0.2.1';
const SERVER = '198.51.100.2';
const SECOND = 1_000_000;
const BEGIN = 1_500_000_000 * SECOND;

const packet = (
  seconds: number,
  side: 'client' | 'server',
  flags: number,
  more: Partial<TestPacket> = {},
): TestPacket => ({
  timeUs: BEGIN + Math.round(seconds * SECOND),
  from: side === 'client' ? CLIENT : SERVER,
  to: side === 'client' ? SERVER : CLIENT,
  sourcePort: side === 'client' ? 40_000 : 80,
  destinationPort: side === 'client' ? 80 : 40_000,
  flags,
  ...more,
});

/** Source and packets each way of every flow, which must be the same one packet at a time and in one batch. */
function cut(packets: readonly TestPacket[]): string[] {
  const batches = batchesOf(packets);
  const whole = exportedFlows(batches);
  expect(exportedFlows(recut(batches, [1])).lines).toEqual(whole.lines);
  const say = ({ source, forwardPackets, backwardPackets }: ExportedFlow): string =>
    `${source === CLIENT ? 'client' : 'server'} ${forwardPackets!}/${backwardPackets!}`;
  return whole.flows.map(say);
}

const { syn, ack, fin, rst } = FLAG;
const finished = [
  packet(0, 'client', syn),
  packet(0.1, 'server', syn | ack),
  packet(0.2, 'client', ack),
  packet(1, 'client', fin | ack),
  packet(1.1, 'server', fin | ack),
  packet(1.2, 'client', ack),
];

describe('a flow is cut', () => {
  it('not at a FIN: the answers to it belong to the same flow', () => {
    expect(cut(finished)).toEqual(['client 4/2']);
  });

  it('at the SYN that follows FIN, FIN and ACK', () => {
    expect(cut([...finished, packet(2, 'client', syn), packet(2.1, 'server', rst | ack)])).toEqual([
      'client 4/2',
      'client 1/1',
    ]);
  });

  it('at a SYN-ACK after the end, whose receiver then is the one who began', () => {
    expect(cut([...finished, packet(2, 'server', syn | ack), packet(2.1, 'client', ack)])).toEqual([
      'client 4/2',
      'client 1/1',
    ]);
  });

  it('not when one side says FIN twice: both must have said it', () => {
    const twice = [packet(0.3, 'client', fin | ack), packet(0.4, 'client', fin | ack), packet(0.5, 'server', ack)];
    expect(cut([...finished.slice(0, 3), ...twice, packet(2, 'server', syn | ack)])).toEqual(['client 4/3']);
  });

  it('at a SYN after a RST', () => {
    expect(cut([packet(0, 'client', syn), packet(0.1, 'server', rst | ack), packet(0.2, 'client', syn)])).toEqual([
      'client 1/1',
      'client 1/0',
    ]);
  });

  it('not by a RST itself, nor by what follows that is no SYN', () => {
    expect(cut([packet(0, 'client', syn), packet(0.1, 'server', rst), packet(0.2, 'server', rst)])).toEqual([
      'client 1/2',
    ]);
  });

  it('120 s after its first packet, with the direction that the connection had', () => {
    expect(
      cut([
        packet(0, 'client', syn),
        packet(120, 'server', ack),
        packet(120.000_001, 'server', ack),
        packet(121, 'client', ack),
      ]),
    ).toEqual(['client 1/1', 'client 1/1']);
  });

  it('and keeps the direction of a connection that was silent for longer than that', () => {
    const first = [packet(0, 'server', syn | ack), packet(1, 'client', ack)];
    const other = packet(0, 'client', 0, { from: '203.0.113.9' });
    const between = [1000, 1001, 1002].map((seconds) => ({ ...other, timeUs: BEGIN + seconds * SECOND }));
    const flows = exportedFlows(recut(batchesOf([...first, ...between, packet(1500, 'server', ack)]), [1])).flows;
    expect(flows.map(({ source }) => source)).toEqual([CLIENT, '203.0.113.9', CLIENT]);
  });

  const udp = { protocol: 'udp' } as const;
  it('120 s after its first packet also within a dialogue over UDP, which keeps its direction', () => {
    expect(
      cut([
        packet(0, 'client', 0, udp),
        packet(60, 'server', 0, udp),
        packet(130, 'server', 0, udp),
        packet(131, 'client', 0, udp),
      ]),
    ).toEqual(['client 1/1', 'client 1/1']);
  });

  it('by the direction of whoever speaks first after 120 s of silence over UDP', () => {
    expect(cut([packet(0, 'client', 0, udp), packet(120.5, 'server', 0, udp)])).toEqual(['client 1/0', 'server 1/0']);
    expect(cut([packet(0, 'client', 0, udp), packet(300, 'server', 0, udp)])).toEqual(['client 1/0', 'server 1/0']);
  });

  it('at an ICMP message that differs in type and code from the one that began', () => {
    const icmp = (seconds: number, side: 'client' | 'server', type: number, code: number): TestPacket =>
      packet(seconds, side, 0, { protocol: 'icmp', icmp: [type, code], sourcePort: 0, destinationPort: 0 });
    expect(cut([icmp(0, 'client', 8, 0), icmp(1, 'server', 0, 0), icmp(2, 'client', 10, 1)])).toEqual([
      'client 1/1',
      'client 1/0',
    ]);
  });
});

describe('the exporter', () => {
  it('takes the receiver of a SYN-ACK for the one who began when the SYN was not seen', () => {
    expect(cut([packet(0, 'server', syn | ack), packet(0.1, 'client', ack)])).toEqual(['client 1/1']);
  });

  it('counts packets without IP and gives no flow of them', () => {
    const { flows, exporter } = exportedFlows(
      batchesOf([packet(0, 'client', syn), packet(1, 'client', 0, { protocol: 'arp', arp: 1 })]),
    );
    expect({ flows: flows.length, skipped: exporter.skipped }).toEqual({ flows: 1, skipped: 1 });
  });

  it('lets silent flows leave long before the end', () => {
    const packets = Array.from({ length: 3000 }, (_, index) =>
      packet(index, 'client', syn, { sourcePort: 1000 + index }),
    );
    const given: number[] = [];
    const { exporter } = exportedFlows([]);
    expect(exporter.flows).toBe(0);
    for (const batch of recut(batchesOf(packets), [100])) {
      exporter.take(batch);
      given.push(exporter.flows);
    }
    expect(given.every((flows, index) => (index + 1) * 100 - flows < 300)).toBe(true);
    expect(exporter.finish()).toBe(true);
    expect(exporter.flows).toBe(3000);
  });

  it('is not fooled by one packet with a clock of its own', () => {
    const flow = Array.from({ length: 60 }, (_, index) => packet(index, 'client', ack));
    const wrong = packet(400_000_000, 'client', ack, { from: '203.0.113.9' });
    const { flows } = exportedFlows(recut(batchesOf([...flow.slice(0, 30), wrong, ...flow.slice(30)]), [1]));
    expect(flows.find(({ source }) => source === CLIENT)).toMatchObject({ forwardPackets: 60 });
  });

  it('ends the flows that were silent longest when too many are open, and counts them', () => {
    const packets = Array.from({ length: 1000 }, (_, index) =>
      packet(index / 1e3, 'client', syn, { sourcePort: index + 1 }),
    );
    const { flows, exporter } = exportedFlows(recut(batchesOf(packets), [50]), { openMax: 200 });
    expect(flows).toHaveLength(1000);
    expect(exporter.shed).toBeGreaterThan(600);
    expect(flows.slice(0, 20).map(({ sourcePort }) => sourcePort)).toEqual(Array.from({ length: 20 }, (_, n) => n + 1));
  });

  it('gives out at its end a part at a time, so that nobody has to hold all of it', () => {
    const packets = Array.from({ length: 20_000 }, (_, index) =>
      packet(0, 'client', syn, { sourcePort: index % 50_000, to: `198.51.100.${index % 250}` }),
    );
    const { exporter } = exportedFlows([]);
    for (const batch of batchesOf(packets)) exporter.take(batch);
    const parts: number[] = [];
    for (let isOver = false; !isOver;) {
      const before = exporter.flows;
      isOver = exporter.finish();
      parts.push(exporter.flows - before);
    }
    expect(parts.reduce((sum, part) => sum + part, 0)).toBe(20_000);
    expect(Math.max(...parts)).toBeLessThanOrEqual(8192);
  });
});
