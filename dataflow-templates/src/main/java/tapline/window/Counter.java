package tapline.window;

/** The plain counters of a window, named as in core/src/window/counters.ts. */
public enum Counter {
  PACKETS("packets"),
  BYTES("bytes"),
  PAYLOAD_BYTES("payloadBytes"),
  TCP_PACKETS("tcpPackets"),
  UDP_PACKETS("udpPackets"),
  ICMP_PACKETS("icmpPackets"),
  ARP_PACKETS("arpPackets"),
  OTHER_PACKETS("otherPackets"),
  IPV4_PACKETS("ipv4Packets"),
  IPV6_PACKETS("ipv6Packets"),
  FRAGMENTS("fragments"),
  TUNNELLED("tunnelled"),
  ARP_REQUESTS("arpRequests"),
  ARP_REPLIES("arpReplies"),
  SYN("syn"),
  SYN_ACK("synAck"),
  RST("rst"),
  FIN("fin"),
  PSH("psh"),
  ACK("ack"),
  URG("urg"),
  ECE("ece"),
  CWR("cwr"),
  NULL_FLAGS("nullFlags"),
  MALFORMED("malformed"),
  TRUNCATED("truncated"),
  OVERSIZE("oversize"),
  DUPLICATES("duplicates"),
  LENGTH_LIES("lengthLies"),
  /** Flow records folded into buckets because a bound was hit. */
  ROWS_SHED("rowsShed"),
  /** Keys of folded flows (a host, a service …) for which no bucket was kept. */
  KEYS_DROPPED("keysDropped");

  /** The KPI of the same name. */
  public final String kpi;

  Counter(String kpi) {
    this.kpi = kpi;
  }
}
