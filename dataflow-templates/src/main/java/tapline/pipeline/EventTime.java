package tapline.pipeline;

import org.joda.time.Instant;

/** Between Tapline's microseconds and Beam's milliseconds. */
final class EventTime {
  private static final long US_PER_MS = 1_000;

  private EventTime() {}

  /** The millisecond that holds the microsecond. */
  static Instant instant(long timeUs) {
    return Instant.ofEpochMilli(Math.floorDiv(timeUs, US_PER_MS));
  }
}
