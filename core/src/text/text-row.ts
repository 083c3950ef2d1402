/**
 * One row in the making while the text of a packet is read. What the text says goes into the columns at once; what only
 * follows from several of its numbers (lengths) is worked out at the end. A column of which the text says nothing stays 0.
 */
import { Cursor, enterNetwork, isTooDeep } from '../decode/cursor.ts';
import { ETHERNET_MTU } from '../decode/ipv4.ts';
import { ADDRESS_TYPE, LAYER, QUALITY } from '../packet/columns.ts';
import type { PacketColumns } from '../packet/columns.ts';
import { TIME_LIMIT_US } from '../pcap/time.ts';

/** Not said by the text. */
export const UNKNOWN = -1;

export const ETHER_TYPE = { ipv4: 0x0800, ipv6: 0x86dd, arp: 0x0806, rarp: 0x8035 } as const;

export interface Endpoint {
  /** See ADDRESS_TYPE. */
  type: number;
  readonly words: Uint32Array;
  /** UNKNOWN when the text has none. */
  port: number;
}

export const createEndpoint = (): Endpoint => ({ type: ADDRESS_TYPE.none, words: new Uint32Array(4), port: UNKNOWN });

export class TextRow {
  /** Layers, quality, etherType and nesting so far; its bytes are not used. */
  readonly c: Cursor;
  /** Bytes of the frame on the wire. */
  frameLength = UNKNOWN;
  /** Bytes of the outermost IP packet. */
  outerIpLength = UNKNOWN;
  /** Of the innermost IP header: its bytes with options and extensions, the whole packet's bytes. */
  ipHeaderBytes = UNKNOWN;
  ipLength = UNKNOWN;
  /** What the innermost IP header carries: all of it, and behind the transport header. */
  ipPayload = UNKNOWN;
  payload = UNKNOWN;
  /** Bytes of the transport header. */
  transportBytes = UNKNOWN;
  /** Of what stands behind the header read last. */
  protocol = UNKNOWN;
  /** A routing header was read. */
  isRouted = false;
  readonly source = createEndpoint();
  readonly destination = createEndpoint();
  readonly sourceMac = new Uint32Array(2);
  readonly destinationMac = new Uint32Array(2);
  hasMac = false;
  /** Source MAC of the innermost link header, or of ARP's sender. */
  readonly senderMac = new Uint32Array(2);
  hasSenderMac = false;

  constructor(columns: PacketColumns) {
    this.c = new Cursor(columns);
  }

  /** Starts row `row`, which must be all zero. */
  begin(columns: PacketColumns, row: number): void {
    const { c } = this;
    c.columns = columns;
    c.row = row;
    c.layers = 0;
    c.quality = QUALITY.fromText;
    c.etherType = 0;
    c.networks = 0;
    c.tags = 0;
    this.frameLength = UNKNOWN;
    this.outerIpLength = UNKNOWN;
    this.hasMac = false;
    this.hasSenderMac = false;
    this.#forgetNetwork();
  }

