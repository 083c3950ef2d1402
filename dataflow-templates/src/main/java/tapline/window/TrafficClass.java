package tapline.window;

/** Classes of the stacked traffic chart, in its order (core/src/kpi/kpi-row.ts); bytes are counted per second alone. */
enum TrafficClass {
  TCP(Counter.TCP_PACKETS),
  UDP(Counter.UDP_PACKETS),
  ICMP(Counter.ICMP_PACKETS),
  ARP(Counter.ARP_PACKETS),
  OTHER(Counter.OTHER_PACKETS);

  static final TrafficClass[] ALL = values();

  final Counter packets;

  TrafficClass(Counter packets) {
    this.packets = packets;
  }

  /** Number of the class of a packet. */
  static int of(int layers, int ipProtocol) {
    if ((layers & PacketBits.IP) == 0) {
      return ((layers & PacketBits.ARP) != 0 ? ARP : OTHER).ordinal();
    }
    return switch (ipProtocol) {
      case FlowTraits.TCP -> TCP.ordinal();
      case FlowTraits.UDP -> UDP.ordinal();
      case FlowTraits.ICMP, FlowTraits.ICMPV6 -> ICMP.ordinal();
      default -> OTHER.ordinal();
    };
  }
}
