/**
 * Gives the hosts of captured frames other addresses, IPv4 and MAC, where they lie in the bytes: also in ARP and in the header
 * that an ICMP error quotes. A MAC address is replaced where it is the one that the host had: not a router's, and not that of
 * somebody who only says that he is the host. Checksums stay as they were: nothing in the line looks at them, but Wireshark
 * would complain. IPv6 and what is inside tunnels stays as it is.
 */

export interface MappedHost {
  /** IPv4 address as 32 bits. */
  readonly address: number;
  /** Which MAC address becomes which, six bytes each; absent where nobody's does. */
  readonly mac?: { readonly was: Uint8Array; readonly becomes: Uint8Array };
}

/** By IPv4 address as 32 bits. */
export type HostMap = ReadonlyMap<number, MappedHost>;

const IPV4 = 0x0800;
const ARP = 0x0806;
/** 802.1Q, 802.1ad and the older 0x9100. */
const VLAN_TYPES: readonly number[] = [0x8100, 0x88a8, 0x9100];
/** Where the network header and its EtherType are, by LINKTYPE_ value: loopback, raw IP, Linux cooked (1 and 2). */
const NETWORK_AT: Readonly<Record<number, readonly [at: number, typeAt: number | undefined]>> = {
  0: [4, undefined],
  12: [0, undefined],
  101: [0, undefined],
  108: [4, undefined],
  113: [16, 14],
  228: [0, undefined],
  276: [20, 0],
};
const ETHERNET = 1;
const ICMP = 1;
/** ICMP messages that quote the packet they are about. */
const QUOTING: readonly number[] = [3, 4, 5, 11, 12];

/** Rewrites one frame in place; what is cut short is left as it is. */
export function mapAddresses(frame: Uint8Array, linkType: number, hosts: HostMap): void {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
  const { at, type } = networkHeader(view, linkType);
  if (type === IPV4) {
    const [source, destination] = mapIpv4(view, at, hosts);
    if (linkType === ETHERNET) setMacs(frame, source, destination);
  } else if (type === ARP && view.byteLength >= at + 28) {
    const sender = mapWord(view, at + 14, hosts);
    const target = mapWord(view, at + 24, hosts);
    setMac(frame, at + 8, sender);
    setMac(frame, at + 18, target);
    if (linkType === ETHERNET) setMacs(frame, sender, target);
  }
}

function networkHeader(view: DataView, linkType: number): { at: number; type: number | undefined } {
  if (linkType !== ETHERNET) {
    const [at, typeAt] = NETWORK_AT[linkType] ?? [0, 0];
    if (NETWORK_AT[linkType] === undefined || view.byteLength < at + 20) return { at: 0, type: undefined };
    if (typeAt !== undefined) return { at, type: view.getUint16(typeAt) };
    return { at, type: view.getUint8(at) >> 4 === 4 ? IPV4 : undefined };
  }
  let at = 12;
  while (view.byteLength >= at + 6 && VLAN_TYPES.includes(view.getUint16(at))) at += 4;
  return { at: at + 2, type: view.byteLength >= at + 2 ? view.getUint16(at) : undefined };
}

function mapIpv4(
  view: DataView,
  at: number,
  hosts: HostMap,
): [source: MappedHost | undefined, destination: MappedHost | undefined] {
  if (view.byteLength < at + 20) return [undefined, undefined];
  const payload = at + 4 * (view.getUint8(at) & 15);
  const isFirst = (view.getUint16(at + 6) & 0x1fff) === 0;
  if (
    view.getUint8(at + 9) === ICMP &&
    isFirst &&
    view.byteLength > payload &&
    QUOTING.includes(view.getUint8(payload))
  ) {
    mapIpv4(view, payload + 8, hosts);
  }
  return [mapWord(view, at + 12, hosts), mapWord(view, at + 16, hosts)];
}

function mapWord(view: DataView, at: number, hosts: HostMap): MappedHost | undefined {
  const mapped = hosts.get(view.getUint32(at));
  if (mapped !== undefined) view.setUint32(at, mapped.address);
  return mapped;
}

function setMacs(frame: Uint8Array, source: MappedHost | undefined, destination: MappedHost | undefined): void {
  setMac(frame, 0, destination);
  setMac(frame, 6, source);
}

function setMac(frame: Uint8Array, at: number, host: MappedHost | undefined): void {
  const mac = host?.mac;
  if (mac?.was.every((byte, index) => frame[at + index] === byte) === true) frame.set(mac.becomes, at);
}
