package tapline.pipeline;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.apache.beam.sdk.metrics.Counter;
import org.apache.beam.sdk.metrics.Metrics;
import org.apache.beam.sdk.transforms.DoFn;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs `tapline capture` on one file. The session is derived from the capture's bytes, so a file that a worker died on is
 * captured again under the same names. A file that cannot be read is a line of the report and holds up no other; a broker
 * that cannot be reached fails the work item, and the runner tries again.
 */
final class CaptureFile extends DoFn<String, String> {
  private static final Logger LOG = LoggerFactory.getLogger(CaptureFile.class);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int NAME_LENGTH = 64;

  private final Counter captured = Metrics.counter("tapline", "capturedFiles");
  private final Counter failed = Metrics.counter("tapline", "failedFiles");
  private final String command;
  private final String brokers;
  private final String sensor;

  CaptureFile(String command, String brokers, String sensor) {
    this.command = command;
    this.brokers = brokers;
    this.sensor = sensor;
  }

  @ProcessElement
  public void process(@Element String file, OutputReceiver<String> out)
      throws IOException, InterruptedException {
    Path folder = Files.createTempDirectory("tapline-backfill");
    try {
      out.output(capture(file, folder));
    } finally {
      delete(folder);
    }
  }

  private String capture(String file, Path folder) throws IOException, InterruptedException {
    Path answer = folder.resolve("result.json");
    Path errors = folder.resolve("errors.txt");
    List<String> words = new ArrayList<>(List.of(command.split(" +")));
    words.addAll(List.of(file, "--sensor", sensorOf(file), "--json"));
    words.addAll(List.of("--spool", folder.resolve("spool").toString()));
    ProcessBuilder builder = new ProcessBuilder(words);
    builder.environment().put("TAPLINE_KAFKA_BROKERS", brokers);
    builder.redirectOutput(answer.toFile()).redirectError(errors.toFile());
    Process process = builder.start();
    try {
      process.waitFor();
    } finally {
      process.destroy();
    }
    return report(file, process.exitValue(), answer, Files.readString(errors).strip());
  }

  /** A line of the report; or, when the broker did not take everything, a failure that the runner tries again. */
  private String report(String file, int exitCode, Path answer, String errors) throws IOException {
    ObjectNode report = JSON.createObjectNode();
    report.put("file", file);
    report.put("sensor", sensorOf(file));
    report.put("exitCode", exitCode);
    JsonNode result = JSON.readTree(answer.toFile());
    if (!result.isMissingNode()) {
      if (!result.path("complete").asBoolean()) throw new IOException(file + ": " + errors);
      report.set("result", result);
    }
    if (exitCode == 0) captured.inc();
    else {
      failed.inc();
      LOG.error("{}: {}", file, errors);
      report.put("error", errors);
    }
    return report.toString();
  }

  /** The sensor's name for a file, of the characters that a name may have. */
  private String sensorOf(String file) {
    String[] parts = file.split("/");
    String name = parts[parts.length - 1].replaceFirst("\\..*", "");
    String folder = parts.length > 1 ? parts[parts.length - 2] : "";
    String chosen = sensor.replace("{name}", name).replace("{folder}", folder);
    String legal = chosen.replaceAll("[^A-Za-z0-9._-]", "-");
    return legal.substring(0, Math.min(legal.length(), NAME_LENGTH));
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> paths = Files.walk(folder)) {
      for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) Files.delete(path);
    }
  }
}
