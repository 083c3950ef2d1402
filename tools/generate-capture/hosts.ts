/**
 * The address plan of the generated network. A host is a number, and its addresses, MAC and hop distance follow from it:
 * 0 to 65,535 is the site (10.20.0.0/16, 2001:db8:20::/48), above that the outside (198.18.0.0/15, the benchmarking
 * range of RFC 2544, and 2001:db8:cafe::/48), which is seen through the router's MAC.
 */

/** First host number of the outside. */
export const OUTSIDE = 65536;
/** First host number of the sources a flood pretends to come from (198.19.0.0/16). */
export const BOTS = OUTSIDE + 65536;
/** Host that is the site's router (10.20.0.1). */
export const ROUTER = 1;
/** The site's own servers: web, DNS, SSH and file server. */
export const SERVER = { web: 10, dns: 11, ssh: 12, files: 13 } as const;
/** The site's clients: 120 of them. */
export const CLIENTS = { first: 100, count: 120 } as const;
/** Client that watches the others' services. */
export const MONITOR = CLIENTS.first;
/** How many outside servers the benign traffic knows. */
export const OUTSIDE_SERVERS = 10_000;

/** IPv4 address of a host as an unsigned 32-bit number. */
export function ipv4Of(host: number): number {
  return host < OUTSIDE ? 0x0a140000 + host : 0xc6120000 + (host - OUTSIDE);
}

/** Dotted form of `ipv4Of`, for labels. */
export function ipv4Text(host: number): string {
  const address = ipv4Of(host);
  return [address >>> 24, (address >>> 16) & 255, (address >>> 8) & 255, address & 255].join('.');
}

/** Writes the 16 bytes of a host's IPv6 address. */
export function writeIpv6(bytes: Uint8Array, offset: number, host: number): void {
  bytes.fill(0, offset, offset + 16);
  bytes[offset] = 0x20;
  bytes[offset + 1] = 0x01;
  bytes[offset + 2] = 0x0d;
  bytes[offset + 3] = 0xb8;
  const inside = host < OUTSIDE;
  bytes[offset + 4] = inside ? 0x00 : 0xca;
  bytes[offset + 5] = inside ? 0x20 : 0xfe;
  const id = inside ? host : host - OUTSIDE;
  bytes[offset + 13] = id >>> 16;
  bytes[offset + 14] = (id >>> 8) & 255;
  bytes[offset + 15] = id & 255;
}

/** Writes the MAC a host is seen under: its own inside, the router's for everything outside. */
export function writeMac(bytes: Uint8Array, offset: number, host: number): void {
  const seen = host < OUTSIDE ? host : ROUTER;
  bytes[offset] = 0x02;
  bytes[offset + 1] = 0x1a;
  bytes[offset + 2] = 0;
  bytes[offset + 3] = 0;
  bytes[offset + 4] = seen >>> 8;
  bytes[offset + 5] = seen & 255;
}

/** TTL a host's packets arrive with: 64 or 128 where they start, less the hops to the tap. */
export function ttlOf(host: number): number {
  const mixed = Math.imul(host, 0x9e3779b1) >>> 0;
  const initial = mixed % 3 === 0 ? 128 : 64;
  return host < OUTSIDE ? initial : initial - 4 - ((mixed >>> 8) % 20);
}
