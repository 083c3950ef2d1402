package tapline.pipeline;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.apache.beam.sdk.Pipeline;
import org.apache.beam.sdk.coders.ByteArrayCoder;
import org.apache.beam.sdk.testing.PAssert;
import org.apache.beam.sdk.testing.TestPipeline;
import org.apache.beam.sdk.testing.TestStream;
import org.apache.beam.sdk.transforms.SerializableFunction;
import org.apache.beam.sdk.values.PCollectionTuple;
import org.apache.beam.sdk.values.TimestampedValue;
import org.joda.time.Duration;
import org.joda.time.Instant;
import org.junit.Rule;
import org.junit.Test;
import tapline.window.Counter;
import tapline.window.Partials;
import tapline.window.WindowPartial;
import tapline.wire.Batch;
import tapline.wire.BatchHeader;
import tapline.wire.GoldenBatch;

/** Windows in event time: on time, late, too late, twice, and what nobody can read. */
public class KpiTransformTest {
  private static final Duration WINDOW = Duration.standardSeconds(10);
  private static final Duration LATENESS = Duration.standardSeconds(60);
  private static final byte[] BATCH = GoldenBatch.bytes();
  private static final BatchHeader HEADER = Batch.decode(BATCH).header();
  private static final Instant AT = EventTime.instant(HEADER.minTimeUs());
  private static final long LAST_US = Partials.windowStart(HEADER.maxTimeUs(), 10_000_000);
  private static final Instant END = EventTime.instant(LAST_US + 10_000_000);

  @Rule public final transient TestPipeline pipeline = TestPipeline.create();

  @Test
  public void aBatchThatComesTwiceCountsOnce() {
    PCollectionTuple results =
        run(stream().addElements(at(BATCH), at(BATCH)).advanceWatermarkToInfinity());
    check(
        results,
        rows -> {
          assertEquals(HEADER.count(), total(rows));
          for (JsonNode row : rows) assertEquals(1, row.at("/arrived/batches").asInt());
        });
  }

  @Test
  public void lateDataWithinTheAllowedLatenessMakesTheNextRevisionFromAllThereIs() {
    PCollectionTuple results =
        run(
            stream()
                .addElements(at(BATCH))
                .advanceWatermarkTo(END)
                .addElements(at(renamed(BATCH, 9)))
                .advanceWatermarkToInfinity());
    check(
        results,
        rows -> {
          JsonNode last = rows.get(rows.size() - 1);
          assertTrue(last.get("revision").asInt() > 1);
          assertEquals(2, last.at("/arrived/batches").asInt());
        });
  }

  @Test
  public void whatComesAfterTheAllowedLatenessChangesNothing() {
    PCollectionTuple results =
        run(
            stream()
                .addElements(at(BATCH))
                .advanceWatermarkTo(END.plus(LATENESS).plus(1))
                .addElements(at(renamed(BATCH, 9)))
                .advanceWatermarkToInfinity());
    check(
        results,
        rows -> {
          for (JsonNode row : rows) assertEquals(1, row.get("revision").asInt());
        });
  }

  @Test
  public void aWindowIsCompleteWhenWhatWasAnnouncedHasArrived() {
    PCollectionTuple results =
        run(
            stream()
                .addElements(at(heartbeat()))
                .advanceWatermarkTo(END)
                .addElements(at(BATCH))
                .advanceWatermarkToInfinity());
    check(
        results,
        rows -> {
          List<JsonNode> last = rows.stream().filter(KpiTransformTest::isLast).toList();
          assertFalse(last.get(0).get("complete").asBoolean());
          assertEquals(0, last.get(0).at("/values/packets").asInt());
          assertTrue(last.get(last.size() - 1).get("complete").asBoolean());
        });
  }

  @Test
  public void whatNobodyCanReadIsADeadLetterAndHoldsUpNobody() {
    byte[] damaged = BATCH.clone();
    damaged[damaged.length - 1] ^= 1;
    byte[] garbage = "12:00:00 IP a > b".getBytes(StandardCharsets.UTF_8);
    PCollectionTuple results =
        run(stream().addElements(at(damaged), at(garbage), at(BATCH)).advanceWatermarkToInfinity());
    PAssert.that(results.get(ReadPayload.DEAD))
        .satisfies(
            letters -> {
              List<String> codes = new ArrayList<>();
              letters.forEach(letter -> codes.add(letter.code()));
              codes.sort(Comparator.naturalOrder());
              assertEquals(List.of("WIRE_CORRUPT", "WIRE_FORMAT"), codes);
              return null;
            });
    check(results, rows -> assertEquals(HEADER.count(), total(rows)));
  }

  /** What a test says about the rows, sorted by window and revision. */
  private interface Check extends Serializable {
    void accept(List<JsonNode> rows);
  }

  private void check(PCollectionTuple results, Check check) {
    SerializableFunction<Iterable<String>, Void> sorted =
        lines -> {
          List<JsonNode> rows = new ArrayList<>();
          lines.forEach(line -> rows.add(parse(line)));
          rows.sort(
              Comparator.comparingLong((JsonNode row) -> row.get("windowStartUs").asLong())
                  .thenComparingInt(row -> row.get("revision").asInt()));
          check.accept(rows);
          return null;
        };
    PAssert.that(results.get(KpiTransform.ROWS)).satisfies(sorted);
    pipeline.run();
  }

  private PCollectionTuple run(TestStream<byte[]> stream) {
    Pipeline tested = pipeline;
    return tested.apply(stream).apply(new KpiTransform(WINDOW, LATENESS));
  }

  private static TestStream.Builder<byte[]> stream() {
    return TestStream.create(ByteArrayCoder.of());
  }

  private static TimestampedValue<byte[]> at(byte[] payload) {
    return TimestampedValue.of(payload, AT);
  }

  private static byte[] renamed(byte[] batch, long sequence) {
    return GoldenBatch.withSequence(batch, sequence);
  }

  /** Announces what the batch has in its last window. */
  private static byte[] heartbeat() {
    WindowPartial last = Partials.of(Batch.decode(BATCH), 10_000_000).get(LAST_US);
    String text =
        String.format(
            "{\"tapline\":1,\"kind\":\"heartbeat\",\"heartbeat\":{\"sensor\":\"%s\",\"session\":\"%s\","
                + "\"windowUs\":10000000,\"watermarkUs\":null,\"minutes\":[],\"counters\":{\"kernelDropped\":0},"
                + "\"windows\":[{\"windowStartUs\":%d,\"batches\":1,\"packets\":%d,\"bytes\":%d}]}}",
            HEADER.sensor(),
            HEADER.session(),
            LAST_US,
            last.get(Counter.PACKETS),
            last.get(Counter.BYTES));
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static boolean isLast(JsonNode row) {
    return row.get("windowStartUs").asLong() == LAST_US;
  }

  private static int total(List<JsonNode> rows) {
    return rows.stream().mapToInt(row -> row.at("/values/packets").asInt()).sum();
  }

  private static JsonNode parse(String line) {
    try {
      return new ObjectMapper().readTree(line);
    } catch (IOException cause) {
      throw new AssertionError(line, cause);
    }
  }
}
