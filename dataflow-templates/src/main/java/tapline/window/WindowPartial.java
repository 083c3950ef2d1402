package tapline.window;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import tapline.sketch.HashedBins;
import tapline.sketch.HyperLogLog;
import tapline.sketch.LogHistogram;

/**
 * What packets say about one window: a commutative monoid (core/src/window/window-partial.ts), so that batches may come in
 * any cut and order. Bounds fold flow records into buckets and count it.
 */
public final class WindowPartial implements Serializable {
  public static final long SECOND_US = 1_000_000;

  /** Elements a second takes in {@link #secondPackets} and {@link #secondBytes}: one per traffic class. */
  public static final int CLASSES = TrafficClass.ALL.length;

  /** Flow records a merged window keeps; flows beyond it go into buckets. */
  private static final int PANE_FLOWS = 65_536;

  /** Bytes of flow records a batch's partial may take in the worst case of their coding. */
  private static final int BATCH_FLOW_BYTES = 30_000;

  /** So few records fit whatever is in them. */
  private static final int SURELY_FITTING_FLOWS = 220;

  private static final Comparator<FlowRecord> BY_NUMBER =
      (a, b) -> Integer.compareUnsigned(a.flow, b.flow);
  private static final Comparator<FlowRecord> SMALLEST_FIRST =
      Comparator.comparingLong(FlowRecord::totalPackets)
          .thenComparingLong(flow -> -flow.firstNumber);

  public final long windowStartUs;
  public final long windowUs;
  public final long[] secondPackets;
  public final long[] secondBytes;
  public long minLength = Long.MAX_VALUE;
  public long maxLength;
  public final LogHistogram sizes = new LogHistogram();

  /** By protocol code of {@link FlowRecord}. */
  public final KeyedCounts protocols = new KeyedCounts();

  /** By IP protocol << 16 | type << 8 | code. */
  public final KeyedCounts icmpTypes = new KeyedCounts();

  public final HyperLogLog sources = new HyperLogLog();
  public final HyperLogLog destinations = new HyperLogLog();
  public final HyperLogLog sourcePorts = new HyperLogLog();
  public final HyperLogLog destinationPorts = new HyperLogLog();
  public final HyperLogLog pairs = new HyperLogLog();
  public final HashedBins sourceBins = new HashedBins();
  public final HashedBins destinationBins = new HashedBins();
  public final HashedBins sourcePortBins = new HashedBins();
  public final HashedBins destinationPortBins = new HashedBins();
  private final long[] counters = new long[Counter.values().length];
  private final FlowBuckets buckets = new FlowBuckets();
  private final LinkedHashMap<FlowKey, FlowRecord> flows = new LinkedHashMap<>();

  private record FlowKey(String session, int flow) implements Serializable {}

  public WindowPartial(long windowStartUs, long windowUs) {
    this.windowStartUs = windowStartUs;
    this.windowUs = windowUs;
    int seconds = (int) (windowUs / SECOND_US);
    secondPackets = new long[seconds * CLASSES];
    secondBytes = new long[seconds * CLASSES];
  }

  public long get(Counter counter) {
    return counters[counter.ordinal()];
  }

  void count(Counter counter, long by) {
    counters[counter.ordinal()] += by;
  }

  public Collection<FlowRecord> flows() {
    return flows.values();
  }

  /** Flows that are known only as sums. */
  public Collection<FlowBucket> folded() {
    return buckets.all();
  }

  void put(FlowRecord flow) {
    flows.put(new FlowKey(flow.session, flow.flow), flow);
  }

  /** Adds everything that {@code other}, of the same window, counted. Beyond the bounds the order of calls decides. */
  public void merge(WindowPartial other) {
    if (other.windowStartUs != windowStartUs || other.windowUs != windowUs) {
      throw new IllegalArgumentException("partials of different windows do not merge");
    }
    addTo(counters, other.counters);
    addTo(secondPackets, other.secondPackets);
    addTo(secondBytes, other.secondBytes);
    minLength = Math.min(minLength, other.minLength);
    maxLength = Math.max(maxLength, other.maxLength);
    sizes.merge(other.sizes);
    protocols.merge(other.protocols);
    icmpTypes.merge(other.icmpTypes);
    sources.merge(other.sources);
    destinations.merge(other.destinations);
    sourcePorts.merge(other.sourcePorts);
    destinationPorts.merge(other.destinationPorts);
    pairs.merge(other.pairs);
    sourceBins.merge(other.sourceBins);
    destinationBins.merge(other.destinationBins);
    sourcePortBins.merge(other.sourcePortBins);
    destinationPortBins.merge(other.destinationPortBins);
    other.flows.forEach(this::mergeFlow);
    count(Counter.KEYS_DROPPED, buckets.merge(other.buckets));
  }

  private void mergeFlow(FlowKey key, FlowRecord theirs) {
    FlowRecord mine = flows.get(key);
    if (mine == null && flows.size() >= PANE_FLOWS) {
      count(Counter.ROWS_SHED, 1);
      count(Counter.KEYS_DROPPED, buckets.fold(theirs));
      return;
    }
    if (mine == null) flows.put(key, mine = theirs.empty());
    mine.add(theirs);
  }

  /** Folds the smallest flows into buckets until what is left fits a batch's partial, and puts the rest in order. */
  void compact() {
    List<FlowRecord> smallestFirst = new ArrayList<>(flows.values());
    smallestFirst.sort(SMALLEST_FIRST);
    int shed = surplus(smallestFirst);
    if (shed > 0) {
      count(Counter.KEYS_DROPPED, buckets.foldHeavy(smallestFirst.subList(0, shed)));
      count(Counter.ROWS_SHED, shed);
    }
    List<FlowRecord> kept = new ArrayList<>(smallestFirst.subList(shed, smallestFirst.size()));
    kept.sort(BY_NUMBER);
    flows.clear();
    kept.forEach(this::put);
  }

  /** How many of the smallest flows do not fit. */
  private int surplus(List<FlowRecord> smallestFirst) {
    if (smallestFirst.size() <= SURELY_FITTING_FLOWS) return 0;
    int total = 0;
    for (FlowRecord flow : smallestFirst) total += FlowSize.of(flow, windowStartUs);
    int shed = 0;
    while (total > BATCH_FLOW_BYTES) total -= FlowSize.of(smallestFirst.get(shed++), windowStartUs);
    return shed;
  }

  private static void addTo(long[] to, long[] from) {
    for (int at = 0; at < to.length; at++) to[at] += from[at];
  }
}
