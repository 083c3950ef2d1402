package tapline.wire;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** XXH32 (Yann Collet, xxHash specification 0.1.1): the checksum of a batch's header and body. */
final class XxHash32 {
  private static final int PRIME_1 = 0x9e3779b1;
  private static final int PRIME_2 = 0x85ebca77;
  private static final int PRIME_3 = 0xc2b2ae3d;
  private static final int PRIME_4 = 0x27d4eb2f;
  private static final int PRIME_5 = 0x165667b1;

  private static final VarHandle WORD =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

  private XxHash32() {}

  /** The 64-bit name of a batch body, 16 lower-case hex digits: two hashes of different seeds. */
  static String contentHash(byte[] body) {
    return String.format("%08x%08x", hash(body, body.length, 0), hash(body, body.length, PRIME_1));
  }

  /** XXH32 of the first {@code length} bytes. */
  static int hash(byte[] bytes, int length, int seed) {
    int at = 0;
    int hash = seed + PRIME_5;
    if (length >= 16) {
      int a = seed + PRIME_1 + PRIME_2;
      int b = seed + PRIME_2;
      int c = seed;
      int d = seed - PRIME_1;
      for (; at + 16 <= length; at += 16) {
        a = round(a, word(bytes, at));
        b = round(b, word(bytes, at + 4));
        c = round(c, word(bytes, at + 8));
        d = round(d, word(bytes, at + 12));
      }
      hash =
          Integer.rotateLeft(a, 1)
              + Integer.rotateLeft(b, 7)
              + Integer.rotateLeft(c, 12)
              + Integer.rotateLeft(d, 18);
    }
    return finish(hash + length, bytes, at, length);
  }

  private static int finish(int start, byte[] bytes, int from, int length) {
    int hash = start;
    int at = from;
    for (; at + 4 <= length; at += 4) {
      hash = Integer.rotateLeft(hash + word(bytes, at) * PRIME_3, 17) * PRIME_4;
    }
    for (; at < length; at++) {
      hash = Integer.rotateLeft(hash + (bytes[at] & 0xff) * PRIME_5, 11) * PRIME_1;
    }
    hash = (hash ^ (hash >>> 15)) * PRIME_2;
    hash = (hash ^ (hash >>> 13)) * PRIME_3;
    return hash ^ (hash >>> 16);
  }

  private static int round(int lane, int word) {
    return Integer.rotateLeft(lane + word * PRIME_2, 13) * PRIME_1;
  }

  private static int word(byte[] bytes, int at) {
    return (int) WORD.get(bytes, at);
  }
}
