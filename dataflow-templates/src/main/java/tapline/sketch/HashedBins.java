package tapline.sketch;

import java.io.Serializable;

/** Entropy of a distribution over any number of keys, from 1,024 counters (core/src/sketch/hashed-bins.ts). */
public final class HashedBins implements Serializable {
  private static final int BINS = 1024;
  private static final double LOG_2 = Math.log(2);

  private final long[] counts = new long[BINS];

  public void add(int hash, long weight) {
    counts[hash & (BINS - 1)] += weight;
  }

  public void merge(HashedBins other) {
    for (int bin = 0; bin < BINS; bin++) counts[bin] += other.counts[bin];
  }

  /** Entropy in bits, 0 to 10; 0 when empty. */
  public double entropy() {
    double total = 0;
    double sum = 0;
    for (long count : counts) {
      if (count == 0) continue;
      total += count;
      sum += count * log2(count);
    }
    return total == 0 ? 0 : Math.max(0, log2(total) - sum / total);
  }

  private static double log2(double value) {
    return Math.log(value) / LOG_2;
  }
}