  #forgetNetwork(): void {
    this.ipHeaderBytes = UNKNOWN;
    this.ipLength = UNKNOWN;
    this.ipPayload = UNKNOWN;
    this.payload = UNKNOWN;
    this.transportBytes = UNKNOWN;
    this.protocol = UNKNOWN;
    this.isRouted = false;
  }

  setTime(timeUs: number, timeNs: number): void {
    const { c } = this;
    const clamped = Math.min(Math.max(timeUs, -TIME_LIMIT_US), TIME_LIMIT_US);
    c.columns.timeUs[c.row] = clamped;
    c.columns.timeNs[c.row] = timeNs;
    if (Math.abs(clamped) === TIME_LIMIT_US) c.quality |= QUALITY.timeClamped;
  }

  /** A network header begins; false when there are too many around it already. */
  enterNetwork(): boolean {
    const { c } = this;
    if (isTooDeep(c)) return false;
    this.#keepOuterLength();
    enterNetwork(c);
    this.#forgetNetwork();
    return true;
  }

  #keepOuterLength(): void {
    if (this.c.networks !== 1) return;
    this.#completeLengths();
    this.outerIpLength = this.ipLength;
  }

  /** An IP header with its link type, if the link said none. */
  enterIp(isIpv6: boolean): boolean {
    if (!this.enterNetwork()) return false;
    const { c } = this;
    c.layers |= isIpv6 ? LAYER.ipv6 : LAYER.ipv4;
    if (c.etherType === 0) c.etherType = isIpv6 ? ETHER_TYPE.ipv6 : ETHER_TYPE.ipv4;
    this.ipHeaderBytes = isIpv6 ? 40 : 20;
    return true;
  }

  /** Writes the addresses of the innermost network header; ports only when both have one. */
  setEnds(source: Endpoint, destination: Endpoint): void {
    const { columns, row } = this.c;
    this.c.layers |= LAYER.addresses;
    columns.addressType[row] = source.type;
    for (let word = 0; word < 4; word++) {
      columns.source[4 * row + word] = source.words[word]!;
      columns.destination[4 * row + word] = destination.words[word]!;
    }
    if (source.port >= 0 && destination.port >= 0) this.setPorts(source.port, destination.port);
  }

  setPorts(source: number, destination: number): void {
    const { columns, row } = this.c;
    this.c.layers |= LAYER.ports;
    columns.sourcePort[row] = source;
    columns.destinationPort[row] = destination;
  }

  /** The sender of an ARP message by its hardware address, which may not be the one that the link header names. */
  setArpSender(mac: Uint32Array): void {
    const isOther = mac[0] !== this.senderMac[0] || mac[1] !== this.senderMac[1];
    if (this.hasSenderMac && isOther) this.c.quality |= QUALITY.foreignSender;
    this.setSenderMac(mac);
  }

  setSenderMac(mac: Uint32Array): void {
    this.hasSenderMac = true;
    this.senderMac.set(mac);
  }

  /** What looked like ports were not those of TCP, UDP or SCTP. */
  dropPorts(): void {
    this.setPorts(0, 0);
    this.c.layers &= ~LAYER.ports;
  }

  setProtocol(protocol: number): void {
    if (protocol < 0 || protocol > 255) return;
    this.protocol = protocol;
    this.c.layers |= LAYER.ip;
    this.c.columns.ipProtocol[this.c.row] = protocol;
  }

  setIcmp(layer: number, type: number, code: number): void {
    const { columns, row } = this.c;
    this.c.layers |= layer | LAYER.anyIcmp;
    columns.icmpType[row] = type;
    columns.icmpCode[row] = code;
  }

  addTag(id: number): void {
    const { c } = this;
    const { columns, row } = c;
    if (c.tags === 0) {
      c.layers |= LAYER.vlan;
      columns.vlan[row] = id & 0xfff;
    } else if (c.tags === 1) {
      c.layers |= LAYER.qinq;
      columns.vlanInner[row] = id & 0xfff;
    }
    c.tags++;
  }

  /** Writes what is known at the end only. */
  finish(): void {
    const { c } = this;
    const { columns, row } = c;
    this.#completeLengths();
    if (c.networks < 2) this.outerIpLength = this.ipLength;
    if (this.payload >= 0) columns.payloadLength[row] = this.payload;
    else if (this.ipPayload >= 0 && this.transportBytes < 0 && (c.layers & LAYER.tcp) === 0)
      columns.payloadLength[row] = this.ipPayload;
    if (this.frameLength >= 0) columns.length[row] = this.frameLength;
    else if (this.outerIpLength >= 0) columns.length[row] = this.outerIpLength;
    if (this.outerIpLength > ETHERNET_MTU) c.quality |= QUALITY.oversize;
    if ((c.layers & LAYER.addresses) === 0 && this.hasMac) this.#setMacs();
    if (this.hasSenderMac) {
      c.layers |= LAYER.mac;
      columns.sourceMacHigh[row] = this.senderMac[0]!;
      columns.sourceMacLow[row] = this.senderMac[1]!;
    }
    columns.layers[row] = c.layers;
    columns.quality[row] = c.quality;
    columns.etherType[row] = c.etherType;
  }

  /** Total, what the IP header carries and what the transport header carries follow from each other. */
  #completeLengths(): void {
    const { ipHeaderBytes, transportBytes } = this;
    if (this.ipPayload < 0 && ipHeaderBytes >= 0 && this.ipLength >= ipHeaderBytes) {
      this.ipPayload = this.ipLength - ipHeaderBytes;
    }
    if (transportBytes >= 0) {
      const room = Math.max(0, this.ipPayload - transportBytes);
      // A length beyond the packet's end is a lie, or that of all fragments.
      if (this.ipPayload >= 0 && (this.payload < 0 || this.payload > room)) this.payload = room;
      else if (this.ipPayload < 0 && this.payload >= 0) this.ipPayload = this.payload + transportBytes;
    }
    if (this.ipLength < 0 && ipHeaderBytes >= 0 && this.ipPayload >= 0) this.ipLength = ipHeaderBytes + this.ipPayload;
  }

  #setMacs(): void {
    const { c } = this;
    const { columns, row } = c;
    c.layers |= LAYER.addresses;
    columns.addressType[row] = ADDRESS_TYPE.mac;
    columns.source.set(this.sourceMac, 4 * row + 2);
    columns.destination.set(this.destinationMac, 4 * row + 2);
  }
}
