package tapline.sketch;

import java.io.Serializable;
import java.util.HashSet;
import java.util.Set;

/**
 * Distinct counting, register for register that of core/src/sketch/hyperloglog.ts: exact up to 256 hashes, then 2,048
 * registers, estimated by Ertl (arXiv:1702.01284, algorithm 6). Depends only on the set of hashes seen.
 */
public final class HyperLogLog implements Serializable {
  private static final int PRECISION = 11;
  private static final int REGISTERS = 1 << PRECISION;
  private static final int SPARSE_LIMIT = REGISTERS / 8;

  /** The hashes themselves while they are few, else null. */
  private Set<Integer> sparse = new HashSet<>();

  private byte[] registers;

  public void add(int hash) {
    if (sparse == null) {
      raise(hash);
      return;
    }
    sparse.add(hash);
    if (sparse.size() > SPARSE_LIMIT) densify();
  }

  public void merge(HyperLogLog other) {
    if (other.sparse != null) {
      other.sparse.forEach(this::add);
      return;
    }
    densify();
    for (int at = 0; at < REGISTERS; at++) {
      if (other.registers[at] > registers[at]) registers[at] = other.registers[at];
    }
  }

  /** Estimated number of distinct hashes. */
  public double estimate() {
    if (sparse != null) return sparse.size();
    int q = 32 - PRECISION;
    double m = REGISTERS;
    double[] multiplicity = new double[q + 2];
    for (byte register : registers) multiplicity[register]++;
    double z = m * tau(1 - multiplicity[q + 1] / m);
    for (int k = q; k >= 1; k--) z = 0.5 * (z + multiplicity[k]);
    z += m * sigma(multiplicity[0] / m);
    return m * m / (2 * Math.log(2) * z);
  }

  private void densify() {
    if (sparse == null) return;
    Set<Integer> hashes = sparse;
    registers = new byte[REGISTERS];
    sparse = null;
    hashes.forEach(this::raise);
  }

  private void raise(int hash) {
    int index = hash >>> (32 - PRECISION);
    int guarded = (hash << PRECISION) | (1 << (PRECISION - 1));
    byte rank = (byte) (Integer.numberOfLeadingZeros(guarded) + 1);
    if (rank > registers[index]) registers[index] = rank;
  }

  private static double sigma(double x) {
    if (x == 1) return Double.POSITIVE_INFINITY;
    double power = x;
    double weight = 1;
    double sum = x;
    for (double previous = -1; sum != previous; weight += weight) {
      previous = sum;
      power *= power;
      sum += power * weight;
    }
    return sum;
  }

  private static double tau(double x) {
    if (x == 0 || x == 1) return 0;
    double root = x;
    double weight = 1;
    double sum = 1 - x;
    for (double previous = -1; sum != previous; ) {
      previous = sum;
      root = Math.sqrt(root);
      weight *= 0.5;
      sum -= (1 - root) * (1 - root) * weight;
    }
    return sum / 3;
  }
}
