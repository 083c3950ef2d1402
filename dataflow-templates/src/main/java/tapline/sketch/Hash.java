package tapline.sketch;

/** The hash of all sketches, the same as in core/src/sketch/hash.ts: sketches of both sides must meet. */
public final class Hash {
  private static final int SEED = 0x7461706c;
  private static final int MIXED_SEED = mix(SEED);
  private static final int PRIME = 0x9e3779b1;

  private Hash() {}

  /** Hash of two 32-bit words; the order matters. */
  public static int pair(int first, int second) {
    return mix((mix(MIXED_SEED ^ first) * PRIME) ^ second);
  }

  /** Hash of the address whose four words begin at {@code at}. */
  public static int address(int[] words, int at) {
    return address(words, at, MIXED_SEED);
  }

  /** The same with another seed, so that one address is found under several keys. */
  public static int addressSalted(int[] words, int at, int seed) {
    return address(words, at, mix(seed));
  }

  private static int address(int[] words, int at, int mixedSeed) {
    int high = seeded(mixedSeed, words[at], words[at + 1]);
    return seeded(mixedSeed, seeded(mixedSeed, words[at + 2], words[at + 3]), high);
  }

  private static int seeded(int mixedSeed, int first, int second) {
    return mix((mix(mixedSeed ^ first) * PRIME) ^ second);
  }

  private static int mix(int value) {
    int h = value;
    h = (h ^ (h >>> 16)) * 0x7feb352d;
    h = (h ^ (h >>> 15)) * 0x846ca68b;
    return h ^ (h >>> 16);
  }
}
