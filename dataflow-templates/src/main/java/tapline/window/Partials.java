package tapline.window;

import java.util.LinkedHashMap;
import java.util.Map;
import tapline.sketch.Hash;
import tapline.wire.Batch;
import tapline.wire.PacketColumns;

/** From a batch to its partials, one per window it touches (core/src/window/build-partials.ts). */
public final class Partials {
  private Partials() {}

  /**
   * The partials of one batch by window start.
   *
   * @param windowUs whole seconds
   */
  public static Map<Long, WindowPartial> of(Batch batch, long windowUs) {
    PacketColumns columns = batch.columns();
    Map<Long, PacketPass> passes = new LinkedHashMap<>();
    Map<Long, WindowPartial> partials = new LinkedHashMap<>();
    for (int row = 0; row < columns.count; row++) {
      long start = windowStart(columns.timeUs[row], windowUs);
      PacketPass pass = passes.get(start);
      if (pass == null) {
        WindowPartial partial = new WindowPartial(start, windowUs);
        pass = new PacketPass(partial, columns, batch.header().session());
        passes.put(start, pass);
        partials.put(start, partial);
      }
      pass.add(row);
    }
    passes.values().forEach(PacketPass::finish);
    partials.values().forEach(Partials::addFlows);
    return partials;
  }

  /** Start of the window that holds {@code timeUs}; times before 1970 floor like any other. */
  public static long windowStart(long timeUs, long windowUs) {
    return Math.floorDiv(timeUs, windowUs) * windowUs;
  }

  /** What needs doing once per flow: protocols, distinct counts, entropy bins. */
  private static void addFlows(WindowPartial partial) {
    for (FlowRecord flow : partial.flows()) {
      partial.count(Counter.PAYLOAD_BYTES, flow.payload[0] + flow.payload[1]);
      partial.protocols.add(flow.protocol, flow.totalPackets(), flow.bytes[0] + flow.bytes[1]);
      int source = Hash.address(flow.addresses, 0);
      int destination = Hash.address(flow.addresses, 4);
      int sourcePort = Hash.pair(flow.sourcePort, 1);
      int destinationPort = Hash.pair(flow.destinationPort, 1);
      boolean sourceFirst = Integer.compareUnsigned(source, destination) < 0;
      partial.pairs.add(
          sourceFirst ? Hash.pair(source, destination) : Hash.pair(destination, source));
      boolean hasPorts = flow.sourcePort + flow.destinationPort > 0;
      addHosts(partial, source, destination, flow.packets[0]);
      addHosts(partial, destination, source, flow.packets[1]);
      if (hasPorts) addPorts(partial, sourcePort, destinationPort, flow.packets[0]);
      if (hasPorts) addPorts(partial, destinationPort, sourcePort, flow.packets[1]);
    }
    partial.compact();
  }

  private static void addHosts(WindowPartial partial, int source, int destination, long packets) {
    if (packets == 0) return;
    partial.sources.add(source);
    partial.destinations.add(destination);
    partial.sourceBins.add(source, packets);
    partial.destinationBins.add(destination, packets);
  }

  private static void addPorts(WindowPartial partial, int source, int destination, long packets) {
    if (packets == 0) return;
    partial.sourcePorts.add(source);
    partial.destinationPorts.add(destination);
    partial.sourcePortBins.add(source, packets);
    partial.destinationPortBins.add(destination, packets);
  }
}
