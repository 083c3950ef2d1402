package tapline.kpi;

import java.io.Serializable;

/** How much of a window was announced, or arrived. */
public record WindowCount(long batches, long packets, long bytes) implements Serializable {
  public static final WindowCount NONE = new WindowCount(0, 0, 0);

  public WindowCount plus(WindowCount other) {
    return new WindowCount(batches + other.batches, packets + other.packets, bytes + other.bytes);
  }

  /** The larger of each: totals only grow, so of two announcements the larger is the newer. */
  public WindowCount larger(WindowCount other) {
    return new WindowCount(
        Math.max(batches, other.batches),
        Math.max(packets, other.packets),
        Math.max(bytes, other.bytes));
  }
}
