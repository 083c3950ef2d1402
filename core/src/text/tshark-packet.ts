/**
 * One packet of `tshark -T json` or `-T ek` as layers and the fields that our columns need. Names differ between the two:
 * a field `ip.ttl` of a layer `ip` is `ip.ttl` in JSON and `ip_ip_ttl` in EK. Repeated layers are repeated names in JSON and
 * a list in EK, where they no longer stand in the packet's order: that is in the field frame.protocols.
 */
import { asciiBytes } from '../rows/ascii.ts';
import { walkJson } from './json-events.ts';
import type { JsonEvents } from './json-events.ts';

/** Layers a row is made of; `frame` is tshark's own. */
export const LAYER_NAMES = [
  'frame',
  'eth',
  'llc',
  'sll',
  'vlan',
  'ieee8021ad',
  'arp',
  'ip',
  'ipv6',
  'ah',
  'tcp',
  'udp',
  'udplite',
  'sctp',
  'icmp',
  'icmpv6',
] as const;
export type LayerName = (typeof LAYER_NAMES)[number];

/** Fields by layer; those of IPv6 extension and authentication headers are nested in the network layer. */
const LAYER_FIELDS = {
  frame: ['frame.time_epoch', 'frame.len', 'frame.cap_len', 'frame.protocols', 'frame.encap_type'],
  eth: ['eth.src', 'eth.dst', 'eth.type'],
  llc: ['llc.dsap', 'llc.type', 'llc.cisco_pid'],
  sll: ['sll.src.eth', 'sll.etype'],
  vlan: ['vlan.id', 'vlan.etype'],
  ieee8021ad: ['ieee8021ad.id'],
  ah: ['ah.next_header', 'ah.length'],
  arp: ['arp.opcode', 'arp.src.hw_mac', 'arp.src.proto_ipv4', 'arp.dst.proto_ipv4'],
  ip: [
    'ip.src',
    'ip.dst',
    'ip.proto',
    'ip.ttl',
    'ip.dsfield',
    'ip.id',
    'ip.len',
    'ip.hdr_len',
    'ip.flags',
    'ip.frag_offset',
  ],
  ipv6: ['ipv6.src', 'ipv6.dst', 'ipv6.nxt', 'ipv6.hlim', 'ipv6.tclass', 'ipv6.plen'],
  tcp: [
    ...['tcp.srcport', 'tcp.dstport', 'tcp.flags', 'tcp.seq_raw', 'tcp.ack_raw', 'tcp.window_size_value', 'tcp.len'],
    'tcp.hdr_len',
    ...[
      'tcp.options.mss_val',
      'tcp.options.wscale.shift',
      'tcp.options.timestamp.tsval',
      'tcp.options.timestamp.tsecr',
    ],
    'tcp.options.sack_perm',
  ],
  udp: ['udp.srcport', 'udp.dstport', 'udp.length'],
  udplite: ['udp.srcport', 'udp.dstport'],
  sctp: ['sctp.srcport', 'sctp.dstport'],
  icmp: ['icmp.type', 'icmp.code'],
  icmpv6: ['icmpv6.type', 'icmpv6.code'],
} as const satisfies Record<LayerName, readonly string[]>;

/** Protocols nested in a network layer, each with fields of its own; in IPv4, `ah` is a layer. */
const NESTED_FIELDS = {
  'ipv6.hopopts': ['ipv6.hopopts.nxt', 'ipv6.hopopts.len_oct'],
  'ipv6.dstopts': ['ipv6.dstopts.nxt', 'ipv6.dstopts.len_oct'],
  'ipv6.routing': ['ipv6.routing.nxt', 'ipv6.routing.len_oct'],
  'ipv6.fraghdr': ['ipv6.fraghdr.nxt', 'ipv6.fraghdr.offset', 'ipv6.fraghdr.more', 'ipv6.fraghdr.ident'],
} as const;

export type FieldName =
  (typeof LAYER_FIELDS)[LayerName][number] | (typeof NESTED_FIELDS)[keyof typeof NESTED_FIELDS][number];

/** Fields kept of one packet; more is not read. */
const FIELDS_MAX = 512;
/** Layers kept of one packet. */
const LAYERS_MAX = 64;

interface Spelling {
  readonly bytes: Uint8Array;
  readonly id: number;
}

/** Spellings by their length: a handful each, so that most names of a packet are dismissed at once. */
class Names {
  readonly #byLength: Spelling[][] = [];

