/** What tshark's fields say in the terms of our columns: the innermost network header and what it carries. */
import type { TsharkRow } from './tshark.ts';

export const TSHARK_FIELDS = [
  ...[
    'frame.time_epoch',
    'frame.len',
    'frame.cap_len',
    'frame.protocols',
    'eth.src',
    'eth.dst',
    'sll.src.eth',
    'vlan.id',
    'ieee8021ad.id',
  ],
  ...['ip.src', 'ip.dst', 'ip.proto', 'ip.ttl', 'ip.dsfield', 'ip.id', 'ip.frag_offset'],
  ...['ipv6.src', 'ipv6.dst', 'ipv6.nxt', 'ipv6.hlim', 'ipv6.tclass'],
  ...['ipv6.hopopts.nxt', 'ipv6.dstopts.nxt', 'ipv6.routing.nxt', 'ipv6.fraghdr.nxt', 'ah.next_header'],
  ...['ipv6.fraghdr.offset', 'ipv6.fraghdr.ident', 'arp.src.proto_ipv4', 'arp.dst.proto_ipv4', 'arp.opcode'],
  ...['arp.src.hw_mac', 'tcp.hdr_len'],
  ...['tcp.srcport', 'tcp.dstport', 'tcp.flags', 'tcp.seq_raw', 'tcp.ack_raw', 'tcp.window_size_value', 'tcp.len'],
  ...['tcp.options.mss_val', 'tcp.options.wscale.shift', 'tcp.options.timestamp.tsval', 'tcp.options.timestamp.tsecr'],
  ...['udp.srcport', 'udp.dstport', 'udp.length', 'sctp.srcport', 'sctp.dstport'],
  ...['icmp.type', 'icmp.code', 'icmpv6.type', 'icmpv6.code'],
];

/** Text by name of what both sides can say; absent = this side says nothing. */
export type Facts = Partial<Record<string, string>>;

const NETWORK = ['ip', 'ipv6', 'arp'];
/** Headers inside an error message or a sample belong to another packet. */
const QUOTING = ['icmp', 'icmpv6', 'sflow', 'nhrp'];
const NEXT_HEADER: Partial<Record<string, string>> = {
  'ipv6.hopopts': 'ipv6.hopopts.nxt',
  'ipv6.dstopts': 'ipv6.dstopts.nxt',
  'ipv6.routing': 'ipv6.routing.nxt',
  'ipv6.fraghdr': 'ipv6.fraghdr.nxt',
  ah: 'ah.next_header',
};

export function tsharkFacts(row: TsharkRow): Facts {
  const layers = unquoted(row.get('frame.protocols')?.[0]?.split(':') ?? []);
  const network = layers.findLastIndex((layer) => NETWORK.includes(layer));
  const facts: Facts = { length: only(row, 'frame.len'), capturedLength: only(row, 'frame.cap_len') };
  facts['time'] = only(row, 'frame.time_epoch');
  const tags = layers.filter((layer) => layer === 'vlan' || layer === 'ieee8021ad').length;
  const vlans = [...(row.get('ieee8021ad.id') ?? []), ...(row.get('vlan.id') ?? [])].slice(0, tags);
  facts['vlan'] = vlans[0];
  facts['vlanInner'] = vlans[1];
  // Behind the quoted header of an ICMP error tshark finds no link header.
  const links = layers.filter((layer) => layer === 'eth').length;
  facts['sourceMac'] = (links > 0 ? row.get('eth.src')?.[links - 1] : undefined) ?? row.get('sll.src.eth')?.[0];
  if (network < 0) {
    facts['source'] = row.get('eth.src')?.[0] ?? row.get('sll.src.eth')?.[0];
    facts['destination'] = row.get('eth.dst')?.[0];
    return facts;
  }
  addNetwork(facts, row, layers.slice(0, network + 1), layers.slice(network + 1));
  addTransport(facts, row, layers, network);
  return facts;
}

function unquoted(layers: readonly string[]): readonly string[] {
  const quoting = layers.findIndex((layer) => QUOTING.includes(layer));
  return quoting < 0 ? layers : layers.slice(0, quoting + 1);
}

const only = (row: TsharkRow, field: string): string | undefined => row.get(field)?.[0];

