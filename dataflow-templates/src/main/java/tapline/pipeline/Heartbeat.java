package tapline.pipeline;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tapline.kpi.WindowCount;
import tapline.wire.WireException;

/**
 * What the stages of this folder take from a sensor's heartbeat (core/src/ledger/heartbeat.ts).
 *
 * @param watermarkUs event time before which nothing more is expected; absent: nothing seen yet
 * @param drops minutes so far, of a session whose kernel ever dropped anything; else none
 */
record Heartbeat(
    String sensor,
    String session,
    long windowUs,
    Optional<Long> watermarkUs,
    List<Window> windows,
    List<WindowNews.Dropped> drops) {

  /** What was sent for one window so far. */
  record Window(long startUs, WindowCount count) {}

  private static final int VERSION = 1;
  private static final ObjectMapper JSON = new ObjectMapper();

  /**
   * Reads a message of a heartbeat topic.
   *
   * @return empty for a receipt of the bridge, which says nothing about windows
   * @throws WireException WIRE_FORMAT, WIRE_VERSION or WIRE_CORRUPT naming the first wrong field
   */
  static Optional<Heartbeat> read(byte[] payload) {
    JsonNode message = parse(payload);
    if (!message.has("tapline")) throw notOne();
    if (message.path("tapline").asInt() != VERSION) {
      throw new WireException(
          "WIRE_VERSION",
          "a heartbeat of version " + message.get("tapline") + ", this build reads " + VERSION);
    }
    return switch (message.path("kind").asText()) {
      case "receipt" -> Optional.empty();
      case "heartbeat" -> Optional.of(of(message.path("heartbeat")));
      default -> throw wrong("kind");
    };
  }

  private static Heartbeat of(JsonNode fields) {
    String session = text(fields, "session");
    List<Window> windows = new ArrayList<>();
    for (JsonNode item : fields.path("windows")) {
      WindowCount count =
          new WindowCount(whole(item, "batches"), whole(item, "packets"), whole(item, "bytes"));
      windows.add(new Window(whole(item, "windowStartUs"), count));
    }
    List<WindowNews.Dropped> drops = new ArrayList<>();
    if (whole(fields.path("counters"), "kernelDropped") > 0) {
      for (JsonNode item : fields.path("minutes")) {
        drops.add(
            new WindowNews.Dropped(
                session,
                whole(item, "minuteStartUs"),
                whole(item, "offered"),
                whole(item, "kernelDropped")));
      }
    }
    Optional<Long> watermarkUs =
        fields.path("watermarkUs").isNull()
            ? Optional.empty()
            : Optional.of(whole(fields, "watermarkUs"));
    return new Heartbeat(
        text(fields, "sensor"), session, whole(fields, "windowUs"), watermarkUs, windows, drops);
  }

  private static JsonNode parse(byte[] payload) {
    try {
      return JSON.readTree(new String(payload, StandardCharsets.UTF_8));
    } catch (JsonProcessingException cause) {
      throw notOne();
    }
  }

  private static String text(JsonNode fields, String name) {
    String value = fields.path(name).asText("");
    if (value.isEmpty() || value.length() > 256) throw wrong(name);
    return value;
  }

  private static long whole(JsonNode fields, String name) {
    JsonNode value = fields.path(name);
    if (!value.isIntegralNumber() || !value.canConvertToLong()) throw wrong(name);
    return value.longValue();
  }

  private static WireException notOne() {
    return new WireException("WIRE_FORMAT", "neither a batch nor a heartbeat of Tapline");
  }

  private static WireException wrong(String field) {
    return new WireException(
        "WIRE_CORRUPT", "the field " + field + " of a heartbeat is not what it must be");
  }
}
