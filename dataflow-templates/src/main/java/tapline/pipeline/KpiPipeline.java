package tapline.pipeline;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.apache.beam.sdk.Pipeline;
import org.apache.beam.sdk.io.TextIO;
import org.apache.beam.sdk.io.gcp.pubsub.PubsubIO;
import org.apache.beam.sdk.io.gcp.pubsub.PubsubMessage;
import org.apache.beam.sdk.transforms.MapElements;
import org.apache.beam.sdk.transforms.windowing.AfterPane;
import org.apache.beam.sdk.transforms.windowing.Repeatedly;
import org.apache.beam.sdk.transforms.windowing.Window;
import org.apache.beam.sdk.values.PCollection;
import org.apache.beam.sdk.values.PCollectionTuple;
import org.apache.beam.sdk.values.TypeDescriptor;
import org.joda.time.Duration;

/** Packets → windows → KPIs on Beam: the rows that the TypeScript stages write, from the same batches and heartbeats. */
public final class KpiPipeline {
  private static final TypeDescriptor<PubsubMessage> MESSAGES =
      TypeDescriptor.of(PubsubMessage.class);

  private KpiPipeline() {}

  public static void main(String[] arguments) {
    Launch.run(arguments, KpiOptions.class, KpiPipeline::build);
  }

  static void build(Pipeline pipeline, KpiOptions options) {
    if (options.getOutput() == null && options.getOutputTopic() == null) {
      throw new IllegalArgumentException("say where rows go: --output, --outputTopic, or both");
    }
    if (options.getWindowSeconds() < 1 || options.getWindowSeconds() > 300) {
      throw new IllegalArgumentException("--windowSeconds: from 1 to 300");
    }
    KpiTransform kpis =
        new KpiTransform(
            Duration.standardSeconds(options.getWindowSeconds()),
            Duration.standardSeconds(options.getAllowedLatenessSeconds()));
    PCollectionTuple results = Payloads.read(pipeline, options).apply("KPIs", kpis);
    PCollection<String> rows = results.get(KpiTransform.ROWS);
    if (options.getOutput() != null) writeFiles(rows, options.getOutput());
    if (options.getOutputTopic() != null) {
      rows.apply("message", MapElements.into(MESSAGES).via(KpiPipeline::message))
          .apply("rows", PubsubIO.writeMessages().to(options.getOutputTopic()));
    }
    DeadLetters.write(results.get(ReadPayload.DEAD), options.getDeadLettersTopic());
  }

  /** A file for each time a window was scored: its name has the window, and the pane that the row's revision counts. */
  private static void writeFiles(PCollection<String> rows, String prefix) {
    rows.apply(
            "each row once",
            Window.<String>configure()
                .triggering(Repeatedly.forever(AfterPane.elementCountAtLeast(1)))
                .discardingFiredPanes())
        .apply(
            "files",
            TextIO.write().to(prefix).withSuffix(".ndjson").withWindowedWrites().withNumShards(1));
  }

  private static PubsubMessage message(String row) {
    return new PubsubMessage(row.getBytes(StandardCharsets.UTF_8), Map.of());
  }
}