/** The value of a field that belongs to the last header named `layer` in `layers`. */
function innermost(row: TsharkRow, field: string, layer: string, layers: readonly string[]): string | undefined {
  const index = layers.filter((name) => name === layer).length - 1;
  return index < 0 ? undefined : row.get(field)?.[index];
}

function addNetwork(facts: Facts, row: TsharkRow, outer: readonly string[], inner: readonly string[]): void {
  const layer = outer.at(-1)!;
  const field = (name: string): string | undefined => innermost(row, name, layer, outer);
  if (layer === 'arp') {
    facts['source'] = field('arp.src.proto_ipv4') ?? row.get('eth.src')?.[0] ?? row.get('sll.src.eth')?.[0];
    facts['destination'] = field('arp.dst.proto_ipv4') ?? row.get('eth.dst')?.[0];
    facts['arpOp'] = field('arp.opcode');
    facts['sourceMac'] = field('arp.src.hw_mac') ?? facts['sourceMac'];
    return;
  }
  facts['source'] = field(`${layer}.src`);
  facts['destination'] = field(`${layer}.dst`);
  facts['ttl'] = field(layer === 'ip' ? 'ip.ttl' : 'ipv6.hlim');
  facts['dscpEcn'] = number(field(layer === 'ip' ? 'ip.dsfield' : 'ipv6.tclass'));
  const last = inner.findLast((name) => NEXT_HEADER[name] !== undefined);
  const first = field(layer === 'ip' ? 'ip.proto' : 'ipv6.nxt');
  facts['ipProtocol'] = last === undefined ? first : (row.get(NEXT_HEADER[last]!)?.at(-1) ?? first);
  if (layer === 'ip') {
    facts['ipId'] = number(field('ip.id'));
    facts['fragmentOffset'] = field('ip.frag_offset');
  } else if (inner.includes('ipv6.fraghdr')) {
    facts['ipId'] = number(row.get('ipv6.fraghdr.ident')?.at(-1));
    const offset = row.get('ipv6.fraghdr.offset')?.at(-1);
    facts['fragmentOffset'] = offset;
  }
}

/** Hexadecimal or decimal text as decimal. */
const number = (text: string | undefined): string | undefined =>
  text === undefined ? undefined : String(Number(text));

const TCP_FACTS = {
  tcpSeq: 'tcp.seq_raw',
  tcpAck: 'tcp.ack_raw',
  tcpWindow: 'tcp.window_size_value',
  payloadLength: 'tcp.len',
  tcpHeaderLength: 'tcp.hdr_len',
} as const;

const TCP_OPTION_FACTS = {
  tcpMss: 'tcp.options.mss_val',
  tcpWindowScale: 'tcp.options.wscale.shift',
  tcpTsValue: 'tcp.options.timestamp.tsval',
  tcpTsEcho: 'tcp.options.timestamp.tsecr',
} as const;

function addTransport(facts: Facts, row: TsharkRow, layers: readonly string[], network: number): void {
  const transport = layers.findIndex((layer, index) => index > network && TRANSPORT.includes(layer));
  if (transport < 0) return;
  const layer = layers[transport]!;
  const upTo = layers.slice(0, transport + 1);
  const field = (name: string): string | undefined => innermost(row, name, layer, upTo);
  if (layer === 'icmp' || layer === 'icmpv6') {
    facts['icmpType'] = field(`${layer}.type`);
    facts['icmpCode'] = field(`${layer}.code`);
    return;
  }
  const protocol = layer === 'udplite' ? 'udp' : layer;
  facts['sourcePort'] = field(`${protocol}.srcport`);
  facts['destinationPort'] = field(`${protocol}.dstport`);
  if (layer === 'udp') {
    const length = field('udp.length');
    if (length !== undefined && Number(length) >= 8) facts['payloadLength'] = String(Number(length) - 8);
  }
  if (layer !== 'tcp') return;
  // The field has three reserved bits more than there are flags.
  const flags = field('tcp.flags');
  if (flags !== undefined) facts['tcpFlags'] = String(Number(flags) & 0x1ff);
  for (const [name, source] of Object.entries(TCP_FACTS)) facts[name] = field(source);
  // Options are absent from most packets, so their place in the list says nothing about a tunnel's inner header.
  for (const [name, source] of Object.entries(TCP_OPTION_FACTS)) facts[name] = row.get(source)?.[0];
}

const TRANSPORT = ['tcp', 'udp', 'udplite', 'sctp', 'icmp', 'icmpv6'];
