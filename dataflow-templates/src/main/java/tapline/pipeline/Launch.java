package tapline.pipeline;

import java.util.function.BiConsumer;
import org.apache.beam.sdk.Pipeline;
import org.apache.beam.sdk.options.PipelineOptions;
import org.apache.beam.sdk.options.PipelineOptionsFactory;

/** How every template starts: options from the command line, one clear line when they are wrong. */
final class Launch {
  private static final int EXIT_USAGE = 2;

  private Launch() {}

  /** Builds the pipeline and starts it: here it runs until it ends, on Dataflow it is submitted. */
  static <T extends PipelineOptions> void run(
      String[] arguments, Class<T> type, BiConsumer<Pipeline, T> build) {
    PipelineOptionsFactory.register(type);
    try {
      T options = PipelineOptionsFactory.fromArgs(arguments).withValidation().as(type);
      Pipeline pipeline = Pipeline.create(options);
      build.accept(pipeline, options);
      pipeline.run();
    } catch (IllegalArgumentException wrong) {
      System.err.println(wrong.getMessage());
      System.exit(EXIT_USAGE);
    }
  }
}
