package tapline.pipeline;

import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.stream.Stream;
import org.apache.beam.sdk.io.FileSystems;
import org.apache.beam.sdk.options.Description;
import org.apache.beam.sdk.options.PipelineOptions;

/** Which Kafka, and which sensors' topics on it. */
public interface KafkaOptions extends PipelineOptions {
  @Description("Kafka's brokers: HOST:PORT, separated by commas")
  String getBrokers();

  void setBrokers(String brokers);

  @Description("Names of the sensors, separated by commas: SENSOR-pcap and SENSOR-heartbeat are read")
  List<String> getSensors();

  void setSensors(List<String> sensors);

  @Description("Consumer group whose committed offsets say where to go on")
  String getGroup();

  void setGroup(String group);

  @Description("File (gs:// or local) of more Kafka settings, as NAME=VALUE lines: TLS and login")
  String getKafkaProperties();

  void setKafkaProperties(String file);

  /** The packet topics of the sensors. */
  static List<String> packetTopics(KafkaOptions options) {
    return options.getSensors().stream().map(sensor -> sensor + "-pcap").toList();
  }

  /** The heartbeat topics of the sensors. */
  static List<String> heartbeatTopics(KafkaOptions options) {
    return options.getSensors().stream().map(sensor -> sensor + "-heartbeat").toList();
  }

  static List<String> allTopics(KafkaOptions options) {
    return Stream.concat(packetTopics(options).stream(), heartbeatTopics(options).stream())
        .toList();
  }

  /**
   * The settings of a consumer of the group that begins where there is nothing committed at the beginning.
   *
   * @throws IllegalArgumentException naming what is missing
   */
  static Map<String, Object> consumerConfig(KafkaOptions options) {
    require(options.getBrokers() != null, "--brokers");
    require(options.getSensors() != null && !options.getSensors().isEmpty(), "--sensors");
    require(options.getGroup() != null, "--group");
    Map<String, Object> config = new HashMap<>();
    config.put("group.id", options.getGroup());
    config.put("auto.offset.reset", "earliest");
    config.put("enable.auto.commit", false);
    if (options.getKafkaProperties() != null) {
      load(options.getKafkaProperties()).forEach((name, value) -> config.put((String) name, value));
    }
    return config;
  }

  private static Properties load(String file) {
    FileSystems.setDefaultPipelineOptions(org.apache.beam.sdk.options.PipelineOptionsFactory.create());
    Properties properties = new Properties();
    try (InputStream in =
        Channels.newInputStream(FileSystems.open(FileSystems.matchNewResource(file, false)))) {
      properties.load(in);
      return properties;
    } catch (IOException cause) {
      throw new IllegalArgumentException("--kafkaProperties: " + cause.getMessage(), cause);
    }
  }

  private static void require(boolean there, String option) {
    if (!there) throw new IllegalArgumentException(option + " is needed to read from Kafka");
  }
}
