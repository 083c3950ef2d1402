package tapline.wire;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertThrows;

import java.util.Arrays;
import java.util.Random;
import org.junit.Test;

/**
 * The golden batches decode; anything else is an error with a code, never other rows and never
 * another exception.
 */
public class BatchTest {
  @Test
  public void theGoldenBatchSaysWhatItsHeaderSays() {
    Batch batch = Batch.decode(GoldenBatch.bytes());
    assertEquals("golden/fixed/3", batch.header().batchId());
    assertEquals(300, batch.columns().count);
    assertEquals(5_000_000_001L, batch.header().firstNumber());
  }

  @Test
  public void theCodecChangesNothing() {
    PacketColumns packed = Batch.decode(GoldenBatch.bytes("zstd")).columns();
    PacketColumns plain = Batch.decode(GoldenBatch.bytes("none")).columns();
    assertArrayEquals(plain.source, packed.source);
    assertArrayEquals(plain.timeUs, packed.timeUs);
    assertArrayEquals(plain.payloadLength, packed.payloadLength);
  }

  @Test
  public void anotherVersionIsSaidToBeOne() {
    byte[] newer = GoldenBatch.bytes();
    newer[4] = BatchHeader.NEWEST_VERSION + 1;
    assertEquals("WIRE_VERSION", codeOf(newer));
  }

  @Test
  public void whatIsNoBatchIsSaidToBeNone() {
    assertEquals("WIRE_FORMAT", codeOf(new byte[0]));
    assertEquals("WIRE_FORMAT", codeOf("not a batch".getBytes()));
  }

  @Test
  public void everyCutIsFound() {
    byte[] whole = GoldenBatch.bytes();
    Random random = new Random(1);
    for (int round = 0; round < 300; round++) {
      codeOf(Arrays.copyOf(whole, random.nextInt(whole.length)));
    }
  }

  /** A bit of the compressed form that nothing depends on may flip: then the rows are the same. */
  @Test
  public void aFlippedBitIsFoundOrChangesNothing() {
    byte[] whole = GoldenBatch.bytes();
    BatchHeader header = BatchHeader.parse(whole);
    Random random = new Random(2);
    for (int round = 0; round < 300; round++) {
      byte[] flipped = flip(whole, random);
      try {
        assertEquals(header, Batch.decode(flipped).header());
      } catch (WireException expected) {
        assertEquals("WIRE_", expected.code().substring(0, 5));
      }
    }
  }

  /**
   * A forger who knows the hash gets past it: the Arrow metadata behind it must be doubted, too.
   */
  @Test
  public void aForgedBodyIsAnErrorOrOtherRowsAndNeverAnotherException() {
    byte[] plain = GoldenBatch.bytes("none");
    int from = BatchHeader.parse(plain).headerBytes();
    byte[] body = Arrays.copyOfRange(plain, from, plain.length);
    Random random = new Random(3);
    for (int round = 0; round < 2_000; round++) {
      try {
        ArrowBody arrow = ArrowBody.read(flip(body, random), ColumnDecoder.WIRE_NAMES);
        assertEquals(arrow.rows, new PacketColumns(new ColumnDecoder(arrow), 1).count);
      } catch (WireException expected) {
        assertEquals("WIRE_", expected.code().substring(0, 5));
      }
    }
  }

  private static byte[] flip(byte[] bytes, Random random) {
    byte[] flipped = bytes.clone();
    flipped[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
    return flipped;
  }

  private static String codeOf(byte[] bytes) {
    return assertThrows(WireException.class, () -> Batch.decode(bytes)).code();
  }
}
