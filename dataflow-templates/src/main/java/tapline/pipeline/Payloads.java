package tapline.pipeline;

import java.io.IOException;
import org.apache.beam.sdk.Pipeline;
import org.apache.beam.sdk.coders.ByteArrayCoder;
import org.apache.beam.sdk.io.FileIO;
import org.apache.beam.sdk.io.fs.EmptyMatchTreatment;
import org.apache.beam.sdk.io.gcp.pubsub.PubsubIO;
import org.apache.beam.sdk.io.gcp.pubsub.PubsubMessage;
import org.apache.beam.sdk.io.kafka.KafkaIO;
import org.apache.beam.sdk.io.kafka.KafkaRecord;
import org.apache.beam.sdk.transforms.Create;
import org.apache.beam.sdk.transforms.Flatten;
import org.apache.beam.sdk.transforms.MapElements;
import org.apache.beam.sdk.transforms.ParDo;
import org.apache.beam.sdk.transforms.Reshuffle;
import org.apache.beam.sdk.values.PCollection;
import org.apache.beam.sdk.values.PCollectionList;
import org.apache.beam.sdk.values.TypeDescriptor;

/** Where batches and heartbeats come from: always their bytes and nothing else. */
final class Payloads {
  private static final TypeDescriptor<byte[]> BYTES = new TypeDescriptor<>() {};

  private Payloads() {}

  /**
   * Reads the one source that the options name.
   *
   * @throws IllegalArgumentException when they name none, or more than one
   */
  static PCollection<byte[]> read(Pipeline pipeline, KpiOptions options) {
    boolean kafka = options.getBrokers() != null;
    boolean pubsub = options.getPacketsSubscription() != null;
    boolean files = options.getBatches() != null;
    if ((kafka ? 1 : 0) + (pubsub ? 1 : 0) + (files ? 1 : 0) != 1) {
      throw new IllegalArgumentException(
          "name one source: --brokers, --packetsSubscription, or --batches");
    }
    if (files) return files(pipeline, options.getBatches());
    if (pubsub) return pubsub(pipeline, options);
    return options.getOnce() ? topicsOnce(pipeline, options) : topics(pipeline, options);
  }

  /** The records of the sensors' topics, as they come. */
  static PCollection<KafkaRecord<byte[], byte[]>> records(
      Pipeline pipeline, KafkaOptions options) {
    return pipeline.apply(
        "Kafka",
        KafkaIO.readBytes()
            .withBootstrapServers(options.getBrokers())
            .withTopics(KafkaOptions.allTopics(options))
            .withConsumerConfigUpdates(KafkaOptions.consumerConfig(options))
            .withTimestampPolicyFactory((partition, before) -> new SensorTime(before))
            .commitOffsetsInFinalize());
  }

  private static PCollection<byte[]> topics(Pipeline pipeline, KpiOptions options) {
    return records(pipeline, options)
        .apply("payload", MapElements.into(BYTES).via(record -> record.getKV().getValue()));
  }

  private static PCollection<byte[]> topicsOnce(Pipeline pipeline, KpiOptions options) {
    ReadTopic read = new ReadTopic(options.getBrokers(), KafkaOptions.consumerConfig(options));
    return pipeline
        .apply("topics", Create.of(KafkaOptions.allTopics(options)))
        .apply("one by one", Reshuffle.viaRandomKey())
        .apply("Kafka", ParDo.of(read));
  }

  /** Batches by the names and times that the bridge gave them; heartbeats have neither. */
  private static PCollection<byte[]> pubsub(Pipeline pipeline, KpiOptions options) {
    PCollection<PubsubMessage> packets =
        pipeline.apply(
            "packets",
            PubsubIO.readMessages()
                .fromSubscription(options.getPacketsSubscription())
                .withIdAttribute(BridgePipeline.BATCH_ID)
                .withTimestampAttribute(BridgePipeline.EVENT_TIME));
    if (options.getHeartbeatsSubscription() == null) return payloads(packets);
    PCollection<PubsubMessage> heartbeats =
        pipeline.apply(
            "heartbeats",
            PubsubIO.readMessages().fromSubscription(options.getHeartbeatsSubscription()));
    return payloads(PCollectionList.of(packets).and(heartbeats).apply(Flatten.pCollections()));
  }

  private static PCollection<byte[]> payloads(PCollection<PubsubMessage> messages) {
    return messages.apply("payload", MapElements.into(BYTES).via(PubsubMessage::getPayload));
  }

  private static PCollection<byte[]> files(Pipeline pipeline, String glob) {
    return pipeline
        .apply(
            "batch files",
            FileIO.match().filepattern(glob).withEmptyMatchTreatment(EmptyMatchTreatment.DISALLOW))
        .apply(FileIO.readMatches())
        .apply("bytes", MapElements.into(BYTES).via(Payloads::bytes))
        .setCoder(ByteArrayCoder.of());
  }

  private static byte[] bytes(FileIO.ReadableFile file) {
    try {
      return file.readFullyAsBytes();
    } catch (IOException cause) {
      throw new java.io.UncheckedIOException(cause);
    }
  }
}
