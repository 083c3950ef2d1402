package tapline.pipeline;

import org.apache.beam.sdk.Pipeline;
import org.apache.beam.sdk.io.FileIO;
import org.apache.beam.sdk.io.TextIO;
import org.apache.beam.sdk.io.fs.EmptyMatchTreatment;
import org.apache.beam.sdk.io.fs.MatchResult;
import org.apache.beam.sdk.options.Default;
import org.apache.beam.sdk.options.Description;
import org.apache.beam.sdk.options.PipelineOptions;
import org.apache.beam.sdk.options.Validation;
import org.apache.beam.sdk.transforms.MapElements;
import org.apache.beam.sdk.transforms.ParDo;
import org.apache.beam.sdk.transforms.Reshuffle;
import org.apache.beam.sdk.values.TypeDescriptors;

/**
 * A bucket of captures → a sensor's Kafka topics, many files at a time: `tapline capture` decodes each one on a worker, so
 * that there is one decoder of packets and not two.
 */
public final class BackfillPipeline {
  /** Parameters of the template. */
  public interface Options extends PipelineOptions {
    @Description("Captures (gs:// or local), with wildcards: gs://BUCKET/2026/**.pcap.zst")
    @Validation.Required
    String getCaptures();

    void setCaptures(String glob);

    @Description("Kafka's brokers: HOST:PORT, separated by commas")
    @Validation.Required
    String getBrokers();

    void setBrokers(String brokers);

    @Description("Name of the sensor; {name} is the file's name to its first dot, {folder} its folder's")
    @Default.String("instance-1")
    String getSensor();

    void setSensor(String sensor);

    @Description("How the agent is called on the workers, words separated by spaces")
    @Default.String("tapline capture")
    String getCommand();

    void setCommand(String command);

    @Description("What became of each file, as JSON lines to files whose names begin so (gs:// or local)")
    @Validation.Required
    String getOutput();

    void setOutput(String prefix);
  }

  private BackfillPipeline() {}

  public static void main(String[] arguments) {
    Launch.run(arguments, Options.class, BackfillPipeline::build);
  }

  static void build(Pipeline pipeline, Options options) {
    pipeline
        .apply(
            "captures",
            FileIO.match()
                .filepattern(options.getCaptures())
                .withEmptyMatchTreatment(EmptyMatchTreatment.DISALLOW))
        .apply("name", MapElements.into(TypeDescriptors.strings()).via(BackfillPipeline::name))
        .apply("spread", Reshuffle.viaRandomKey())
        .apply(
            "capture",
            ParDo.of(
                new CaptureFile(options.getCommand(), options.getBrokers(), options.getSensor())))
        .apply("report", TextIO.write().to(options.getOutput()).withSuffix(".ndjson"));
  }

  private static String name(MatchResult.Metadata metadata) {
    return metadata.resourceId().toString();
  }
}
