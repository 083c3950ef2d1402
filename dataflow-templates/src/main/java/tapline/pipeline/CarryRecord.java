package tapline.pipeline;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.apache.beam.sdk.io.gcp.pubsub.PubsubMessage;
import org.apache.beam.sdk.io.kafka.KafkaRecord;
import org.apache.beam.sdk.transforms.DoFn;
import org.apache.beam.sdk.values.TupleTag;
import tapline.wire.BatchHeader;
import tapline.wire.WireException;

/** One Kafka record → the message that `tapline bridge` makes of it, and for a batch the receipt that says so. */
final class CarryRecord extends DoFn<KafkaRecord<byte[], byte[]>, PubsubMessage> {
  static final TupleTag<PubsubMessage> PACKETS = new TupleTag<>() {};
  static final TupleTag<PubsubMessage> HEARTBEATS = new TupleTag<>() {};
  static final TupleTag<DeadLetter> DEAD = new TupleTag<>() {};

  /** Ends the name of the topic of a sensor's heartbeats. */
  private static final String HEARTBEAT_TOPIC = "-heartbeat";

  @ProcessElement
  public void process(
      @Element KafkaRecord<byte[], byte[]> record, MultiOutputReceiver out) {
    byte[] value = record.getKV().getValue();
    boolean isControl = record.getTopic().endsWith(HEARTBEAT_TOPIC);
    try {
      if (isControl) carryControl(value, out);
      else carryBatch(value, out);
    } catch (WireException cause) {
      DeadLetter letter = DeadLetter.of(value, cause);
      out.get(DEAD).output(isControl ? letter.ofHeartbeats() : letter);
    }
  }

  private static void carryBatch(byte[] value, MultiOutputReceiver out) {
    BatchHeader header = BatchHeader.parse(value);
    String eventTime = String.valueOf(Math.floorDiv(header.minTimeUs(), 1_000L));
    Map<String, String> attributes =
        Map.of(BridgePipeline.BATCH_ID, header.batchId(), BridgePipeline.EVENT_TIME, eventTime);
    byte[] receipt = Receipt.of(header, value).getBytes(StandardCharsets.UTF_8);
    out.get(PACKETS).output(new PubsubMessage(value, attributes));
    out.get(HEARTBEATS).output(new PubsubMessage(receipt, Map.of()));
  }

  private static void carryControl(byte[] value, MultiOutputReceiver out) {
    Heartbeat.read(value);
    out.get(HEARTBEATS).output(new PubsubMessage(value, Map.of()));
  }
}
