package tapline.pipeline;

import org.apache.beam.sdk.Pipeline;
import org.apache.beam.sdk.io.gcp.pubsub.PubsubIO;
import org.apache.beam.sdk.io.gcp.pubsub.PubsubMessage;
import org.apache.beam.sdk.options.Description;
import org.apache.beam.sdk.options.Validation;
import org.apache.beam.sdk.transforms.ParDo;
import org.apache.beam.sdk.values.PCollectionTuple;
import org.apache.beam.sdk.values.TupleTag;
import org.apache.beam.sdk.values.TupleTagList;

/** Kafka → Pub/Sub on Beam: batches and heartbeats byte for byte, with the attributes and receipts of `tapline bridge`. */
public final class BridgePipeline {
  /** The attributes of a batch: its name, and its earliest event time in ms. */
  static final String BATCH_ID = "batchId";

  static final String EVENT_TIME = "eventTime";

  /** Parameters of the template. */
  public interface Options extends KafkaOptions {
    @Description("Pub/Sub topic of batches: projects/P/topics/PREFIX-packets")
    @Validation.Required
    String getPacketsTopic();

    void setPacketsTopic(String topic);

    @Description("Pub/Sub topic of heartbeats and receipts: projects/P/topics/PREFIX-heartbeats")
    @Validation.Required
    String getHeartbeatsTopic();

    void setHeartbeatsTopic(String topic);

    @Description("Pub/Sub topic of what nobody can use: projects/P/topics/PREFIX-dead-letters")
    @Validation.Required
    String getDeadLettersTopic();

    void setDeadLettersTopic(String topic);
  }

  private BridgePipeline() {}

  public static void main(String[] arguments) {
    Launch.run(arguments, Options.class, BridgePipeline::build);
  }

  static void build(Pipeline pipeline, Options options) {
    PCollectionTuple messages =
        Payloads.records(pipeline, options)
            .apply(
                "carry",
                ParDo.of(new CarryRecord())
                    .withOutputTags(
                        CarryRecord.PACKETS,
                        TupleTagList.of(CarryRecord.HEARTBEATS).and(CarryRecord.DEAD)));
    publish(messages, CarryRecord.PACKETS, options.getPacketsTopic());
    publish(messages, CarryRecord.HEARTBEATS, options.getHeartbeatsTopic());
    DeadLetters.write(messages.get(CarryRecord.DEAD), options.getDeadLettersTopic());
  }

  private static void publish(
      PCollectionTuple messages, TupleTag<PubsubMessage> tag, String topic) {
    messages.get(tag).apply("to " + topic, PubsubIO.writeMessages().to(topic));
  }
}
