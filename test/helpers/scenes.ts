/** Scenes of packets for detector tests: what attackers and ordinary hosts do, each a few lines. Times in microseconds. */
import { FLAG, type TestPacket } from './packets.ts';

export const MS = 1000;
export const SECOND = 1_000_000;

export const VICTIM = '198.51.100.7';
export const SCANNER = '203.0.113.66';

/** Something that happens every `everyUs` from `fromUs`, `times` times. */
export function repeat(
  times: number,
  fromUs: number,
  everyUs: number,
  make: (index: number, timeUs: number) => readonly TestPacket[],
): TestPacket[] {
  return Array.from({ length: times }, (_, index) => make(index, fromUs + index * everyUs)).flat();
}

interface Connection {
  readonly from: string;
  readonly to: string;
  readonly sourcePort: number;
  readonly port: number;
}

/** A connection request and nothing else. */
export function request(timeUs: number, { from, to, sourcePort, port }: Connection): TestPacket[] {
  return [{ timeUs, from, to, sourcePort, destinationPort: port, flags: FLAG.syn }];
}

/** A request that is refused. */
export function refusal(timeUs: number, connection: Connection): TestPacket[] {
  return [...request(timeUs, connection), ...back(timeUs + 1, connection, FLAG.rst | FLAG.ack)];
}

/** A request that is accepted and never completed. */
export function halfOpen(timeUs: number, connection: Connection): TestPacket[] {
  return [...request(timeUs, connection), ...back(timeUs + 1, connection, FLAG.syn | FLAG.ack)];
}

/** A whole connection with data both ways. */
export function conversation(timeUs: number, connection: Connection): TestPacket[] {
  const { from, to, sourcePort, port } = connection;
  const forth = (after: number, flags: number, payload = 0): TestPacket => ({
    timeUs: timeUs + after,
    from,
    to,
    sourcePort,
    destinationPort: port,
    flags,
    payload,
  });
  return [
    ...halfOpen(timeUs, connection),
    forth(2, FLAG.ack),
    forth(3, FLAG.psh | FLAG.ack, 300),
    ...back(timeUs + 4, connection, FLAG.psh | FLAG.ack, 900),
    forth(5, FLAG.fin | FLAG.ack),
    ...back(timeUs + 6, connection, FLAG.fin | FLAG.ack),
    forth(7, FLAG.ack),
  ];
}

function back(timeUs: number, { from, to, sourcePort, port }: Connection, flags: number, payload = 0): TestPacket[] {
  return [{ timeUs, from: to, to: from, sourcePort: port, destinationPort: sourcePort, flags, payload }];
}

/** Ordinary clients of a web server: 20 conversations a second. */
export function webClients(fromUs: number, seconds: number): TestPacket[] {
  return repeat(20 * seconds, fromUs, 50 * MS, (index, timeUs) =>
    conversation(timeUs, { from: `192.0.2.${1 + (index % 40)}`, to: VICTIM, sourcePort: 30_000 + index, port: 80 }),
  );
}

/** In time order, as a sensor sees it. */
export function merge(...scenes: readonly (readonly TestPacket[])[]): TestPacket[] {
  return scenes.flat().sort((a, b) => a.timeUs - b.timeUs);
}
