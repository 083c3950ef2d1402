package tapline.kpi;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import tapline.sketch.HashedBins;
import tapline.sketch.HyperLogLog;
import tapline.window.Counter;
import tapline.window.WindowPartial;

/** The KPIs of a window by name, in the order of core/src/kpi/kpis.ts, which says what each means. */
final class Kpis {
  private final Map<String, Double> values = new LinkedHashMap<>();
  private final WindowPartial pane;

  private Kpis(WindowPartial pane) {
    this.pane = pane;
  }

  /**
   * All KPIs of a pane.
   *
   * @param dropShare packets that the kernel dropped as a share of all that were offered
   */
  static Map<String, Double> of(WindowPartial pane, double dropShare) {
    Kpis kpis = new Kpis(pane);
    FlowFacts facts = FlowFacts.of(pane);
    kpis.counters(Counter.PACKETS, Counter.IPV6_PACKETS);
    kpis.put("flows", facts.flows);
    kpis.put("newFlows", facts.newFlows);
    kpis.put("failedContacts", facts.failed);
    kpis.put("twoWayShare", round(facts.twoWayShare()));
    kpis.put("oneWayTcp", facts.oneWayTcp);
    kpis.put("twoWayTcp", facts.twoWayTcp);
    kpis.distinct("distinctSources", pane.sources);
    kpis.distinct("distinctDestinations", pane.destinations);
    kpis.distinct("distinctSourcePorts", pane.sourcePorts);
    kpis.distinct("distinctDestinationPorts", pane.destinationPorts);
    kpis.distinct("distinctPairs", pane.pairs);
    kpis.counters(Counter.SYN, Counter.NULL_FLAGS);
    kpis.put("halfOpen", facts.halfOpen);
    kpis.put("halfOpenRatio", share(facts.halfOpen, facts.requested));
    kpis.counters(Counter.FRAGMENTS, Counter.ARP_REPLIES);
    kpis.entropy("entropySource", pane.sourceBins);
    kpis.entropy("entropyDestination", pane.destinationBins);
    kpis.entropy("entropySourcePort", pane.sourcePortBins);
    kpis.entropy("entropyDestinationPort", pane.destinationPortBins);
    kpis.sizes();
    kpis.counters(Counter.MALFORMED, Counter.DUPLICATES);
    kpis.put("dropShare", round(dropShare));
    kpis.counters(Counter.LENGTH_LIES, Counter.KEYS_DROPPED);
    return kpis.values;
  }

  private void sizes() {
    long packets = pane.get(Counter.PACKETS);
    put("sizeMean", packets == 0 ? 0 : round((double) pane.get(Counter.BYTES) / packets));
    put("sizeMin", packets == 0 ? 0 : pane.minLength);
    put("sizeP50", Math.round(pane.sizes.quantile(0.5)));
    put("sizeP95", Math.round(pane.sizes.quantile(0.95)));
    put("sizeP99", Math.round(pane.sizes.quantile(0.99)));
    put("sizeMax", pane.maxLength);
  }

  private void counters(Counter first, Counter last) {
    Arrays.stream(Counter.values(), first.ordinal(), last.ordinal() + 1)
        .forEach(counter -> put(counter.kpi, pane.get(counter)));
  }

  private void distinct(String name, HyperLogLog sketch) {
    put(name, Math.round(sketch.estimate()));
  }

  private void entropy(String name, HashedBins bins) {
    put(name, round(bins.entropy()));
  }

  private void put(String name, double value) {
    values.put(name, value);
  }

  /** Six decimals: far below any error bound, and the same text on every machine. */
  private static double round(double value) {
    return Math.round(value * 1e6) / 1e6;
  }

  private static double share(long part, long whole) {
    return whole == 0 ? 0 : round((double) part / whole);
  }
}
