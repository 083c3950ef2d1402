package tapline.window;

import java.io.Serializable;

/**
 * What one flow did in one window (core/src/window/flow-records.ts). Arrays have one element per direction: 0 forward, as
 * the flow's first packet went, 1 reverse. {@code opens}, {@code accepts} and {@code refusals} are one idea in several
 * protocols: TCP SYN, SYN-ACK, RST; ICMP echo request, reply, unreachable; ARP request and reply.
 */
public final class FlowRecord implements Serializable {
  /** Protocol codes below it are IP protocol numbers, from it on EtherTypes. */
  public static final int NOT_IP = 0x10000;

  public final String session;

  /** Number of the flow in its session, unsigned. */
  public final int flow;

  public final int addressType;
  public final int protocol;

  /** Source and destination, four words each. */
  public final int[] addresses;

  public final int sourcePort;
  public final int destinationPort;

  /** Number of the flow's first packet in the window. */
  public long firstNumber = Long.MAX_VALUE;

  public long firstUs = Long.MAX_VALUE;
  public long lastUs = Long.MIN_VALUE;
  public final long[] packets = new long[2];
  public final long[] bytes = new long[2];
  public final long[] payload = new long[2];
  public final long[] opens = new long[2];
  public final long[] accepts = new long[2];
  public final long[] refusals = new long[2];
  public final long[] pushes = new long[2];

  /** Union of TCP flags. */
  public final int[] flags = new int[2];

  FlowRecord(
      String session,
      int flow,
      int addressType,
      int protocol,
      int[] addresses,
      int sourcePort,
      int destinationPort) {
    this.session = session;
    this.flow = flow;
    this.addressType = addressType;
    this.protocol = protocol;
    this.addresses = addresses;
    this.sourcePort = sourcePort;
    this.destinationPort = destinationPort;
  }

  /** A record of the same flow with nothing counted. */
  FlowRecord empty() {
    return new FlowRecord(
        session, flow, addressType, protocol, addresses, sourcePort, destinationPort);
  }

  /** Adds what another record of the same flow counted. */
  void add(FlowRecord other) {
    firstNumber = Math.min(firstNumber, other.firstNumber);
    firstUs = Math.min(firstUs, other.firstUs);
    lastUs = Math.max(lastUs, other.lastUs);
    for (int side = 0; side < 2; side++) {
      packets[side] += other.packets[side];
      bytes[side] += other.bytes[side];
      payload[side] += other.payload[side];
      opens[side] += other.opens[side];
      accepts[side] += other.accepts[side];
      refusals[side] += other.refusals[side];
      pushes[side] += other.pushes[side];
      flags[side] |= other.flags[side];
    }
  }

  public long totalPackets() {
    return packets[0] + packets[1];
  }

  /** Where the words of the address begin that sent in direction {@code side}. */
  public static int addressAt(int side) {
    return 4 * side;
  }

  /** The port that sent in direction {@code side}. */
  public int port(int side) {
    return side == 0 ? sourcePort : destinationPort;
  }
}
