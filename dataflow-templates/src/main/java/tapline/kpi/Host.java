package tapline.kpi;

import java.util.ArrayList;
import java.util.List;

/** An address as a key, and as text the way core/src/packet/address.ts writes it. */
record Host(int type, int w0, int w1, int w2, int w3) {
  private static final int MAC = 1;
  private static final int IPV4 = 4;
  private static final int IPV6 = 6;

  static Host of(int type, int[] words, int at) {
    return new Host(type, words[at], words[at + 1], words[at + 2], words[at + 3]);
  }

  /** Empty when there is no address. */
  String text() {
    return switch (type) {
      case IPV4 -> ipv4();
      case IPV6 -> ipv6();
      case MAC ->
          String.format(
              "%02x:%02x:%02x:%02x:%02x:%02x",
              (w2 >>> 8) & 255, w2 & 255, w3 >>> 24, (w3 >>> 16) & 255, (w3 >>> 8) & 255, w3 & 255);
      default -> "";
    };
  }

  private String ipv4() {
    return (w3 >>> 24) + "." + ((w3 >>> 16) & 255) + "." + ((w3 >>> 8) & 255) + "." + (w3 & 255);
  }

  /** The one text by RFC 5952; ::ffff:0:0/96 with the last 32 bits as IPv4. */
  private String ipv6() {
    if (w0 == 0 && w1 == 0 && w2 == 0xffff) return "::ffff:" + ipv4();
    int[] groups = new int[8];
    int[] words = {w0, w1, w2, w3};
    for (int group = 0; group < 8; group++) {
      groups[group] = group % 2 == 0 ? words[group / 2] >>> 16 : words[group / 2] & 0xffff;
    }
    int start = 0;
    int length = 0;
    for (int from = 0; from < 8; from++) {
      int zeros = 0;
      while (from + zeros < 8 && groups[from + zeros] == 0) zeros++;
      if (zeros > length) {
        start = from;
        length = zeros;
      }
    }
    if (length < 2) return join(groups, 0, 8);
    return join(groups, 0, start) + "::" + join(groups, start + length, 8);
  }

  private static String join(int[] groups, int from, int to) {
    List<String> texts = new ArrayList<>();
    for (int group = from; group < to; group++) texts.add(Integer.toHexString(groups[group]));
    return String.join(":", texts);
  }
}
