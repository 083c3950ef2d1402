package tapline.pipeline;

import org.apache.beam.sdk.options.Default;
import org.apache.beam.sdk.options.Description;

/** Parameters of {@link KpiPipeline}: one source, at least one output. */
public interface KpiOptions extends KafkaOptions {
  @Description("Kafka: read what is there now and end, instead of going on")
  @Default.Boolean(false)
  boolean getOnce();

  void setOnce(boolean once);

  @Description("Pub/Sub subscription of the packets topic: projects/P/subscriptions/S")
  String getPacketsSubscription();

  void setPacketsSubscription(String subscription);

  @Description("Pub/Sub subscription of the heartbeats topic: projects/P/subscriptions/S")
  String getHeartbeatsSubscription();

  void setHeartbeatsSubscription(String subscription);

  @Description("Batch files (gs:// or local), with wildcards: DIR/batches/**.tpb")
  String getBatches();

  void setBatches(String glob);

  @Description("Length of a window in seconds, as the sensors count")
  @Default.Integer(10)
  int getWindowSeconds();

  void setWindowSeconds(int seconds);

  @Description("How long after its end a window may still change, in seconds")
  @Default.Integer(60)
  int getAllowedLatenessSeconds();

  void setAllowedLatenessSeconds(int seconds);

  @Description("KPI rows as JSON lines to files whose names begin so (gs:// or local)")
  String getOutput();

  void setOutput(String prefix);

  @Description("KPI rows as messages to this Pub/Sub topic: projects/P/topics/T")
  String getOutputTopic();

  void setOutputTopic(String topic);

  @Description("What cannot be read goes to this Pub/Sub topic, for tapline dlq: projects/P/topics/T")
  String getDeadLettersTopic();

  void setDeadLettersTopic(String topic);
}
