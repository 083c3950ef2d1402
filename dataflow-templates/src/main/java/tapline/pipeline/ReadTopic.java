package tapline.pipeline;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.beam.sdk.transforms.DoFn;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Everything that is on a Kafka topic now, from its first record to its last: for jobs that end. The group's offsets are
 * neither asked nor changed, so a second run reads the same.
 */
final class ReadTopic extends DoFn<String, byte[]> {
  private static final Duration POLL = Duration.ofSeconds(1);

  private final Map<String, Object> config;

  ReadTopic(String brokers, Map<String, Object> config) {
    this.config = new HashMap<>(config);
    this.config.put("bootstrap.servers", brokers);
  }

  @ProcessElement
  public void process(@Element String topic, OutputReceiver<byte[]> out) {
    ByteArrayDeserializer bytes = new ByteArrayDeserializer();
    try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(config, bytes, bytes)) {
      List<TopicPartition> partitions =
          consumer.partitionsFor(topic).stream()
              .map(info -> new TopicPartition(topic, info.partition()))
              .toList();
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      while (ends.entrySet().stream()
          .anyMatch(end -> consumer.position(end.getKey()) < end.getValue())) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
          TopicPartition partition = new TopicPartition(topic, record.partition());
          if (record.offset() < ends.get(partition)) out.output(record.value());
        }
      }
    }
  }
}
