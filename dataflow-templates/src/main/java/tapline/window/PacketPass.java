package tapline.window;

import static tapline.window.PacketBits.ACK;
import static tapline.window.PacketBits.PSH;
import static tapline.window.PacketBits.RST;
import static tapline.window.PacketBits.SYN;

import java.util.Arrays;
import tapline.wire.PacketColumns;

/** The pass over the packets of one window: what is done for every packet (core/src/window/packet-pass.ts). */
final class PacketPass {
  private static final int ARP_REQUEST = 1;
  private static final int ARP_REPLY = 2;
  private static final Counter[] FLAG_COUNTERS = {
    Counter.FIN, null, Counter.RST, Counter.PSH, Counter.ACK, Counter.URG, Counter.ECE, Counter.CWR
  };

  private final WindowPartial partial;
  private final PacketColumns columns;
  private final String session;

  /** By number of the flow in the batch. */
  private final FlowRecord[] flows;

  private final long[] flagCounts = new long[PacketBits.FLAG_VALUES];

  PacketPass(WindowPartial partial, PacketColumns columns, String session) {
    this.partial = partial;
    this.columns = columns;
    this.session = session;
    flows = new FlowRecord[columns.index.flows()];
  }

  void add(int row) {
    int layers = columns.layers[row];
    long size = Integer.toUnsignedLong(columns.length[row]);
    int second = (int) ((columns.timeUs[row] - partial.windowStartUs) / WindowPartial.SECOND_US);
    int place = TrafficClass.of(layers, columns.ipProtocol[row]);
    int cell = second * WindowPartial.CLASSES + place;
    partial.secondPackets[cell]++;
    partial.secondBytes[cell] += size;
    partial.sizes.add(size);
    partial.minLength = Math.min(partial.minLength, size);
    partial.maxLength = Math.max(partial.maxLength, size);
    partial.count(Counter.PACKETS, 1);
    partial.count(Counter.BYTES, size);
    partial.count(TrafficClass.ALL[place].packets, 1);
    addVersion((layers >>> PacketBits.IPV4_SHIFT) & 3);
    if ((layers & PacketBits.FRAGMENT) != 0) partial.count(Counter.FRAGMENTS, 1);
    if (columns.tunnelDepth[row] != 0) partial.count(Counter.TUNNELLED, 1);
    if (columns.quality[row] != 0) addQuality(columns.quality[row]);

    FlowRecord flow = addToFlow(row, size);
    int side = columns.direction[row] & 1;
    if ((layers & PacketBits.TCP) != 0) addTcp(row, flow, side);
    else if ((layers & PacketBits.ARP) != 0) addArp(row, flow, side);
    else if ((layers & PacketBits.ANY_ICMP) != 0) addIcmp(row, size, flow, side);
  }

  /** Adds what was gathered over all rows. SYN counts with or without ECN bits. */
  void finish() {
    for (int bits = 0; bits < flagCounts.length; bits++) {
      long packets = flagCounts[bits];
      if (packets == 0) continue;
      if (bits == 0) partial.count(Counter.NULL_FLAGS, packets);
      if ((bits & SYN) != 0) {
        partial.count((bits & ACK) != 0 ? Counter.SYN_ACK : Counter.SYN, packets);
      }
      for (int bit = 0; bit < FLAG_COUNTERS.length; bit++) {
        if (FLAG_COUNTERS[bit] != null && (bits & (1 << bit)) != 0) {
          partial.count(FLAG_COUNTERS[bit], packets);
        }
      }
    }
  }

  /** The two bits say IPv4, IPv6, or both: one inside the other, which counts as IPv4. */
  private void addVersion(int bits) {
    if ((bits & 1) != 0) partial.count(Counter.IPV4_PACKETS, 1);
    else if (bits != 0) partial.count(Counter.IPV6_PACKETS, 1);
  }

  private void addQuality(int quality) {
    if ((quality & PacketBits.ANY_MALFORMED) != 0) partial.count(Counter.MALFORMED, 1);
    if ((quality & PacketBits.TRUNCATED) != 0) partial.count(Counter.TRUNCATED, 1);
    if ((quality & PacketBits.OVERSIZE) != 0) partial.count(Counter.OVERSIZE, 1);
    if ((quality & PacketBits.DUPLICATE) != 0) partial.count(Counter.DUPLICATES, 1);
    if ((quality & PacketBits.LENGTH_LIE) != 0) partial.count(Counter.LENGTH_LIES, 1);
  }

