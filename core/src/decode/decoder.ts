/**
 * From the bytes of a frame to one row of columns. The loop here asks one protocol after the other; each lives in its own
 * file. A packet that cannot be decoded is still a row: what could be read is in its columns, what could not is in `quality`.
 */
import { TIME_LIMIT_US } from '../pcap/time.ts';
import { LAYER, QUALITY } from '../packet/columns.ts';
import type { PacketColumns } from '../packet/columns.ts';
import { decodeArp } from './arp.ts';
import { Cursor, setMacAddresses, setSenderMac } from './cursor.ts';
import { decodeFrameRelay } from './frame-relay.ts';
import { decodeErspan } from './erspan.ts';
import { decodeEtherIp, decodeEthernet, decodeProviderBackbone } from './ethernet.ts';
import { decodeGeneve } from './geneve.ts';
import { decodeGre } from './gre.ts';
import { decodeGtpu } from './gtpu.ts';
import { decodeIcmp, decodeIcmpv6 } from './icmp.ts';
import { decodeIpv4 } from './ipv4.ts';
import { decodeAuthentication, decodeIpv6 } from './ipv6.ts';
import { decodeL2tp } from './l2tp.ts';
import { decodeTeredo } from './teredo.ts';
import { decodeServiceHeader } from './service-header.ts';
import { decodeCooked, decodeCooked2 } from './linux-cooked.ts';
import { decodeLlc } from './llc.ts';
import { decodeMpls } from './mpls.ts';
import { NEXT } from './next.ts';
import type { Next } from './next.ts';
import { decodeLoopback } from './null-loop.ts';
import { decodeCiscoHdlc, decodeHdlc, decodePpp } from './ppp.ts';
import { decodePppoe } from './pppoe.ts';
import { decodeRawIp, enterIpInIp } from './raw-ip.ts';
import { decodeSctp } from './sctp.ts';
import { decodeTcp } from './tcp.ts';
import { decodeUdp } from './udp.ts';
import { decodeCiscoMetadata, decodeVlan } from './vlan.ts';
import { decodeVxlan } from './vxlan.ts';

/** Headers of any kind that are followed in one packet; real ones have fewer than twenty. */
const MAX_HEADERS = 64;
/** Lengths beyond this are lies; keeping offsets small keeps arithmetic in integers. */
const MAX_WIRE_LENGTH = 1 << 28;
/** Longest frame of an ordinary Ethernet: 1,500 bytes, header, two tags. */
const ORDINARY_FRAME = 1522;

export class Decoder {
  #cursor: Cursor | undefined;

