package tapline.wire;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;

/** The batch that the TypeScript side keeps of the newest format version, in test/golden/wire/. */
public final class GoldenBatch {
  private static final int SEQUENCE_AT = 8;
  private static final int CHECKSUM_BYTES = 4;

  private GoldenBatch() {}

  public static byte[] bytes() {
    return bytes("zstd");
  }

  static byte[] bytes(String codec) {
    String name = "v" + BatchHeader.NEWEST_VERSION + "-" + codec + ".bin";
    try {
      return Files.readAllBytes(Path.of("../test/golden/wire", name));
    } catch (IOException cause) {
      throw new UncheckedIOException(cause);
    }
  }

  /** The same batch under another sequence number. */
  public static byte[] withSequence(byte[] batch, long sequence) {
    byte[] renamed = batch.clone();
    ByteBuffer view = ByteBuffer.wrap(renamed).order(ByteOrder.LITTLE_ENDIAN);
    view.putDouble(SEQUENCE_AT, sequence);
    int end = BatchHeader.parse(batch).headerBytes() - CHECKSUM_BYTES;
    view.putInt(end, XxHash32.hash(renamed, end, 0));
    return renamed;
  }
}
