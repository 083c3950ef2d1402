package tapline.kpi;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** Packets and bytes by a key; texts are made for the few keys that are shown. */
final class Tally<K> {
  private final Map<K, long[]> counts = new HashMap<>();

  void add(K key, long packets, long bytes) {
    if (packets == 0) return;
    long[] count = counts.computeIfAbsent(key, absent -> new long[2]);
    count[0] += packets;
    count[1] += bytes;
  }

  /** The largest by bytes. Everything that ties with the last of them is named too, so that the text can decide. */
  List<TopEntry> top(Function<K, String> text) {
    long[] bytes = counts.values().stream().mapToLong(count -> count[1]).sorted().toArray();
    long least = bytes.length < TopEntry.LIMIT ? 0 : bytes[bytes.length - TopEntry.LIMIT];
    List<TopEntry> candidates = new ArrayList<>();
    counts.forEach(
        (key, count) -> {
          if (count[1] < least) return;
          candidates.add(new TopEntry(text.apply(key), count[0], count[1]));
        });
    return TopEntry.top(candidates);
  }
}
