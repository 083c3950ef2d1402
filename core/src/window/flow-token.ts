/**
 * What kind a flow is of, as one small number: its protocol, how many bytes it carried (by powers of two, both directions)
 * and what kind of port it went to. The alphabet is fixed, so counts of tokens need no bound and fold nothing but what the
 * classes put together. After the tokens of Radford et al. (arXiv 1803.10769: protocol and floor(log2 bytes), and the lower
 * port), made one token of both.
 */
import { PROTOCOL_ARP } from './flow-records.ts';
import { IP_PROTOCOL, isIpProtocol } from './flow-traits.ts';

const PROTOCOL_CLASSES = ['tcp', 'udp', 'icmp', 'icmpv6', 'arp', 'other IP', 'not IP'] as const;
/** The first size class is below 2^6 bytes, each further one twice as large, the last one from 2^28 bytes on. */
const SIZE_CLASSES = 24;
const FIRST_SIZE_BITS = 5;

/**
 * Kinds of ports by what is behind them; those in no list by the ranges of RFC 6335. Only services that speak unlike the
 * rest of their range have a class of their own.
 */
const PORT_CLASSES: readonly { readonly name: string; readonly ports: readonly number[] }[] = [
  { name: 'no port', ports: [] },
  { name: 'a web port', ports: [80, 443, 8000, 8008, 8080, 8443] },
  { name: 'a name service', ports: [53, 137, 853, 5353, 5355] },
  { name: 'a log-in port', ports: [22, 23, 3389, 5900, 5985, 5986] },
  { name: 'a file service', ports: [20, 21, 69, 139, 445, 873, 2049] },
  { name: 'a mail port', ports: [25, 110, 143, 465, 587, 993, 995] },
  { name: 'a database', ports: [1433, 1521, 3306, 5432, 6379, 9042, 9200, 11_211, 27_017] },
  { name: 'a directory service', ports: [88, 135, 389, 464, 636, 3268, 3269] },
  { name: 'a network service', ports: [67, 68, 123, 161, 162, 514, 546, 547, 1900, 3702] },
  { name: 'another well-known port', ports: [] },
  { name: 'a registered port', ports: [] },
  { name: 'a dynamic port', ports: [] },
];
const [NO_PORT, WELL_KNOWN, REGISTERED, DYNAMIC] = [0, 9, 10, 11];

const PORT_CLASS = new Uint8Array(65_536)
  .fill(WELL_KNOWN, 1, 1024)
  .fill(REGISTERED, 1024, 49_152)
  .fill(DYNAMIC, 49_152);
PORT_CLASS[0] = NO_PORT;
PORT_CLASSES.forEach(({ ports }, place) => {
  for (const port of ports) PORT_CLASS[port] = place;
});

/** Tokens there are. Their numbers stand in stored histories: a change of the classes is a new version of those. */
export const FLOW_TOKENS = PROTOCOL_CLASSES.length * SIZE_CLASSES * PORT_CLASSES.length;

/**
 * @param protocol FlowRecords protocol code
 * @param bytes of both directions together, on the wire
 * @param port of the responder
 */
export function flowToken(protocol: number, bytes: number, port: number): number {
  return (protocolClass(protocol) * SIZE_CLASSES + sizeClass(bytes)) * PORT_CLASSES.length + PORT_CLASS[port & 0xffff]!;
}

/** `tcp, 16 to 32 KiB, to a database`. */
export function tokenText(token: number): string {
  const port = token % PORT_CLASSES.length;
  const size = Math.floor(token / PORT_CLASSES.length) % SIZE_CLASSES;
  const protocol = PROTOCOL_CLASSES[Math.floor(token / PORT_CLASSES.length / SIZE_CLASSES)]!;
  const parts = [protocol, sizeText(FIRST_SIZE_BITS + size)];
  return (port === NO_PORT ? parts : [...parts, `to ${PORT_CLASSES[port]!.name}`]).join(', ');
}

function protocolClass(protocol: number): number {
  switch (protocol) {
    case IP_PROTOCOL.tcp:
      return 0;
    case IP_PROTOCOL.udp:
      return 1;
    case IP_PROTOCOL.icmp:
      return 2;
    case IP_PROTOCOL.icmpv6:
      return 3;
    case PROTOCOL_ARP:
      return 4;
    default:
      return isIpProtocol(protocol) ? 5 : 6;
  }
}

function sizeClass(bytes: number): number {
  const bits = bytes < 2 ** 31 ? 31 - Math.clz32(bytes) : 31;
  return Math.min(SIZE_CLASSES - 1, Math.max(0, bits - FIRST_SIZE_BITS));
}

function sizeText(bits: number): string {
  const [low, high] = [unitOf(bits), unitOf(bits + 1)];
  if (bits === FIRST_SIZE_BITS) return `less than ${high}`;
  if (bits === FIRST_SIZE_BITS + SIZE_CLASSES - 1) return `${low} or more`;
  const [least, unit] = low.split(' ');
  return high.endsWith(` ${unit!}`) ? `${least!} to ${high}` : `${low} to ${high}`;
}

const UNITS = ['B', 'KiB', 'MiB'];

/** `16 KiB` of the power of two. */
function unitOf(bits: number): string {
  const unit = Math.min(UNITS.length - 1, Math.floor(bits / 10));
  return `${2 ** (bits - 10 * unit)} ${UNITS[unit]!}`;
}
