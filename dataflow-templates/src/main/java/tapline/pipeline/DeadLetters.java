package tapline.pipeline;

import org.apache.beam.sdk.io.gcp.pubsub.PubsubIO;
import org.apache.beam.sdk.io.gcp.pubsub.PubsubMessage;
import org.apache.beam.sdk.metrics.Counter;
import org.apache.beam.sdk.metrics.Metrics;
import org.apache.beam.sdk.transforms.DoFn;
import org.apache.beam.sdk.transforms.ParDo;
import org.apache.beam.sdk.values.PCollection;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What becomes of messages that nobody can use: counted, told, and kept where somebody looks. */
final class DeadLetters extends DoFn<DeadLetter, PubsubMessage> {
  private static final Logger LOG = LoggerFactory.getLogger(DeadLetters.class);

  private final Counter count = Metrics.counter("tapline", "deadLetters");

  private DeadLetters() {}

  /**
   * Takes them all.
   *
   * @param topic where to keep them; null: they are only counted and told
   */
  static void write(PCollection<DeadLetter> letters, String topic) {
    PCollection<PubsubMessage> messages =
        letters.apply("dead letters", ParDo.of(new DeadLetters()));
    if (topic != null) messages.apply("bury", PubsubIO.writeMessages().to(topic));
  }

  @ProcessElement
  public void process(@Element DeadLetter letter, OutputReceiver<PubsubMessage> out) {
    count.inc();
    LOG.warn("dead letter of {}: {} {}", letter.origin(), letter.code(), letter.reason());
    out.output(letter.message());
  }
}
