package tapline.wire;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;

/**
 * The header in front of a batch body (docs/wire-format.md): who sent it, what is in it, and how the
 * body is stored.
 *
 * @param contentHash hash of the uncompressed body, 16 hex digits
 */
public record BatchHeader(
    String sensor,
    String session,
    long sequence,
    long firstNumber,
    long wireBytes,
    long minTimeUs,
    long maxTimeUs,
    int count,
    int malformed,
    String contentHash,
    int codec,
    int headerBytes,
    int bodyBytes) {

  /** The newest format version that this build reads; every version from 1 on is read by name. */
  public static final int NEWEST_VERSION = 1;

  /** Packets that a batch has at most. */
  public static final int CAPACITY = 4096;

  /** More than any body has: what is unpacked at most. */
  private static final int BODY_BYTES_MAX = 1 << 20;

  private static final int MAGIC = 0x4e4c5054;
  private static final int FIXED_BYTES = 80;
  private static final int CHECKSUM_BYTES = 4;
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._-]{1,64}");
  private static final double SAFE = 9007199254740991.0;

  /** The name under which a batch's effects are kept exactly once. */
  public String batchId() {
    return sensor + "/" + session + "/" + sequence;
  }

  /** Whether the bytes claim to be a batch. */
  public static boolean isBatch(byte[] bytes) {
    return bytes.length >= 5 && view(bytes).getInt(0) == MAGIC;
  }

  /**
   * Reads and checks the header of a whole batch.
   *
   * @throws WireException WIRE_FORMAT, WIRE_VERSION or WIRE_CORRUPT
   */
  public static BatchHeader parse(byte[] bytes) {
    if (!isBatch(bytes)) throw new WireException("WIRE_FORMAT", "not a batch");
    ByteBuffer view = view(bytes);
    int version = view.get(4) & 0xff;
    if (version < 1 || version > NEWEST_VERSION) {
      throw new WireException(
          "WIRE_VERSION",
          "batch format " + version + ", this build reads 1 to " + NEWEST_VERSION);
    }
    if (bytes.length < FIXED_BYTES + CHECKSUM_BYTES) {
      throw WireException.corrupt("the header is cut short");
    }
    int headerBytes = view.getShort(6) & 0xffff;
    int sensorEnd = FIXED_BYTES + (view.get(32) & 0xff);
    int end = sensorEnd + (view.get(33) & 0xff);
    if (headerBytes != end + CHECKSUM_BYTES || bytes.length < headerBytes) {
      throw WireException.corrupt("the header has another length");
    }
    if (view.getInt(end) != XxHash32.hash(bytes, end, 0)) {
      throw WireException.corrupt("the header checksum is wrong");
    }
    BatchHeader header =
        new BatchHeader(
            name(bytes, FIXED_BYTES, sensorEnd),
            name(bytes, sensorEnd, end),
            whole(view, 8, 0),
            whole(view, 16, 0),
            whole(view, 24, 0),
            whole(view, 40, -SAFE),
            whole(view, 48, -SAFE),
            view.getInt(56),
            view.getInt(60),
            hashText(view),
            view.get(5),
            headerBytes,
            view.getInt(64));
    header.check(bytes.length - headerBytes, view.getInt(68));
    return header;
  }

  /** A checksum does not stop a forger: nothing that follows may trust more than what is checked here. */
  private void check(int storedBytes, int storedBytesSaid) {
    if (count < 0 || count > CAPACITY || malformed < 0 || malformed > count) {
      throw WireException.corrupt(count + " packets, " + malformed + " malformed");
    }
    if (storedBytes != storedBytesSaid) {
      throw WireException.corrupt("the batch has another length than it says");
    }
    if (bodyBytes < 0 || bodyBytes > BODY_BYTES_MAX) {
      throw WireException.corrupt("a body of " + bodyBytes + " bytes");
    }
  }

  private static String name(byte[] bytes, int from, int to) {
    String name = new String(bytes, from, to - from, StandardCharsets.ISO_8859_1);
    if (!NAME.matcher(name).matches()) throw WireException.corrupt("a name that cannot be");
    return name;
  }

  /** An 8-byte field: an IEEE double that holds a whole number. */
  private static long whole(ByteBuffer view, int at, double least) {
    double value = view.getDouble(at);
    if (!(value >= least && value <= SAFE) || value != Math.rint(value)) {
      throw WireException.corrupt("a number that cannot be");
    }
    return (long) value;
  }

  private static String hashText(ByteBuffer view) {
    view.order(ByteOrder.BIG_ENDIAN);
    String text = String.format("%016x", view.getLong(72));
    view.order(ByteOrder.LITTLE_ENDIAN);
    return text;
  }

  private static ByteBuffer view(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}
