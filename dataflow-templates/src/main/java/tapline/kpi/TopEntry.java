package tapline.kpi;

import java.util.Comparator;
import java.util.List;

/** One line of a top list. */
record TopEntry(String key, long packets, long bytes) {
  /** Entries of each list. */
  static final int LIMIT = 20;

  private static final Comparator<TopEntry> LARGEST_FIRST =
      Comparator.comparingLong((TopEntry entry) -> -entry.bytes)
          .thenComparingLong(entry -> -entry.packets)
          .thenComparing(TopEntry::key);

  /** The first entries by bytes, then packets, then key: the same data give the same list everywhere. */
  static List<TopEntry> top(List<TopEntry> entries) {
    return entries.stream().sorted(LARGEST_FIRST).limit(LIMIT).toList();
  }
}
