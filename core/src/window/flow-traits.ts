/** What one flow's counts say about it: who began it, whether it was answered, whether it is a probe no stack would send. */
import { isReflectorPort } from './reflector-ports.ts';
import { NOT_IP, PROTOCOL_ARP, type FlowRecords } from './flow-records.ts';

export const IP_PROTOCOL = { icmp: 1, tcp: 6, udp: 17, icmpv6: 58 } as const;

const FIN = 1;
const RST = 4;
const ACK = 16;
const XMAS = FIN | 8 | 32;
/** A probe is short; more packets of odd flags are a broken stack, not a scan. */
const PROBE_PACKETS = 3;
const FIRST_UNPRIVILEGED_PORT = 1024;

/**
 * The side (0 forward, 1 reverse) that began the flow. The first captured packet may be the answer (a capture that begins
 * late, or sees one direction only), so a SYN or SYN-ACK decides before it; without either, a service port does: of UDP
 * also those services above 1023 that answers are reflected from.
 */
export function initiatorSide(table: FlowRecords, row: number): 0 | 1 {
  const forward = 2 * row;
  const reverse = forward + 1;
  if (table.opens[forward]! > 0) return 0;
  if (table.opens[reverse]! > 0 || table.accepts[forward]! > 0) return 1;
  if (table.accepts[reverse]! > 0) return 0;
  const source = table.sourcePort[row]!;
  const destination = table.destinationPort[row]!;
  if (table.protocol[row] === IP_PROTOCOL.udp && isReflectorPort(source) !== isReflectorPort(destination)) {
    return isReflectorPort(source) ? 1 : 0;
  }
  const fromService = source > 0 && source < FIRST_UNPRIVILEGED_PORT;
  return fromService && destination >= FIRST_UNPRIVILEGED_PORT ? 1 : 0;
}

/** The initiator sent more than opening and refusing packets: for TCP, the three-way handshake was completed. */
export function isCompleted(table: FlowRecords, row: number, initiator: 0 | 1): boolean {
  const at = 2 * row + initiator;
  return table.packets[at]! > table.opens[at]! + table.refusals[at]!;
}

/** TCP: one side said that it is done, or broke off. */
export function isEnded(table: FlowRecords, row: number): boolean {
  return ((table.flags[2 * row]! | table.flags[2 * row + 1]!) & (FIN | RST)) !== 0;
}

/** TCP: connection requests of which none was completed (RFC 4987 calls the responder's side a half-open connection). */
export function isHalfOpen(table: FlowRecords, row: number, initiator: 0 | 1): boolean {
  return (
    table.protocol[row] === IP_PROTOCOL.tcp &&
    table.opens[2 * row + initiator]! > 0 &&
    !isCompleted(table, row, initiator)
  );
}

/**
 * The initiator asked and got no, or nothing: TCP SYN answered by RST or silence, UDP without any reply, ICMP echo or
 * ARP request without reply.
 */
export function isFailedContact(table: FlowRecords, row: number, initiator: 0 | 1): boolean {
  const asked = 2 * row + initiator;
  const answered = 2 * row + 1 - initiator;
  switch (table.protocol[row]!) {
    case IP_PROTOCOL.tcp:
      // A request that goes on without an answer in sight is a capture of one direction, not a failure.
      return (
        table.opens[asked]! > 0 &&
        table.packets[answered] === table.refusals[answered] &&
        !isCompleted(table, row, initiator)
      );
    case IP_PROTOCOL.udp:
      return table.packets[asked]! > 0 && table.packets[answered] === 0;
    case IP_PROTOCOL.icmp:
    case IP_PROTOCOL.icmpv6:
    case PROTOCOL_ARP:
      return table.opens[asked]! > 0 && table.packets[answered] === 0;
    default:
      return false;
  }
}

/** Whether the contact got an answer that shows a living service or host. */
export function isAnswered(table: FlowRecords, row: number, initiator: 0 | 1): boolean {
  const answered = 2 * row + 1 - initiator;
  return table.packets[answered]! > table.refusals[answered]!;
}

/**
 * A TCP probe without SYN, as scanners send to see how a port reacts: NULL, FIN, Xmas (RFC 9293 3.10.7 makes a closed port
 * answer with RST, an open one with nothing), or a lone ACK that was answered by RST.
 */
export function isIllegalProbe(table: FlowRecords, row: number): boolean {
  const forward = 2 * row;
  if (table.protocol[row] !== IP_PROTOCOL.tcp || table.packets[forward]! > PROBE_PACKETS) return false;
  if (table.packets[forward] === 0 || table.payload[forward]! > 0) return false;
  if (table.packets[forward + 1]! !== table.refusals[forward + 1]!) return false;
  const flags = table.flags[forward]!;
  if (flags === 0 || flags === FIN || flags === XMAS) return true;
  return flags === ACK && table.refusals[forward + 1]! > 0;
}

/** Whether the address at `at` is one host: not multicast, broadcast, unspecified. IPv4 subnet broadcast by its last octet. */
export function isUnicast(words: Uint32Array, at: number): boolean {
  const last = words[at + 3]!;
  if (words[at] === 0 && words[at + 1] === 0 && words[at + 2] === 0xffff) {
    return last >>> 28 < 0xe && last !== 0 && (last & 0xff) !== 0xff;
  }
  return words[at]! >>> 24 !== 0xff && (words[at]! | words[at + 1]! | words[at + 2]! | last) !== 0;
}

/** Whether the code is an IP protocol number. */
export function isIpProtocol(protocol: number): boolean {
  return protocol < NOT_IP;
}
