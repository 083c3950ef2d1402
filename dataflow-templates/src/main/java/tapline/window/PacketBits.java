package tapline.window;

/** Bits of the {@code layers}, {@code quality} and {@code tcpFlags} columns (core/src/packet/columns.ts) that windows ask for. */
final class PacketBits {
  static final int ARP = 1 << 5;
  static final int IPV4_SHIFT = 6;
  static final int TCP = 1 << 8;
  static final int FRAGMENT = 1 << 13;
  static final int IP = 1 << 28;
  static final int ANY_ICMP = 1 << 29;

  static final int TRUNCATED = 1;
  static final int ANY_MALFORMED = 0b11110;
  static final int OVERSIZE = 1 << 5;
  static final int DUPLICATE = 1 << 6;
  static final int LENGTH_LIE = 1 << 8;

  static final int FLAG_VALUES = 512;
  static final int SYN = 2;
  static final int RST = 4;
  static final int PSH = 8;
  static final int ACK = 16;

  private PacketBits() {}
}
