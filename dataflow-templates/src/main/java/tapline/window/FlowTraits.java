package tapline.window;

import tapline.names.Names;

/** What one flow's counts say about it (core/src/window/flow-traits.ts): who began it, whether it was answered. */
public final class FlowTraits {
  public static final int ICMP = 1;
  public static final int TCP = 6;
  public static final int UDP = 17;
  public static final int ICMPV6 = 58;
  static final int ARP = FlowRecord.NOT_IP + 0x0806;

  private static final int FIN = 1;
  private static final int ACK = 16;
  private static final int XMAS = FIN | 8 | 32;
  private static final int PROBE_PACKETS = 3;
  private static final int FIRST_UNPRIVILEGED_PORT = 1024;
  private static final int ONE_WAY_PACKETS = 3;

  private FlowTraits() {}

  /** The side that began the flow: a SYN or SYN-ACK decides, without either a service port does. */
  public static int initiator(FlowRecord flow) {
    if (flow.opens[0] > 0) return 0;
    if (flow.opens[1] > 0 || flow.accepts[0] > 0) return 1;
    if (flow.accepts[1] > 0) return 0;
    int source = flow.sourcePort;
    int destination = flow.destinationPort;
    boolean fromReflector = Names.isReflectorPort(source);
    if (flow.protocol == UDP && fromReflector != Names.isReflectorPort(destination)) {
      return fromReflector ? 1 : 0;
    }
    boolean fromService = source > 0 && source < FIRST_UNPRIVILEGED_PORT;
    return fromService && destination >= FIRST_UNPRIVILEGED_PORT ? 1 : 0;
  }

  /** The initiator sent more than opening and refusing packets. */
  public static boolean isCompleted(FlowRecord flow, int initiator) {
    return flow.packets[initiator] > flow.opens[initiator] + flow.refusals[initiator];
  }

  /** TCP: connection requests of which none was completed. */
  public static boolean isHalfOpen(FlowRecord flow, int initiator) {
    return flow.protocol == TCP && flow.opens[initiator] > 0 && !isCompleted(flow, initiator);
  }

  /** The initiator asked and got no, or nothing. */
  public static boolean isFailedContact(FlowRecord flow, int initiator) {
    int answered = 1 - initiator;
    return switch (flow.protocol) {
      case TCP ->
          flow.opens[initiator] > 0
              && flow.packets[answered] == flow.refusals[answered]
              && !isCompleted(flow, initiator);
      case UDP -> flow.packets[initiator] > 0 && flow.packets[answered] == 0;
      case ICMP, ICMPV6, ARP -> flow.opens[initiator] > 0 && flow.packets[answered] == 0;
      default -> false;
    };
  }

  /** The contact got an answer that shows a living service or host. */
  public static boolean isAnswered(FlowRecord flow, int initiator) {
    return flow.packets[1 - initiator] > flow.refusals[1 - initiator];
  }

  /** A TCP probe without SYN: NULL, FIN, Xmas, or a lone ACK that was answered by RST. */
  static boolean isIllegalProbe(FlowRecord flow) {
    if (flow.protocol != TCP || flow.packets[0] > PROBE_PACKETS) return false;
    if (flow.packets[0] == 0 || flow.payload[0] > 0) return false;
    if (flow.packets[1] != flow.refusals[1]) return false;
    int flags = flow.flags[0];
    if (flags == 0 || flags == FIN || flags == XMAS) return true;
    return flags == ACK && flow.refusals[1] > 0;
  }

  /** Several packets with ACK beyond SYNs, SYN-ACKs and RSTs: this side believes in a connection. */
  public static boolean isEstablishedSide(FlowRecord flow, int side) {
    long beyond =
        flow.packets[side] - flow.opens[side] - flow.accepts[side] - flow.refusals[side];
    return beyond >= ONE_WAY_PACKETS && (flow.flags[side] & ACK) != 0;
  }
}
