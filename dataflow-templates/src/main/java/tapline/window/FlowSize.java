package tapline.window;

/**
 * Bytes that a flow record takes at most in the byte form of the TypeScript stages (core/src/window/flow-codec.ts): it
 * decides which flows of a batch become sums, and both sides must decide alike.
 */
final class FlowSize {
  private static final int ADDRESS_TYPE_IPV4 = 4;

  private FlowSize() {}

  static int of(FlowRecord flow, long windowStartUs) {
    int bytes = 3 + 5 + (flow.addressType == ADDRESS_TYPE_IPV4 ? 8 : 32);
    bytes += varint(flow.protocol) + varint(flow.sourcePort) + varint(flow.destinationPort);
    bytes += varint(flow.firstUs - windowStartUs) + varint(flow.lastUs - flow.firstUs) + 2;
    for (int side = 0; side < 2; side++) {
      bytes += present(flow.packets[side]) + present(flow.bytes[side]);
      bytes += present(flow.payload[side]) + present(flow.opens[side]);
      bytes += present(flow.accepts[side]) + present(flow.refusals[side]);
      bytes += present(flow.flags[side]) + present(flow.pushes[side]);
    }
    return bytes;
  }

  private static int present(long value) {
    return value > 0 ? varint(value) : 0;
  }

  private static int varint(long value) {
    int bytes = 1;
    for (long rest = value; rest >= 128; rest /= 128) bytes++;
    return bytes;
  }
}
