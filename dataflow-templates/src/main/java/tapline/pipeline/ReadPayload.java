package tapline.pipeline;

import java.util.Map;
import org.apache.beam.sdk.transforms.DoFn;
import org.apache.beam.sdk.values.KV;
import org.apache.beam.sdk.values.TupleTag;
import org.joda.time.Duration;
import tapline.window.Partials;
import tapline.window.WindowPartial;
import tapline.wire.Batch;
import tapline.wire.BatchHeader;
import tapline.wire.WireException;

/**
 * Parses one message, a batch or a heartbeat: what is what the payload says itself, since keys, headers and attributes do
 * not survive every way here. Puts out, by sensor and in event time, what it says about each window.
 */
final class ReadPayload extends DoFn<byte[], KV<String, WindowNews>> {
  static final TupleTag<KV<String, WindowNews>> NEWS = new TupleTag<>() {};

  /** What nobody can use, with the reason. */
  static final TupleTag<DeadLetter> DEAD = new TupleTag<>() {};

  private static final long MINUTE_US = 60_000_000;

  private final long windowUs;

  ReadPayload(long windowUs) {
    this.windowUs = windowUs;
  }

  @ProcessElement
  public void process(@Element byte[] payload, MultiOutputReceiver out) {
    try {
      if (BatchHeader.isBatch(payload)) readBatch(Batch.decode(payload), out);
      else Heartbeat.read(payload).ifPresent(heartbeat -> readHeartbeat(heartbeat, out));
    } catch (WireException cause) {
      out.get(DEAD).output(DeadLetter.of(payload, cause));
    }
  }

  /** Messages of Pub/Sub that have no event time of their own come at the time they were published. */
  @Override
  @SuppressWarnings("deprecation")
  public Duration getAllowedTimestampSkew() {
    return Duration.millis(Long.MAX_VALUE);
  }

  private void readBatch(Batch batch, MultiOutputReceiver out) {
    BatchHeader header = batch.header();
    for (Map.Entry<Long, WindowPartial> cell : Partials.of(batch, windowUs).entrySet()) {
      WindowNews news =
          new WindowNews.Cell(header.session(), header.sequence(), cell.getValue());
      put(out, header.sensor(), cell.getKey(), news);
    }
  }

  private void readHeartbeat(Heartbeat heartbeat, MultiOutputReceiver out) {
    if (heartbeat.windowUs() != windowUs) {
      throw new WireException(
          "USAGE",
          "the sensor counts windows of " + heartbeat.windowUs() + " µs, this job " + windowUs);
    }
    for (Heartbeat.Window window : heartbeat.windows()) {
      WindowNews news = new WindowNews.Announced(heartbeat.session(), window.count());
      put(out, heartbeat.sensor(), window.startUs(), news);
    }
    for (WindowNews.Dropped drop : heartbeat.drops()) {
      long endUs = drop.minuteStartUs() + MINUTE_US;
      long startUs = Partials.windowStart(drop.minuteStartUs(), windowUs);
      for (; startUs < endUs; startUs += windowUs) put(out, heartbeat.sensor(), startUs, drop);
    }
  }

  private static void put(MultiOutputReceiver out, String sensor, long startUs, WindowNews news) {
    out.get(NEWS).outputWithTimestamp(KV.of(sensor, news), EventTime.instant(startUs));
  }
}
