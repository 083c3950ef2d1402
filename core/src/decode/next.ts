/** What can follow a header: the numbers the protocol functions return and the decoder's loop dispatches on. */

export const NEXT = {
  done: 0,
  ethernet: 1,
  llc: 2,
  vlan: 3,
  mpls: 4,
  pppoe: 5,
  ppp: 6,
  arp: 7,
  ipv4: 8,
  ipv6: 9,
  tcp: 10,
  udp: 11,
  sctp: 12,
  icmp: 13,
  icmpv6: 14,
  gre: 15,
  vxlan: 16,
  geneve: 17,
  erspan: 18,
  gtpu: 19,
  l2tp: 20,
  etherIp: 21,
  authentication: 22,
  providerBackbone: 23,
  /** Either IP version, told by its first four bits. */
  rawIp: 24,
  null: 25,
  loop: 26,
  cooked: 27,
  cooked2: 28,
  hdlc: 29,
  /** Cisco HDLC. */
  ciscoHdlc: 30,
  ipInIpv4: 32,
  ipInIpv6: 33,
  frameRelay: 31,
  unknownLink: 34,
  teredo: 35,
  ciscoMetadata: 36,
  serviceHeader: 37,
} as const;

export type Next = (typeof NEXT)[keyof typeof NEXT];

/** What an EtherType announces (IEEE registry); `done` for what is not looked into. */
export function nextOfEtherType(etherType: number): Next {
  switch (etherType) {
    case 0x0800:
      return NEXT.ipv4;
    case 0x86dd:
      return NEXT.ipv6;
    case 0x0806: // ARP
    case 0x8035: // RARP
      return NEXT.arp;
    case 0x8100: // 802.1Q
    case 0x88a8: // 802.1ad
    case 0x9100: // QinQ before 802.1ad
    case 0x9200:
      return NEXT.vlan;
    case 0x8847:
    case 0x8848:
      return NEXT.mpls;
    case 0x8863:
    case 0x8864:
      return NEXT.pppoe;
    case 0x880b:
      return NEXT.ppp;
    case 0x8909: // Cisco TrustSec
      return NEXT.ciscoMetadata;
    case 0x894f: // network service header (RFC 8300)
      return NEXT.serviceHeader;
    case 0x88e7:
      return NEXT.providerBackbone;
    case 0x6558: // transparent Ethernet bridging (RFC 7637)
      return NEXT.ethernet;
    default:
      return NEXT.done;
  }
}

/** What an IP protocol number announces (IANA registry); `done` for what is not looked into. */
export function nextOfIpProtocol(protocol: number): Next {
  switch (protocol) {
    case 6:
      return NEXT.tcp;
    case 17:
    case 136: // UDP-Lite: the same first eight bytes (RFC 3828)
      return NEXT.udp;
    case 1:
      return NEXT.icmp;
    case 58:
      return NEXT.icmpv6;
    case 132:
      return NEXT.sctp;
    case 47:
      return NEXT.gre;
    case 4:
      return NEXT.ipInIpv4;
    case 41:
      return NEXT.ipInIpv6;
    case 51:
      return NEXT.authentication;
    case 97:
      return NEXT.etherIp;
    case 137: // MPLS in IP (RFC 4023)
      return NEXT.mpls;
    case 145: // network service header (RFC 8300)
      return NEXT.serviceHeader;
    case 143: // Ethernet in SRv6 (RFC 8986)
      return NEXT.ethernet;
    default:
      return NEXT.done;
  }
}
