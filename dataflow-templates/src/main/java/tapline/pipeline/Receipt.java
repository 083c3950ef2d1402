package tapline.pipeline;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;
import java.util.TreeMap;
import tapline.wire.Batch;
import tapline.wire.BatchHeader;
import tapline.wire.PacketColumns;

/** The bridge's word for the books that a batch went through it (core/src/ledger/control-message.ts). */
final class Receipt {
  private static final long MINUTE_US = 60_000_000;
  private static final ObjectMapper JSON = new ObjectMapper();

  private Receipt() {}

  /**
   * A receipt for one batch as JSON.
   *
   * @param bytes the batch; decoded only when its packets are not all in one minute
   */
  static String of(BatchHeader header, byte[] bytes) {
    ObjectNode message = JSON.createObjectNode();
    message.put("tapline", 1);
    message.put("kind", "receipt");
    ObjectNode entry = message.putArray("entries").addObject();
    entry.put("sensor", header.sensor());
    entry.put("session", header.session());
    entry.put("sequence", header.sequence());
    entry.put("hop", "bridged");
    entry.put("packets", header.count());
    entry.put("bytes", header.wireBytes());
    entry.put("malformed", header.malformed());
    ArrayNode minutes = entry.putArray("minutes");
    minutes(header, bytes)
        .forEach(
            (startUs, count) ->
                minutes
                    .addObject()
                    .put("minuteStartUs", startUs)
                    .put("packets", count[0])
                    .put("bytes", count[1]));
    return message.toString();
  }

  /** Packets and bytes by minute of event time. */
  private static Map<Long, long[]> minutes(BatchHeader header, byte[] bytes) {
    if (header.count() == 0) return Map.of();
    long first = minuteStart(header.minTimeUs());
    if (minuteStart(header.maxTimeUs()) == first) {
      return Map.of(first, new long[] {header.count(), header.wireBytes()});
    }
    PacketColumns columns = Batch.decode(bytes).columns();
    Map<Long, long[]> minutes = new TreeMap<>();
    for (int row = 0; row < columns.count; row++) {
      long[] count =
          minutes.computeIfAbsent(minuteStart(columns.timeUs[row]), start -> new long[2]);
      count[0]++;
      count[1] += Integer.toUnsignedLong(columns.length[row]);
    }
    return minutes;
  }

  private static long minuteStart(long timeUs) {
    return Math.floorDiv(timeUs, MINUTE_US) * MINUTE_US;
  }
}
