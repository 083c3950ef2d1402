package tapline.wire;

import java.util.ArrayList;
import java.util.List;

/**
 * Turns the differences of a batch back into values: one method per coding of core/src/packet/columns.ts that the KPIs
 * need. Value arrays of differences are shifted by one: row i is at i + 1, and index 0 is what a row without any
 * predecessor is predicted from.
 */
final class ColumnDecoder {
  private static final String DISTANCE = "flowDistance";
  private static final String[] NUMBERS = {
    "flow", "direction", "layers", "quality", "length", "etherType", "addressType", "ipProtocol",
    "sourcePort", "destinationPort", "tcpFlags", "payloadLength", "icmpType", "icmpCode", "arpOp",
    "tunnelDepth",
  };
  private static final String[] TIME_PARTS = {".low", ".middle", ".high"};
  private static final int WORDS = 4;

  /** The columns that are decoded, as they are called in the stream. */
  static final List<String> WIRE_NAMES = wireNames();

  private final ArrowBody body;
  private final int rows;
  private final FlowIndex index;
  private final int[] direction;
  private final int[] flowNumbers;

  /** By row: shifted index of the row that it is predicted from; the same for endpoints, mirrored ones from STRIDE on. */
  private final int[] reference;

  private final int[] endpointReference;
  private final int stride;

  ColumnDecoder(ArrowBody body) {
    this.body = body;
    rows = body.rows;
    stride = rows + 1;
    index = new FlowIndex(rows);
    reference = new int[rows];
    endpointReference = new int[rows];
    direction = plain("direction");
    flowNumbers = decodeFlows();
    fillReferences();
  }

  int rows() {
    return rows;
  }

  FlowIndex index() {
    return index;
  }

  int[] direction() {
    return direction;
  }

  int[] flowNumbers() {
    return flowNumbers;
  }

  int[] plain(String name) {
    return body.column(name, "plain");
  }

  /** {@code flow}: difference to the last row of the same flow and direction, else of the other direction, else … */
  int[] byFlow(String name, int bits) {
    return differences(body.column(name, "flow"), bits);
  }

  /** {@code payload}: how many bytes of {@code length} are headers, as {@code flow}. */
  int[] payloads(String name, int[] length) {
    int[] headers = differences(body.column(name, "payload"), 32);
    for (int row = 0; row < rows; row++) headers[row] = length[row] - headers[row];
    return headers;
  }

  /** {@code delta} of 64 bits in three parts. */
  long[] times(String name) {
    int[] low = body.column(name + TIME_PARTS[0], "delta");
    int[] middle = body.column(name + TIME_PARTS[1], "delta");
    int[] high = body.column(name + TIME_PARTS[2], "delta");
    long[] times = new long[rows];
    long time = 0;
    for (int row = 0; row < rows; row++) {
      long residual = (long) high[row] << 32 | (long) middle[row] << 16 | low[row];
      time += (residual >>> 1) ^ -(residual & 1);
      times[row] = time;
    }
    return times;
  }

  /** {@code endpoint}: two columns, each predicted from itself or, the other way, from its peer. */
  int[][] ports(String first, String second) {
    int[] firstResiduals = body.column(first, "endpoint");
    int[] secondResiduals = body.column(second, "endpoint");
    int[] values = new int[2 * stride];
    int[][] ports = new int[2][rows];
    for (int row = 0; row < rows; row++) {
      int from = endpointReference[row];
      int mirrored = from < stride ? from + stride : from - stride;
      values[row + 1] = values[from] + unzigzag(firstResiduals[row]);
      values[stride + row + 1] = values[mirrored] + unzigzag(secondResiduals[row]);
      ports[0][row] = values[row + 1] & 0xffff;
      ports[1][row] = values[stride + row + 1] & 0xffff;
    }
    return ports;
  }

  /** The same for two address columns, word by word. */
  int[][] addresses(String first, String second) {
    int[][] addresses = new int[2][WORDS * rows];
    for (int word = 0; word < WORDS; word++) {
      int[] firstResiduals = body.column(first + "." + word, "endpoint");
      int[] secondResiduals = body.column(second + "." + word, "endpoint");
      for (int row = 0; row < rows; row++) {
        int from = endpointReference[row];
        boolean mirrored = from >= stride;
        int at = WORDS * ((mirrored ? from - stride : from) - 1) + word;
        int own = at < 0 ? 0 : addresses[mirrored ? 1 : 0][at];
        int peer = at < 0 ? 0 : addresses[mirrored ? 0 : 1][at];
        addresses[0][WORDS * row + word] = own + unzigzag(firstResiduals[row]);
        addresses[1][WORDS * row + word] = peer + unzigzag(secondResiduals[row]);
      }
    }
    return addresses;
  }

  private int[] differences(int[] residuals, int bits) {
    int mask = -1 >>> (32 - bits);
    int[] shifted = new int[stride];
    int[] values = new int[rows];
    for (int row = 0; row < rows; row++) {
      values[row] = (shifted[reference[row]] + unzigzag(residuals[row])) & mask;
      shifted[row + 1] = values[row];
    }
    return values;
  }

  private int[] decodeFlows() {
    int[] distances = body.column(DISTANCE, "distance");
    int[] residuals = body.column("flow", "flowNumber");
    int[] flow = new int[rows];
    int begunBefore = 0;
    for (int row = 0; row < rows; row++) {
      int distance = distances[row];
      if (distance < 0 || distance > row) throw WireException.corrupt("a flow from before the batch");
      if (distance == 0) {
        begunBefore += unzigzag(residuals[row]);
        flow[row] = begunBefore;
        index.begin(row, direction[row]);
      } else {
        flow[row] = flow[row - distance];
        index.link(row, index.local[row - distance], direction[row]);
      }
    }
    return flow;
  }

  private void fillReferences() {
    int lastBegin = 0;
    for (int row = 0; row < rows; row++) {
      int own = index.previous[row] + 1;
      int other = index.opposite[row] + 1;
      if (own > 0) {
        reference[row] = own;
        endpointReference[row] = own;
      } else if (other > 0) {
        reference[row] = other;
        endpointReference[row] = stride + other;
      } else {
        reference[row] = lastBegin;
        endpointReference[row] = lastBegin;
        lastBegin = row + 1;
      }
    }
  }

  private static int unzigzag(int residual) {
    return (residual >>> 1) ^ -(residual & 1);
  }

  private static List<String> wireNames() {
    List<String> names = new ArrayList<>(List.of(DISTANCE));
    names.addAll(List.of(NUMBERS));
    for (String part : TIME_PARTS) names.add("timeUs" + part);
    for (String address : new String[] {"source", "destination"}) {
      for (int word = 0; word < WORDS; word++) names.add(address + "." + word);
    }
    return List.copyOf(names);
  }
}
