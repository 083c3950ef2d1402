package tapline.wire;

import java.util.Arrays;

/** Which row of a batch continues which: what the codings of the other columns predict from. */
public final class FlowIndex {
  /** Number of the row's flow inside the batch, in order of first appearance, from 0. */
  public final int[] local;

  /** Last earlier row of the same flow and direction, -1 = none. */
  final int[] previous;

  /** Last earlier row of the same flow in the other direction, -1 = none. */
  final int[] opposite;

  private final int[] last;
  private int flows;

  FlowIndex(int rows) {
    local = new int[rows];
    previous = new int[rows];
    opposite = new int[rows];
    last = new int[2 * rows];
    Arrays.fill(last, -1);
  }

  /** How many different flows the batch has. */
  public int flows() {
    return flows;
  }

  /** Row {@code row} is the first of a flow. */
  void begin(int row, int direction) {
    link(row, flows++, direction);
  }

  /** Row {@code row} goes on with flow {@code flow}. Rows must come in order. */
  void link(int row, int flow, int direction) {
    int own = 2 * flow + (direction & 1);
    local[row] = flow;
    previous[row] = last[own];
    opposite[row] = last[own ^ 1];
    last[own] = row;
  }
}