  /** Decodes as `decode` does, and says where the headers lie; for one packet that somebody looks at. */
  trace(...frame: Parameters<Decoder['decode']>): HeaderTrace {
    const c = (this.#cursor ??= new Cursor(frame[0]));
    const headers: number[] = [];
    c.trace = headers;
    this.decode(...frame);
    c.trace = null;
    return { headers, position: c.position, end: c.end };
  }

  /**
   * Decodes one frame into row `row`, which must be all zero (clearColumns). Never throws, reads nothing outside
   * [offset, offset + capturedLength), allocates nothing. `flow`, `direction` and the duplicate bit are left to others.
   * @param columns where the row goes; `count` is not changed
   * @param capturedLength bytes present from `offset`
   * @param wireLength bytes the frame had on the wire
   * @param timeUs event time in whole microseconds since 1970
   * @param timeNs nanoseconds beyond timeUs, 0 to 999
   * @param linkType LINKTYPE_ value of the capture interface
   */
  decode(
    columns: PacketColumns,
    row: number,
    bytes: Uint8Array,
    offset: number,
    capturedLength: number,
    wireLength: number,
    timeUs: number,
    timeNs: number,
    linkType: number,
  ): void {
    columns.timeUs[row] = timeUs;
    columns.timeNs[row] = timeNs;
    columns.linkType[row] = linkType;
    columns.length[row] = wireLength;
    columns.capturedLength[row] = capturedLength;
    const c = (this.#cursor ??= new Cursor(columns));
    c.columns = columns;
    c.row = row;
    c.setBytes(bytes);
    c.position = offset;
    c.end = offset + capturedLength;
    // A record that captured more than it says was on the wire is taken by what is there.
    c.wireEnd = offset + Math.min(Math.max(wireLength, capturedLength), MAX_WIRE_LENGTH);
    c.layers = 0;
    c.quality = capturedLength < wireLength ? QUALITY.truncated : 0;
    if (timeUs >= TIME_LIMIT_US || timeUs <= -TIME_LIMIT_US) c.quality |= QUALITY.timeClamped;
    c.etherType = 0;
    c.networks = 0;
    c.tags = 0;
    c.destinationMacAt = -1;
    c.sourceMacAt = -1;
    c.senderMacAt = -1;
    walk(c, firstOfLinkType(linkType));
    if ((c.layers & LAYER.addresses) === 0 && c.sourceMacAt >= 0) setMacAddresses(c);
    if (c.senderMacAt >= 0) setSenderMac(c);
    if (c.networks === 0 && wireLength > ORDINARY_FRAME) c.quality |= QUALITY.oversize;
    columns.layers[row] = c.layers;
    columns.quality[row] = c.quality;
    columns.etherType[row] = c.etherType;
  }
}

/** Where the headers of one packet lie, as the decoder walked them. */
export interface HeaderTrace {
  /** Pairs of a NEXT value and the offset in `bytes` at which that header starts, from the outside in. */
  readonly headers: readonly number[];
  /** Where the decoder stopped, and where the innermost layer ends, both as offsets in `bytes`. */
  readonly position: number;
  readonly end: number;
}

function walk(c: Cursor, first: Next): void {
  let next = first;
  for (let headers = 0; next !== NEXT.done; headers += 1) {
    if (headers === MAX_HEADERS) {
      c.quality |= QUALITY.tooDeep;
      return;
    }
    if (c.trace !== null) c.trace.push(next, c.position);
    next = step(c, next);
  }
}

/** The protocol a capture's LINKTYPE_ starts with. */
function firstOfLinkType(linkType: number): Next {
  switch (linkType) {
    case 1:
      return NEXT.ethernet;
    case 0:
      return NEXT.null;
    case 108:
      return NEXT.loop;
    case 101: // LINKTYPE_RAW
    case 12: // DLT_RAW on most systems
    case 14: // DLT_RAW on OpenBSD
      return NEXT.rawIp;
    case 228:
      return NEXT.ipv4;
    case 229:
      return NEXT.ipv6;
    case 113:
      return NEXT.cooked;
    case 276:
      return NEXT.cooked2;
    case 9: // LINKTYPE_PPP
    case 50: // LINKTYPE_PPP_HDLC
    case 104: // LINKTYPE_C_HDLC
      return NEXT.hdlc;
    case 51:
      return NEXT.pppoe;
    case 107:
      return NEXT.frameRelay;
    default:
      return NEXT.unknownLink;
  }
}

function step(c: Cursor, next: number): Next {
  switch (next) {
    case NEXT.ethernet:
      return decodeEthernet(c);
    case NEXT.ipv4:
      return decodeIpv4(c);
    case NEXT.ipv6:
      return decodeIpv6(c);
    case NEXT.tcp:
      return decodeTcp(c);
    case NEXT.udp:
      return decodeUdp(c);
    default:
      return stepRare(c, next);
  }
}

/** Apart from `step`, so that the common path stays small enough to be inlined. */
function stepRare(c: Cursor, next: number): Next {
  switch (next) {
    case NEXT.llc:
      return decodeLlc(c);
    case NEXT.vlan:
      return decodeVlan(c);
    case NEXT.mpls:
      return decodeMpls(c);
    case NEXT.pppoe:
      return decodePppoe(c);
    case NEXT.ppp:
      return decodePpp(c);
    case NEXT.hdlc:
      return decodeHdlc(c);
    case NEXT.ciscoHdlc:
      return decodeCiscoHdlc(c);
    case NEXT.arp:
      return decodeArp(c);
    case NEXT.icmp:
      return decodeIcmp(c);
    case NEXT.icmpv6:
      return decodeIcmpv6(c);
    case NEXT.sctp:
      return decodeSctp(c);
    case NEXT.authentication:
      return decodeAuthentication(c);
    case NEXT.rawIp:
      return decodeRawIp(c);
    case NEXT.null:
      return decodeLoopback(c, false);
    case NEXT.loop:
      return decodeLoopback(c, true);
    case NEXT.frameRelay:
      return decodeFrameRelay(c);
    case NEXT.ciscoMetadata:
      return decodeCiscoMetadata(c);
    case NEXT.cooked:
      return decodeCooked(c);
    case NEXT.cooked2:
      return decodeCooked2(c);
    case NEXT.unknownLink:
      c.quality |= QUALITY.unknownLink;
      return NEXT.done;
    default:
      return stepTunnel(c, next);
  }
}

function stepTunnel(c: Cursor, next: number): Next {
  switch (next) {
    case NEXT.gre:
      return decodeGre(c);
    case NEXT.ipInIpv4:
      return enterIpInIp(c, NEXT.ipv4);
    case NEXT.ipInIpv6:
      return enterIpInIp(c, NEXT.ipv6);
    case NEXT.vxlan:
      return decodeVxlan(c);
    case NEXT.geneve:
      return decodeGeneve(c);
    case NEXT.erspan:
      return decodeErspan(c);
    case NEXT.gtpu:
      return decodeGtpu(c);
    case NEXT.l2tp:
      return decodeL2tp(c);
    case NEXT.teredo:
      return decodeTeredo(c);
    case NEXT.serviceHeader:
      return decodeServiceHeader(c);
    case NEXT.etherIp:
      return decodeEtherIp(c);
    case NEXT.providerBackbone:
      return decodeProviderBackbone(c);
    default:
      return NEXT.done;
  }
}
