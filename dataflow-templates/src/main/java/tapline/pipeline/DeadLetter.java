package tapline.pipeline;

import java.io.Serializable;
import java.time.Instant;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.beam.sdk.io.gcp.pubsub.PubsubMessage;
import tapline.wire.WireException;

/** A message that no retry can help, as `tapline dlq` reads it (adapters/pubsub/dead-letter.ts). */
record DeadLetter(byte[] payload, String origin, String code, String reason)
    implements Serializable {
  private static final int FIRST_BYTES = 64;
  private static final int KEPT_BYTES = 1_000_000;
  private static final int REASON_CHARACTERS = 300;

  static DeadLetter of(byte[] payload, WireException cause) {
    return new DeadLetter(payload, "packets", cause.code(), cause.getMessage());
  }

  /** The same, known to be meant for the heartbeats topic. */
  DeadLetter ofHeartbeats() {
    return new DeadLetter(payload, "heartbeats", code, reason);
  }

  PubsubMessage message() {
    Map<String, String> attributes = new LinkedHashMap<>();
    attributes.put("reason", reason.substring(0, Math.min(reason.length(), REASON_CHARACTERS)));
    attributes.put("origin", origin);
    attributes.put("code", code);
    attributes.put("quarantinedAt", Instant.now().toString());
    int first = Math.min(payload.length, FIRST_BYTES);
    attributes.put("firstBytes", HexFormat.of().formatHex(payload, 0, first));
    if (payload.length <= KEPT_BYTES) return new PubsubMessage(payload, attributes);
    attributes.put("originalBytes", String.valueOf(payload.length));
    return new PubsubMessage(Arrays.copyOf(payload, KEPT_BYTES), attributes);
  }
}
