/**
 * The Wireshark display filters that label tables use, evaluated on packet columns: protocols, `field==value`, `!`, `&&`,
 * `||` and parentheses. What columns cannot answer (`tls`) is refused, so that a label can never silently select nothing.
 * A field of a header quoted inside an ICMP error does not count, where Wireshark would let it.
 */
import { PipelineError } from '../errors.ts';
import { parseAddress } from '../packet/address.ts';
import { LAYER, type PacketColumns } from '../packet/columns.ts';
import { parseHost, type HostRange } from '../packet/host-range.ts';

/** Whether row `row` of the columns is selected. */
export type RowTest = (columns: PacketColumns, row: number) => boolean;

/** Throws PipelineError USAGE, naming the part that is not understood. */
export function displayFilter(text: string): RowTest {
  return new FilterParser(text).parse();
}

class FilterParser {
  readonly #tokens: readonly string[];
  #at = 0;

  constructor(text: string) {
    this.#tokens = text.match(/&&|\|\||==|!(?!=)|[()]|[^\s()!=&|]+|\S/g) ?? [];
  }

  parse(): RowTest {
    const test = this.#any();
    const rest = this.#tokens[this.#at];
    if (rest !== undefined) throw notUnderstood(rest);
    return test;
  }

  #any(): RowTest {
    let test = this.#all();
    while (this.#take('||') || this.#take('or')) test = either(test, this.#all());
    return test;
  }

  #all(): RowTest {
    let test = this.#one();
    while (this.#take('&&') || this.#take('and')) test = both(test, this.#one());
    return test;
  }

  #one(): RowTest {
    if (this.#take('!') || this.#take('not')) {
      const test = this.#one();
      return (columns, row) => !test(columns, row);
    }
    if (this.#take('(')) {
      const test = this.#any();
      if (!this.#take(')')) throw notUnderstood(this.#tokens[this.#at] ?? 'the end: a parenthesis is open');
      return test;
    }
    const name = this.#next();
    if (!this.#take('==')) return protocol(name);
    return field(name, this.#next());
  }

  #take(token: string): boolean {
    const found = this.#tokens[this.#at] === token;
    if (found) this.#at += 1;
    return found;
  }

  #next(): string {
    const token = this.#tokens[this.#at];
    if (token === undefined) throw notUnderstood('the end');
    this.#at += 1;
    return token;
  }
}

type PortColumn = 'sourcePort' | 'destinationPort';

const PROTOCOLS: Readonly<Record<string, RowTest>> = {
  arp: hasLayer(LAYER.arp),
  ip: hasLayer(LAYER.ipv4),
  ipv6: hasLayer(LAYER.ipv6),
  tcp: hasLayer(LAYER.tcp),
  udp: hasLayer(LAYER.udp),
  sctp: hasLayer(LAYER.sctp),
  icmp: hasLayer(LAYER.icmp),
  icmpv6: hasLayer(LAYER.icmpv6),
  // By their ports: what Wireshark calls DHCP is nowhere else.
  dhcp: both(hasLayer(LAYER.udp), either(onPort(67), onPort(68))),
};

const FIELDS: Readonly<Record<string, (value: string) => RowTest>> = {
  'ip.src': (value) => host(LAYER.ipv4, 'source', value),
  'ip.dst': (value) => host(LAYER.ipv4, 'destination', value),
  'ip.addr': (value) => either(host(LAYER.ipv4, 'source', value), host(LAYER.ipv4, 'destination', value)),
  'ipv6.src': (value) => host(LAYER.ipv6, 'source', value),
  'ipv6.dst': (value) => host(LAYER.ipv6, 'destination', value),
  'ipv6.addr': (value) => either(host(LAYER.ipv6, 'source', value), host(LAYER.ipv6, 'destination', value)),
  'arp.src.proto_ipv4': (value) => host(LAYER.arp, 'source', value),
  'arp.dst.proto_ipv4': (value) => host(LAYER.arp, 'destination', value),
  'arp.opcode': (value) => equals('arpOp', LAYER.arp, value),
  'icmp.type': (value) => equals('icmpType', LAYER.icmp, value),
  ...portFields('tcp', LAYER.tcp),
  ...portFields('udp', LAYER.udp),
  ...Object.fromEntries(
    ['fin', 'syn', 'reset', 'push', 'ack', 'urg'].map((name, bit) => [
      `tcp.flags.${name}`,
      (value: string) => tcpFlag(1 << bit, value),
    ]),
  ),
};

function protocol(name: string): RowTest {
  const test = PROTOCOLS[name];
  if (test === undefined) throw notUnderstood(name);
  return test;
}

function field(name: string, value: string): RowTest {
  const test = FIELDS[name]?.(value);
  if (test === undefined) throw notUnderstood(`${name}==${value}`);
  return test;
}

function portFields(name: string, layer: number): Record<string, (value: string) => RowTest> {
  return {
    [`${name}.srcport`]: (value) => equals('sourcePort', layer, value),
    [`${name}.dstport`]: (value) => equals('destinationPort', layer, value),
    [`${name}.port`]: (value) => either(equals('sourcePort', layer, value), equals('destinationPort', layer, value)),
  };
}

function hasLayer(layer: number): RowTest {
  return ({ layers }, row) => (layers[row]! & layer) !== 0;
}

function onPort(port: number): RowTest {
  return ({ sourcePort, destinationPort }, row) => sourcePort[row] === port || destinationPort[row] === port;
}

function tcpFlag(mask: number, value: string): RowTest {
  if (value !== '0' && value !== '1') throw notUnderstood(value);
  const isSet: RowTest = ({ tcpFlags }, row) => (tcpFlags[row]! & mask) !== 0;
  const wanted = value === '1';
  return both(hasLayer(LAYER.tcp), (columns, row) => isSet(columns, row) === wanted);
}

function equals(column: PortColumn | 'arpOp' | 'icmpType', layer: number, value: string): RowTest {
  const wanted = Number(value);
  if (!/^\d+$/.test(value)) throw notUnderstood(value);
  return (columns: PacketColumns, row) => (columns.layers[row]! & layer) !== 0 && columns[column][row] === wanted;
}

function host(layer: number, column: 'source' | 'destination', value: string): RowTest {
  const range = rangeOf(value);
  return (columns, row) =>
    (columns.layers[row]! & layer) !== 0 && range.matches(columns[column], row, columns.addressType[row]!);
}

function rangeOf(value: string): HostRange {
  const range = parseHost(value);
  if (range === undefined || parseAddress(value.split('/')[0]!) === undefined) throw notUnderstood(value);
  return range;
}

function either(one: RowTest, other: RowTest): RowTest {
  return (columns, row) => one(columns, row) || other(columns, row);
}

function both(one: RowTest, other: RowTest): RowTest {
  return (columns, row) => one(columns, row) && other(columns, row);
}

function notUnderstood(part: string): PipelineError {
  return new PipelineError('USAGE', `display filter not understood at ${part}`);
}
