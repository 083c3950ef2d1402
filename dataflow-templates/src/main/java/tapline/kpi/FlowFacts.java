package tapline.kpi;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import tapline.window.Counter;
import tapline.window.FlowBucket;
import tapline.window.FlowRecord;
import tapline.window.FlowTraits;
import tapline.window.WindowPartial;

/** Numbers about a pane's connections that need a look at every flow record once (core/src/kpi/flow-facts.ts). */
final class FlowFacts {
  /** TCP connection requests, and those whose handshake the initiator did not complete in the window. */
  long requested;

  long halfOpen;

  /** Contacts refused or left without any answer, all protocols. */
  long failed;

  long answered;
  long flows;
  long newFlows;

  /** Established TCP connections seen in one direction, and in both. */
  long oneWayTcp;

  long twoWayTcp;

  /** Counts over flow records and folded flows; a folded flow that comes again in another batch counts again. */
  static FlowFacts of(WindowPartial pane) {
    FlowFacts facts = new FlowFacts();
    pane.flows().forEach(facts::add);
    // Many sources leave their mark on the victim's bucket, one source on its own: whichever kept more flows knows more.
    FlowFacts bySource = sum(pane, FlowBucket.Kind.SOURCE);
    FlowFacts byVictim = sum(pane, FlowBucket.Kind.VICTIM);
    FlowFacts folded = bySource.flows > byVictim.flows ? bySource : byVictim;
    facts.requested += folded.requested;
    facts.halfOpen += folded.halfOpen;
    facts.failed += folded.failed;
    facts.answered += folded.answered;
    facts.flows += pane.get(Counter.ROWS_SHED);
    facts.newFlows = newFlows(pane);
    return facts;
  }

  double twoWayShare() {
    return flows == 0 ? 0 : (double) answered / flows;
  }

  private void add(FlowRecord flow) {
    int initiator = FlowTraits.initiator(flow);
    flows++;
    if (FlowTraits.isHalfOpen(flow, initiator)) halfOpen++;
    if (FlowTraits.isFailedContact(flow, initiator)) failed++;
    if (FlowTraits.isAnswered(flow, initiator)) answered++;
    if (flow.protocol != FlowTraits.TCP) return;
    if (flow.opens[initiator] > 0) requested++;
    if (flow.packets[0] > 0 && flow.packets[1] > 0) twoWayTcp++;
    else if (FlowTraits.isEstablishedSide(flow, 0) || FlowTraits.isEstablishedSide(flow, 1)) {
      oneWayTcp++;
    }
  }

  private static FlowFacts sum(WindowPartial pane, FlowBucket.Kind kind) {
    FlowFacts sums = new FlowFacts();
    for (FlowBucket bucket : pane.folded()) {
      if (bucket.kind != kind) continue;
      sums.flows += bucket.flows;
      sums.failed += bucket.failed;
      sums.answered += bucket.answered;
      if (bucket.protocol != FlowTraits.TCP) continue;
      sums.requested += bucket.opens;
      sums.halfOpen += Math.max(0, bucket.opens - bucket.completed);
    }
    return sums;
  }

  /**
   * Flows whose first packet ever fell into the window. The agent numbers flows in order of appearance: a flow that is first
   * heard after one of a higher number is an old one, and every number above the highest old one is new. A hashed number (raw
   * records) says nothing of age: such a flow is new when it opened in the window.
   */
  private static long newFlows(WindowPartial pane) {
    Map<String, List<FlowRecord>> bySession = new HashMap<>();
    long fresh = 0;
    for (FlowRecord flow : pane.flows()) {
      boolean isHashed = flow.flow < 0;
      if (!isHashed) {
        bySession.computeIfAbsent(flow.session, session -> new ArrayList<>()).add(flow);
      } else if (flow.opens[0] + flow.opens[1] > 0) fresh++;
    }
    for (List<FlowRecord> flows : bySession.values()) fresh += newOfSession(flows);
    return fresh;
  }

  private static long newOfSession(List<FlowRecord> flows) {
    flows.sort(Comparator.comparingInt((FlowRecord flow) -> flow.flow).reversed());
    long highest = flows.get(0).flow;
    long lowest = flows.get(flows.size() - 1).flow;
    long earliest = Long.MAX_VALUE;
    for (FlowRecord flow : flows) {
      if (flow.firstNumber > earliest) return highest - flow.flow;
      earliest = Math.min(earliest, flow.firstNumber);
    }
    return highest - lowest + 1;
  }
}
