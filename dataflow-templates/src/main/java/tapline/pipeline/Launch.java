package tapline.pipeline;

import java.util.List;
import java.util.function.BiConsumer;
import org.apache.beam.sdk.Pipeline;
import org.apache.beam.sdk.options.PipelineOptions;
import org.apache.beam.sdk.options.PipelineOptionsFactory;
import org.apache.beam.sdk.options.SdkHarnessOptions;

/** How every template starts: options from the command line, one clear line when they are wrong. */
final class Launch {
  /** Arrow reads memory that Java 17 keeps closed otherwise. */
  private static final List<String> OPEN_MODULES = List.of("java.base/java.nio=ALL-UNNAMED");

  private static final int EXIT_USAGE = 2;

  private Launch() {}

  /** Builds the pipeline and starts it: waits for its end when it runs here, submits it when it runs on Dataflow. */
  static <T extends PipelineOptions> void run(
      String[] arguments, Class<T> type, BiConsumer<Pipeline, T> build) {
    PipelineOptionsFactory.register(type);
    try {
      T options = PipelineOptionsFactory.fromArgs(arguments).withValidation().as(type);
      options.as(SdkHarnessOptions.class).setJdkAddOpenModules(OPEN_MODULES);
      Pipeline pipeline = Pipeline.create(options);
      build.accept(pipeline, options);
      pipeline.run();
    } catch (IllegalArgumentException wrong) {
      System.err.println(wrong.getMessage());
      System.exit(EXIT_USAGE);
    }
  }
}
