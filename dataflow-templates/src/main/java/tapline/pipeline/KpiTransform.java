package tapline.pipeline;

import org.apache.beam.sdk.coders.KvCoder;
import org.apache.beam.sdk.coders.SerializableCoder;
import org.apache.beam.sdk.coders.StringUtf8Coder;
import org.apache.beam.sdk.coders.ZstdCoder;
import org.apache.beam.sdk.transforms.GroupByKey;
import org.apache.beam.sdk.transforms.PTransform;
import org.apache.beam.sdk.transforms.ParDo;
import org.apache.beam.sdk.transforms.windowing.AfterPane;
import org.apache.beam.sdk.transforms.windowing.AfterWatermark;
import org.apache.beam.sdk.transforms.windowing.FixedWindows;
import org.apache.beam.sdk.transforms.windowing.Window;
import org.apache.beam.sdk.values.KV;
import org.apache.beam.sdk.values.PCollection;
import org.apache.beam.sdk.values.PCollectionTuple;
import org.apache.beam.sdk.values.TupleTag;
import org.apache.beam.sdk.values.TupleTagList;
import org.joda.time.Duration;

/**
 * Batches and heartbeats, as they travel → KPI rows as JSON. A window is scored when the watermark has passed its end, and
 * again, from all there is by then, with each thing that comes within the allowed lateness.
 */
final class KpiTransform extends PTransform<PCollection<byte[]>, PCollectionTuple> {
  static final TupleTag<String> ROWS = new TupleTag<>() {};

  private final Duration window;
  private final Duration allowedLateness;

  KpiTransform(Duration window, Duration allowedLateness) {
    this.window = window;
    this.allowedLateness = allowedLateness;
  }

  /** Rows under {@link #ROWS}, and under {@link ReadPayload#DEAD} what could not be read. */
  @Override
  public PCollectionTuple expand(PCollection<byte[]> payloads) {
    ReadPayload read = new ReadPayload(window.getMillis() * 1_000);
    PCollectionTuple parsed =
        payloads.apply(
            "parse",
            ParDo.of(read).withOutputTags(ReadPayload.NEWS, TupleTagList.of(ReadPayload.DEAD)));
    PCollection<String> rows =
        parsed
            .get(ReadPayload.NEWS)
            .setCoder(
                KvCoder.of(
                    StringUtf8Coder.of(),
                    ZstdCoder.of(SerializableCoder.of(WindowNews.class))))
            .apply(
                "window",
                Window.<KV<String, WindowNews>>into(FixedWindows.of(window))
                    .triggering(
                        AfterWatermark.pastEndOfWindow()
                            .withLateFirings(AfterPane.elementCountAtLeast(1)))
                    .withAllowedLateness(allowedLateness)
                    .accumulatingFiredPanes())
            .apply("sensor and window", GroupByKey.create())
            .apply("score", ParDo.of(new ScoreWindow()));
    return PCollectionTuple.of(ROWS, rows).and(ReadPayload.DEAD, parsed.get(ReadPayload.DEAD));
  }
}
