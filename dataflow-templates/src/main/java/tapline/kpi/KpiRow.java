package tapline.kpi;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import tapline.names.Names;
import tapline.window.KeyedCounts;
import tapline.window.WindowPartial;

/** The row that a window comes down to, as JSON with the fields of core/src/kpi/kpi-row.ts. */
public final class KpiRow {
  private static final ObjectMapper JSON = new ObjectMapper();

  private KpiRow() {}

  /**
   * What a row says about its window besides what the packets say.
   *
   * @param revision 1 for the first row of the window, one more each time it is written again
   * @param complete everything that was announced arrived
   */
  public record Meta(
      String sensor,
      long revision,
      boolean complete,
      WindowCount announced,
      WindowCount arrived,
      double dropShare) {}

  /** One line of JSON. */
  public static String json(WindowPartial pane, Meta meta) {
    ObjectNode row = JSON.createObjectNode();
    row.put("sensor", meta.sensor);
    row.put("windowStartUs", pane.windowStartUs);
    row.put("windowEndUs", pane.windowStartUs + pane.windowUs);
    row.put("revision", meta.revision);
    row.put("complete", meta.complete);
    row.set("announced", count(meta.announced));
    row.set("arrived", count(meta.arrived));
    ObjectNode values = row.putObject("values");
    for (Map.Entry<String, Double> kpi : Kpis.of(pane, meta.dropShare).entrySet()) {
      values.put(kpi.getKey(), BigDecimal.valueOf(kpi.getValue()).stripTrailingZeros());
    }
    row.set("protocols", entries(keyed(pane.protocols, Names::protocol)));
    row.set("icmpTypes", entries(keyed(pane.icmpTypes, Names::icmpType)));
    row.set("seconds", seconds(pane));
    TopTalkers talkers = TopTalkers.of(pane);
    row.set("topSources", entries(talkers.sources()));
    row.set("topDestinations", entries(talkers.destinations()));
    row.set("topPairs", entries(talkers.pairs()));
    row.set("topServices", entries(talkers.services()));
    return row.toString();
  }

  private static ObjectNode count(WindowCount count) {
    return JSON.createObjectNode()
        .put("batches", count.batches())
        .put("packets", count.packets())
        .put("bytes", count.bytes());
  }

  private static List<TopEntry> keyed(KeyedCounts counts, Function<Long, String> text) {
    List<TopEntry> entries = new ArrayList<>();
    counts
        .entries()
        .forEach((key, count) -> entries.add(new TopEntry(text.apply(key), count[0], count[1])));
    return TopEntry.top(entries);
  }

  private static ArrayNode entries(List<TopEntry> entries) {
    ArrayNode list = JSON.createArrayNode();
    for (TopEntry entry : entries) {
      list.addObject()
          .put("key", entry.key())
          .put("packets", entry.packets())
          .put("bytes", entry.bytes());
    }
    return list;
  }

  /** Seconds with traffic only, ascending. */
  private static ArrayNode seconds(WindowPartial pane) {
    ArrayNode list = JSON.createArrayNode();
    for (int at = 0; at < pane.secondPackets.length; at += WindowPartial.CLASSES) {
      ObjectNode second = JSON.createObjectNode();
      second.put(
          "startUs", pane.windowStartUs + at / WindowPartial.CLASSES * WindowPartial.SECOND_US);
      long packets = 0;
      ArrayNode packetsByClass = second.putArray("packets");
      ArrayNode bytesByClass = second.putArray("bytes");
      for (int place = at; place < at + WindowPartial.CLASSES; place++) {
        packets += pane.secondPackets[place];
        packetsByClass.add(pane.secondPackets[place]);
        bytesByClass.add(pane.secondBytes[place]);
      }
      if (packets > 0) list.add(second);
    }
    return list;
  }
}
