package tapline.window;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The buckets of one partial or pane: found by the hash of kind and key, bounded (core/src/window/flow-buckets.ts). */
public final class FlowBuckets implements Serializable {
  private static final int BATCH_BUCKETS_PER_KIND = 12;

  /** Below this many flows in a batch, a key says nothing. */
  private static final int MIN_FLOWS = 8;

  private static final int PANE_BUCKETS = 4096;

  private final HashMap<Integer, FlowBucket> byHash = new HashMap<>();

  public Collection<FlowBucket> all() {
    return byHash.values();
  }

  /**
   * Adds the buckets of another partial, ascending by hash: beyond the bound the order decides which are kept.
   *
   * @return how many keys the bound did not allow
   */
  long merge(FlowBuckets other) {
    long dropped = 0;
    List<Integer> hashes = new ArrayList<>(other.byHash.keySet());
    hashes.sort(Integer::compareUnsigned);
    for (Integer hash : hashes) {
      FlowBucket theirs = other.byHash.get(hash);
      FlowBucket mine = byHash.get(hash);
      if (mine == null && byHash.size() >= PANE_BUCKETS) {
        dropped++;
        continue;
      }
      if (mine == null) byHash.put(hash, mine = theirs.empty());
      mine.merge(theirs);
    }
    return dropped;
  }

  /**
   * Adds one flow to the buckets of all its kinds.
   *
   * @return how many keys the bound did not allow
   */
  long fold(FlowRecord flow) {
    int initiator = FlowTraits.initiator(flow);
    long dropped = 0;
    for (FlowBucket.Kind kind : FlowBucket.KINDS) {
      int hash = FlowBucket.hash(flow, kind, initiator);
      if (!byHash.containsKey(hash) && byHash.size() >= PANE_BUCKETS) dropped++;
      else bucket(hash, flow, kind, initiator).fold(flow, initiator);
    }
    return dropped;
  }

  /**
   * Adds many flows, but keeps only the keys with the most of them.
   *
   * @return keys for which no bucket was kept
   */
  long foldHeavy(List<FlowRecord> flows) {
    Map<Integer, KeyCount> counts = new HashMap<>();
    for (FlowRecord flow : flows) {
      int initiator = FlowTraits.initiator(flow);
      for (FlowBucket.Kind kind : FlowBucket.KINDS) {
        int hash = FlowBucket.hash(flow, kind, initiator);
        counts.computeIfAbsent(hash, key -> new KeyCount(key, kind)).flows++;
      }
    }
    Set<Integer> kept = heaviest(counts.values());
    for (FlowRecord flow : flows) {
      int initiator = FlowTraits.initiator(flow);
      for (FlowBucket.Kind kind : FlowBucket.KINDS) {
        int hash = FlowBucket.hash(flow, kind, initiator);
        if (kept.contains(hash)) bucket(hash, flow, kind, initiator).fold(flow, initiator);
      }
    }
    return counts.size() - kept.size();
  }

  private FlowBucket bucket(int hash, FlowRecord flow, FlowBucket.Kind kind, int initiator) {
    return byHash.computeIfAbsent(hash, key -> FlowBucket.of(flow, kind, initiator));
  }

  private static Set<Integer> heaviest(Collection<KeyCount> counts) {
    Map<FlowBucket.Kind, List<KeyCount>> byKind = new EnumMap<>(FlowBucket.Kind.class);
    for (KeyCount count : counts) {
      if (count.flows < MIN_FLOWS) continue;
      byKind.computeIfAbsent(count.kind, kind -> new ArrayList<>()).add(count);
    }
    Set<Integer> kept = new HashSet<>();
    for (List<KeyCount> keys : byKind.values()) {
      keys.sort(KeyCount.HEAVIEST_FIRST);
      keys.stream().limit(BATCH_BUCKETS_PER_KIND).forEach(key -> kept.add(key.hash));
    }
    return kept;
  }

  /** How many flows of one fold have a key. */
  private static final class KeyCount {
    static final Comparator<KeyCount> HEAVIEST_FIRST =
        Comparator.comparingLong((KeyCount key) -> -key.flows)
            .thenComparing(key -> key.hash, Integer::compareUnsigned);

    final int hash;
    final FlowBucket.Kind kind;
    long flows;

    KeyCount(int hash, FlowBucket.Kind kind) {
      this.hash = hash;
      this.kind = kind;
    }
  }
}
