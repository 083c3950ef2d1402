package tapline.sketch;

import java.io.Serializable;

/** Quantiles within 2 % from logarithmic buckets, bucket for bucket those of core/src/sketch/log-histogram.ts (DDSketch). */
public final class LogHistogram implements Serializable {
  private static final double ALPHA = 0.02;
  private static final double GAMMA = (1 + ALPHA) / (1 - ALPHA);
  private static final double LOG_GAMMA = Math.log(GAMMA);
  private static final int BUCKETS =
      1 + (int) Math.ceil(Math.log(Math.pow(2, 32)) / LOG_GAMMA) + 1;

  /** Bucket by value: a logarithm per packet would cost more than the rest of the packet. */
  private static final short[] TABLE = table();

  private final long[] counts = new long[BUCKETS];
  private long total;

  public void add(long value) {
    counts[value < TABLE.length ? TABLE[(int) value] : bucketOf(value)]++;
    total++;
  }

  public void merge(LogHistogram other) {
    for (int bucket = 0; bucket < BUCKETS; bucket++) counts[bucket] += other.counts[bucket];
    total += other.total;
  }

  /** The value below which a share {@code q} of the values lies; 0 when empty. */
  public double quantile(double q) {
    double rank = q * (total - 1);
    long seen = 0;
    for (int bucket = 0; bucket < BUCKETS; bucket++) {
      seen += counts[bucket];
      if (seen > rank) return bucket == 0 ? 0 : 2 * Math.pow(GAMMA, bucket - 1) / (GAMMA + 1);
    }
    return 0;
  }

  private static int bucketOf(long value) {
    if (value < 1) return 0;
    return Math.min(BUCKETS - 1, 1 + (int) Math.ceil(Math.log(value) / LOG_GAMMA - 1e-9));
  }

  private static short[] table() {
    short[] table = new short[65_536];
    for (int value = 0; value < table.length; value++) table[value] = (short) bucketOf(value);
    return table;
  }
}