  add(text: string, id: number): void {
    (this.#byLength[text.length] ??= []).push({ bytes: asciiBytes(text), id });
  }

  /** Number of the name at [from, to), or -1. */
  find(bytes: Uint8Array, from: number, to: number): number {
    const candidates = this.#byLength[to - from];
    if (candidates === undefined) return -1;
    for (const { bytes: name, id } of candidates) {
      let index = name.length - 1;
      // From the end, where names of one layer differ.
      while (index >= 0 && name[index] === bytes[from + index]) index--;
      if (index < 0) return id;
    }
    return -1;
  }
}

const FIELD_IDS = new Map<string, number>();
const fieldNames = new Names();
const layerNames = new Names();

function register(layer: string, fields: readonly string[]): void {
  for (const field of fields) {
    const isNew = !FIELD_IDS.has(field);
    const id = FIELD_IDS.get(field) ?? FIELD_IDS.size;
    FIELD_IDS.set(field, id);
    const flat = field.replaceAll('.', '_');
    if (isNew) fieldNames.add(field, id);
    // Fields that are protocols to tshark go without the layer's name.
    if (isNew) fieldNames.add(flat, id);
    fieldNames.add(`${layer.replaceAll('.', '_')}_${flat}`, id);
  }
}
for (const [layer, fields] of [...Object.entries(LAYER_FIELDS), ...Object.entries(NESTED_FIELDS)])
  register(layer, fields);
LAYER_NAMES.forEach((name, id) => {
  layerNames.add(name, id);
});

const LAYERS_NAME = asciiBytes('layers');

/** The number of a field by its name in `-e`, for `TsharkPacket.add`; undefined when no column needs it. */
export function fieldId(name: string): number | undefined {
  return FIELD_IDS.get(name);
}

/** Reads packets one after the other into the same memory. */
export class TsharkPacket implements JsonEvents {
  /** Protocols from the outside in, where the text holds only chosen fields and frame.protocols is not among them. */
  order: readonly string[] | undefined;
  /** Whether only chosen fields are there, so that nothing follows from one that is not. */
  isPartial = false;
  bytes: Uint8Array = new Uint8Array(0);
  /** Layer number (as in LAYER_NAMES), -1 for others, in the order of the text; its fields are those with its index. */
  readonly layers = new Int8Array(LAYERS_MAX);
  layerCount = 0;
  readonly #fieldIds = new Int16Array(FIELDS_MAX);
  readonly #fieldLayers = new Uint8Array(FIELDS_MAX);
  readonly #from = new Int32Array(FIELDS_MAX);
  readonly #to = new Int32Array(FIELDS_MAX);
  #fieldCount = 0;
  /** Depth of what is inside the object called layers, or -1 outside of it. */
  #layersDepth = -1;
  #isLayersNext = false;
  /** Layer whose object is about to open or open, and field whose value is next; -1 = none that matters. */
  #layer = -1;
  #field = -1;

  /** Begins a packet of which layers and fields are added one by one. */
  begin(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.layerCount = 0;
    this.#fieldCount = 0;
  }

  /** Adds a layer, and returns its index; -1 when there are too many. */
  addLayer(layer: number): number {
    if (this.layerCount === LAYERS_MAX) return -1;
    this.layers[this.layerCount] = layer;
    return this.layerCount++;
  }

  /** Adds a field of the layer with that index: its value is at [from, to). */
  add(layer: number, id: number, from: number, to: number): void {
    if (this.#fieldCount === FIELDS_MAX) return;
    const index = this.#fieldCount++;
    this.#fieldIds[index] = id;
    this.#fieldLayers[index] = layer;
    this.#from[index] = from;
    this.#to[index] = to;
  }

  /** Reads the packet at [from, to). False when the text was not whole. */
  read(bytes: Uint8Array, from: number, to: number): boolean {
    this.begin(bytes);
    this.#layersDepth = -1;
    this.#isLayersNext = false;
    this.#layer = -1;
    this.#field = -1;
    return walkJson(bytes, from, to, this);
  }

  name(bytes: Uint8Array, from: number, to: number, depth: number): void {
    this.#field = -1;
    if (this.#layersDepth < 0) {
      this.#isLayersNext =
        to - from === LAYERS_NAME.length && LAYERS_NAME.every((byte, index) => byte === bytes[from + index]);
    } else if (depth === this.#layersDepth) this.#layer = layerNames.find(bytes, from, to);
    else if (this.#layer >= 0) this.#field = fieldNames.find(bytes, from, to);
  }

  open(depth: number, isObject: boolean): void {
    if (this.#isLayersNext) {
      this.#layersDepth = depth + 1;
      this.#isLayersNext = false;
      return;
    }
    // A layer is an object, or each object of a list.
    const inside = depth - this.#layersDepth;
    const begins = this.#layersDepth >= 0 && isObject && (inside === 0 || (inside === 1 && this.#isInList));
    if (this.#layersDepth >= 0 && inside === 0) this.#isInList = !isObject;
    if (begins && this.layerCount < LAYERS_MAX) {
      this.layers[this.layerCount] = this.#layer;
      this.layerCount++;
    }
  }

  #isInList = false;

  close(depth: number): void {
    if (this.#layersDepth >= 0 && depth < this.#layersDepth) this.#layersDepth = -1;
  }

  value(_bytes: Uint8Array, from: number, to: number): void {
    if (this.#field < 0 || this.layerCount === 0) return;
    this.add(this.layerCount - 1, this.#field, from, to);
    // Of a list the first value is the header's own.
    this.#field = -1;
  }

  /** Index of the `nth` layer (from 0) of that name, or -1. */
  find(layer: number, nth: number): number {
    let left = nth;
    for (let index = 0; index < this.layerCount; index++) {
      if (this.layers[index] === layer && left-- === 0) return index;
    }
    return -1;
  }

  /** Where the layer's first field of that name is, as an index for `from`, `to` and `number`; -1 when it has none. */
  field(layer: number, name: FieldName): number {
    const id = FIELD_IDS.get(name)!;
    for (let index = 0; index < this.#fieldCount; index++) {
      if (this.#fieldLayers[index] === layer && this.#fieldIds[index] === id) return index;
    }
    return -1;
  }

  from(field: number): number {
    return this.#from[field]!;
  }

  to(field: number): number {
    return this.#to[field]!;
  }
}
