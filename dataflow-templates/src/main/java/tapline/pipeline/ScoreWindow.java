package tapline.pipeline;

import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import org.apache.beam.sdk.transforms.DoFn;
import org.apache.beam.sdk.transforms.windowing.IntervalWindow;
import org.apache.beam.sdk.transforms.windowing.PaneInfo;
import org.apache.beam.sdk.values.KV;
import tapline.kpi.KpiRow;
import tapline.kpi.WindowCount;
import tapline.window.Counter;
import tapline.window.WindowPartial;

/**
 * Everything known about one window of one sensor → its KPI row. A batch that came twice counts once; cells are merged in
 * batch order; and the window is complete when of every session exactly what was announced has arrived.
 */
final class ScoreWindow extends DoFn<KV<String, Iterable<WindowNews>>, String> {
  private static final long US_PER_MS = 1_000;
  private static final Comparator<CellName> BATCH_ORDER =
      Comparator.comparing(CellName::session).thenComparingLong(CellName::sequence);

  private record CellName(String session, long sequence) {}

  private record Minute(String session, long startUs) {}

  @ProcessElement
  public void process(
      @Element KV<String, Iterable<WindowNews>> news,
      IntervalWindow window,
      PaneInfo pane,
      OutputReceiver<String> out) {
    Map<CellName, WindowPartial> cells = new TreeMap<>(BATCH_ORDER);
    Map<String, WindowCount> announced = new HashMap<>();
    Map<Minute, WindowNews.Dropped> drops = new HashMap<>();
    for (WindowNews item : news.getValue()) {
      if (item instanceof WindowNews.Cell cell) {
        cells.put(new CellName(cell.session(), cell.sequence()), cell.partial());
      } else if (item instanceof WindowNews.Announced sent) {
        announced.merge(sent.session(), sent.count(), WindowCount::larger);
      } else if (item instanceof WindowNews.Dropped drop) {
        drops.merge(new Minute(drop.session(), drop.minuteStartUs()), drop, ScoreWindow::newer);
      }
    }
    // The drops of a minute are no news about a window that nobody mentioned.
    if (cells.isEmpty() && announced.isEmpty()) return;

    long startUs = window.start().getMillis() * US_PER_MS;
    WindowPartial whole =
        new WindowPartial(startUs, window.end().getMillis() * US_PER_MS - startUs);
    Map<String, WindowCount> arrived = new HashMap<>();
    cells.forEach(
        (name, cell) -> {
          whole.merge(cell);
          WindowCount count =
              new WindowCount(1, cell.get(Counter.PACKETS), cell.get(Counter.BYTES));
          arrived.merge(name.session(), count, WindowCount::plus);
        });
    KpiRow.Meta meta =
        new KpiRow.Meta(
            news.getKey(),
            pane.getIndex() + 1,
            arrived.equals(announced),
            total(announced),
            total(arrived),
            dropShare(drops));
    out.output(KpiRow.json(whole, meta));
  }

  private static WindowNews.Dropped newer(WindowNews.Dropped a, WindowNews.Dropped b) {
    return new WindowNews.Dropped(
        a.session(),
        a.minuteStartUs(),
        Math.max(a.offered(), b.offered()),
        Math.max(a.kernelDropped(), b.kernelDropped()));
  }

  private static WindowCount total(Map<String, WindowCount> counts) {
    return counts.values().stream().reduce(WindowCount.NONE, WindowCount::plus);
  }

  private static double dropShare(Map<Minute, WindowNews.Dropped> drops) {
    long offered = 0;
    long dropped = 0;
    for (WindowNews.Dropped drop : drops.values()) {
      offered += drop.offered();
      dropped += drop.kernelDropped();
    }
    return offered == 0 ? 0 : (double) dropped / offered;
  }
}
