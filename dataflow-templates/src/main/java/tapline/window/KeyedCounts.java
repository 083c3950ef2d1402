package tapline.window;

import java.io.Serializable;
import java.util.SortedMap;
import java.util.TreeMap;

/** Packets and bytes by a small numeric key (protocol, ICMP type and code), bounded, exact below the bound. */
public final class KeyedCounts implements Serializable {
  /** Key that takes what does not fit any more. */
  public static final long OTHER = 0xffff_ffffL;

  private static final int LIMIT = 64;

  /** Key to packets and bytes. */
  private final TreeMap<Long, long[]> counts = new TreeMap<>();

  void add(long key, long packets, long bytes) {
    long[] known = counts.get(key);
    if (known != null) {
      known[0] += packets;
      known[1] += bytes;
    } else if (counts.size() < LIMIT || key == OTHER) {
      counts.put(key, new long[] {packets, bytes});
    } else add(OTHER, packets, bytes);
  }

  void merge(KeyedCounts other) {
    other.counts.forEach((key, count) -> add(key, count[0], count[1]));
  }

  /** Packets and bytes, ascending by key. */
  public SortedMap<Long, long[]> entries() {
    return counts;
  }
}
