package tapline.wire;

import com.github.luben.zstd.Zstd;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.zip.GZIPInputStream;

/** A batch of packets from its bytes on the wire (docs/wire-format.md). */
public record Batch(BatchHeader header, PacketColumns columns) {
  private static final int NONE = 0;
  private static final int ZSTD = 1;
  private static final int GZIP = 2;
  private static final int QUALITY_MALFORMED = 0b11110;

  /**
   * Decodes one whole batch and checks it against its header.
   *
   * @throws WireException WIRE_FORMAT, WIRE_VERSION or WIRE_CORRUPT
   */
  public static Batch decode(byte[] bytes) {
    BatchHeader header = BatchHeader.parse(bytes);
    byte[] body = decompress(header, Arrays.copyOfRange(bytes, header.headerBytes(), bytes.length));
    if (body.length != header.bodyBytes()) {
      throw WireException.corrupt("the body has another length");
    }
    if (!XxHash32.contentHash(body).equals(header.contentHash())) {
      throw WireException.corrupt("the content hash is wrong");
    }
    ArrowBody arrow = ArrowBody.read(body, ColumnDecoder.WIRE_NAMES);
    if (arrow.rows != header.count()) throw WireException.corrupt("header and body disagree");
    PacketColumns columns = new PacketColumns(new ColumnDecoder(arrow), header.firstNumber());
    checkTotals(header, columns);
    return new Batch(header, columns);
  }

  private static byte[] decompress(BatchHeader header, byte[] stored) {
    try {
      return switch (header.codec()) {
        case NONE -> stored;
        case ZSTD -> Zstd.decompress(stored, header.bodyBytes());
        case GZIP ->
            new GZIPInputStream(new ByteArrayInputStream(stored))
                .readNBytes(header.bodyBytes() + 1);
        default ->
            throw new WireException(
                "WIRE_VERSION", "this build has no batch codec " + header.codec());
      };
    } catch (IOException | com.github.luben.zstd.ZstdException cause) {
      throw WireException.corrupt(cause.getMessage());
    }
  }

  private static void checkTotals(BatchHeader header, PacketColumns columns) {
    long wireBytes = 0;
    int malformed = 0;
    long least = columns.count == 0 ? 0 : Long.MAX_VALUE;
    long largest = columns.count == 0 ? 0 : Long.MIN_VALUE;
    for (int row = 0; row < columns.count; row++) {
      wireBytes += Integer.toUnsignedLong(columns.length[row]);
      if ((columns.quality[row] & QUALITY_MALFORMED) != 0) malformed++;
      least = Math.min(least, columns.timeUs[row]);
      largest = Math.max(largest, columns.timeUs[row]);
    }
    if (wireBytes != header.wireBytes()
        || malformed != header.malformed()
        || least != header.minTimeUs()
        || largest != header.maxTimeUs()) {
      throw WireException.corrupt("header and rows disagree");
    }
  }
}
