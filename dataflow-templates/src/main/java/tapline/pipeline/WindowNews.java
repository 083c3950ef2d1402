package tapline.pipeline;

import java.io.Serializable;
import tapline.kpi.WindowCount;
import tapline.window.WindowPartial;

/** What a message says about one window of one sensor. Said twice, it says nothing more. */
sealed interface WindowNews extends Serializable {
  /** The session of the sensor that it is about. */
  String session();

  /** What one batch has in the window: the cell of the deployed line. Its name is session and sequence. */
  record Cell(String session, long sequence, WindowPartial partial) implements WindowNews {}

  /** What a session's heartbeat says that it has sent for the window so far. */
  record Announced(String session, WindowCount count) implements WindowNews {}

  /** What the kernel of the sensor's host has dropped so far in a minute that the window touches. */
  record Dropped(String session, long minuteStartUs, long offered, long kernelDropped)
      implements WindowNews {}
}
