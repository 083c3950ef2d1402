package tapline.pipeline;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import org.apache.beam.sdk.coders.Coder;
import org.apache.beam.sdk.coders.CustomCoder;
import org.apache.beam.sdk.coders.SerializableCoder;
import org.apache.beam.sdk.coders.ZstdCoder;

/**
 * What is known about windows, between workers and in their state: never kept longer than a job, so
 * it has no version.
 */
final class NewsCoder extends CustomCoder<WindowNews> {
  private static final Coder<WindowNews> FORM =
      ZstdCoder.of(SerializableCoder.of(WindowNews.class));

  @Override
  public void encode(WindowNews news, OutputStream out) throws IOException {
    FORM.encode(news, out);
  }

  @Override
  public WindowNews decode(InputStream in) throws IOException {
    return FORM.decode(in);
  }
}