  /** The record of the packet's flow, null for a packet without one. */
  private FlowRecord addToFlow(int row, long size) {
    if (columns.flow[row] == 0) {
      partial.protocols.add(protocolCode(row), 1, size);
      return null;
    }
    int local = columns.index.local[row];
    FlowRecord flow = flows[local];
    if (flow == null) {
      flow = begin(row);
      flows[local] = flow;
      partial.put(flow);
    }
    int side = columns.direction[row] & 1;
    flow.packets[side]++;
    flow.bytes[side] += size;
    flow.payload[side] += Integer.toUnsignedLong(columns.payloadLength[row]);
    flow.firstUs = Math.min(flow.firstUs, columns.timeUs[row]);
    flow.lastUs = Math.max(flow.lastUs, columns.timeUs[row]);
    return flow;
  }

  /** A new record whose key is as the flow's first packet had it: {@code row} may go the other way. */
  private FlowRecord begin(int row) {
    boolean reversed = (columns.direction[row] & 1) != 0;
    int[] addresses = new int[8];
    System.arraycopy(columns.source, 4 * row, addresses, reversed ? 4 : 0, 4);
    System.arraycopy(columns.destination, 4 * row, addresses, reversed ? 0 : 4, 4);
    int sourcePort = columns.sourcePort[row];
    int destinationPort = columns.destinationPort[row];
    FlowRecord flow =
        new FlowRecord(
            session,
            columns.flow[row],
            columns.addressType[row],
            protocolCode(row),
            addresses,
            reversed ? destinationPort : sourcePort,
            reversed ? sourcePort : destinationPort);
    flow.firstNumber = columns.firstNumber + row;
    return flow;
  }

  private int protocolCode(int row) {
    boolean isIp = (columns.layers[row] & PacketBits.IP) != 0;
    return isIp ? columns.ipProtocol[row] : FlowRecord.NOT_IP + columns.etherType[row];
  }

  private void addTcp(int row, FlowRecord flow, int side) {
    int bits = columns.tcpFlags[row] & (PacketBits.FLAG_VALUES - 1);
    flagCounts[bits]++;
    if (flow == null) return;
    flow.flags[side] |= bits;
    if ((bits & PSH) != 0 && columns.payloadLength[row] != 0) flow.pushes[side]++;
    if ((bits & SYN) != 0) {
      if ((bits & ACK) != 0) flow.accepts[side]++;
      else flow.opens[side]++;
    } else if ((bits & RST) != 0) flow.refusals[side]++;
  }

  private void addArp(int row, FlowRecord flow, int side) {
    int op = columns.arpOp[row];
    if (op == ARP_REQUEST) partial.count(Counter.ARP_REQUESTS, 1);
    if (op == ARP_REPLY) partial.count(Counter.ARP_REPLIES, 1);
    if (flow == null) return;
    if (op == ARP_REQUEST && !isGratuitous(row)) flow.opens[side]++;
    if (op == ARP_REPLY) flow.accepts[side]++;
  }

  /** An ARP announcement asks for its own address (RFC 5227): it contacts nobody. */
  private boolean isGratuitous(int row) {
    int from = 4 * row;
    return Arrays.equals(columns.source, from, from + 4, columns.destination, from, from + 4);
  }

  private void addIcmp(int row, long size, FlowRecord flow, int side) {
    int type = columns.icmpType[row];
    int protocol = columns.ipProtocol[row];
    partial.icmpTypes.add((long) protocol << 16 | type << 8 | columns.icmpCode[row], 1, size);
    if (flow == null) return;
    boolean isV6 = protocol == FlowTraits.ICMPV6;
    if (type == (isV6 ? 128 : 8)) flow.opens[side]++;
    else if (type == (isV6 ? 129 : 0)) flow.accepts[side]++;
    else if (type == (isV6 ? 1 : 3)) flow.refusals[side]++;
  }
}
