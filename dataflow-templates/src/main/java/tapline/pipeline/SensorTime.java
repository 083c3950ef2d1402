package tapline.pipeline;

import java.util.Optional;
import org.apache.beam.sdk.io.kafka.KafkaRecord;
import org.apache.beam.sdk.io.kafka.TimestampPolicy;
import org.apache.beam.sdk.transforms.windowing.BoundedWindow;
import org.joda.time.Duration;
import org.joda.time.Instant;
import tapline.wire.BatchHeader;
import tapline.wire.WireException;

/**
 * Event time of a sensor's topic. A batch says how far its packets are, a heartbeat how far its sensor is; Beam takes the
 * smaller of both topics. While nothing more is there to be read, event time is taken to go on as the clock does, so that
 * the last windows of a sensor that ended, or fell silent, close.
 */
final class SensorTime extends TimestampPolicy<byte[], byte[]> {
  /** How far packets of a sensor may be out of order between batches. */
  private static final Duration DISORDER = Duration.standardSeconds(1);

  private Instant reached;
  private Instant readAt = Instant.now();

  SensorTime(Optional<Instant> before) {
    reached = before.orElse(BoundedWindow.TIMESTAMP_MIN_VALUE);
  }

  /** The earliest time that the record says anything about. */
  @Override
  public Instant getTimestampForRecord(
      PartitionContext context, KafkaRecord<byte[], byte[]> record) {
    readAt = Instant.now();
    byte[] payload = record.getKV().getValue();
    try {
      if (!BatchHeader.isBatch(payload)) {
        return Heartbeat.read(payload).map(this::of).orElse(reached);
      }
      BatchHeader header = BatchHeader.parse(payload);
      advance(EventTime.instant(header.maxTimeUs()).minus(DISORDER));
      return EventTime.instant(header.minTimeUs());
    } catch (WireException cause) {
      return reached;
    }
  }

  @Override
  public Instant getWatermark(PartitionContext context) {
    boolean idle = context.getMessageBacklog() == 0;
    if (idle && reached.isAfter(BoundedWindow.TIMESTAMP_MIN_VALUE)) {
      Instant now = Instant.now();
      advance(reached.plus(new Duration(readAt, now)));
      readAt = now;
    }
    return reached;
  }

  private Instant of(Heartbeat heartbeat) {
    Instant earliest = reached;
    for (Heartbeat.Window window : heartbeat.windows()) {
      Instant start = EventTime.instant(window.startUs());
      if (start.isBefore(earliest) || earliest.equals(BoundedWindow.TIMESTAMP_MIN_VALUE)) {
        earliest = start;
      }
    }
    heartbeat.watermarkUs().ifPresent(watermarkUs -> advance(EventTime.instant(watermarkUs)));
    return earliest;
  }

  private void advance(Instant to) {
    if (to.isAfter(reached)) reached = to;
  }
}
