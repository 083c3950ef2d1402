package tapline.kpi;

import java.util.List;
import java.util.Locale;
import tapline.names.Names;
import tapline.window.FlowBucket;
import tapline.window.FlowRecord;
import tapline.window.FlowTraits;
import tapline.window.WindowPartial;

/** The largest hosts, pairs and services of a pane, by bytes (core/src/kpi/top-talkers.ts). */
record TopTalkers(
    List<TopEntry> sources,
    List<TopEntry> destinations,
    List<TopEntry> pairs,
    List<TopEntry> services) {

  private record Pair(Host initiator, Host responder) {
    String text() {
      return initiator.text() + " > " + responder.text();
    }
  }

  private record Service(int protocol, int port) {
    /** {@code tcp/443}; without the port for protocols that have none. */
    String text() {
      String name = Names.protocol(protocol).toLowerCase(Locale.ROOT);
      return port == 0 ? name : name + "/" + port;
    }
  }

  /** Exact over flow records; folded flows count as far as buckets were kept for them. */
  static TopTalkers of(WindowPartial pane) {
    Tally<Host> sources = new Tally<>();
    Tally<Host> destinations = new Tally<>();
    Tally<Pair> pairs = new Tally<>();
    Tally<Service> services = new Tally<>();
    for (FlowRecord flow : pane.flows()) {
      int asked = FlowTraits.initiator(flow);
      int answered = 1 - asked;
      Host initiator = host(flow, asked);
      Host responder = host(flow, answered);
      sources.add(initiator, flow.packets[asked], flow.bytes[asked]);
      sources.add(responder, flow.packets[answered], flow.bytes[answered]);
      destinations.add(responder, flow.packets[asked], flow.bytes[asked]);
      destinations.add(initiator, flow.packets[answered], flow.bytes[answered]);
      long bytes = flow.bytes[0] + flow.bytes[1];
      pairs.add(new Pair(initiator, responder), flow.totalPackets(), bytes);
      services.add(
          new Service(flow.protocol, flow.port(answered)), flow.totalPackets(), bytes);
    }
    for (FlowBucket bucket : pane.folded()) {
      Host host = Host.of(bucket.addressType, bucket.host, 0);
      long packets = bucket.packets[0] + bucket.packets[1];
      long bytes = bucket.bytes[0] + bucket.bytes[1];
      switch (bucket.kind) {
        case SOURCE -> {
          sources.add(host, bucket.packets[0], bucket.bytes[0]);
          destinations.add(host, bucket.packets[1], bucket.bytes[1]);
        }
        case VICTIM -> {
          destinations.add(host, bucket.packets[0], bucket.bytes[0]);
          sources.add(host, bucket.packets[1], bucket.bytes[1]);
        }
        case PROBE ->
            pairs.add(
                new Pair(host, Host.of(bucket.addressType, bucket.peer, 0)), packets, bytes);
        case SERVICE -> services.add(new Service(bucket.protocol, bucket.port), packets, bytes);
        case SWEEP -> {}
      }
    }
    return new TopTalkers(
        sources.top(Host::text),
        destinations.top(Host::text),
        pairs.top(Pair::text),
        services.top(Service::text));
  }

  private static Host host(FlowRecord flow, int side) {
    return Host.of(flow.addressType, flow.addresses, FlowRecord.addressAt(side));
  }
}
