package tapline.wire;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.BaseFixedWidthVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.UInt1Vector;
import org.apache.arrow.vector.UInt2Vector;
import org.apache.arrow.vector.UInt4Vector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.ipc.ArrowStreamReader;

/**
 * The Arrow stream inside a batch: unsigned integer columns of 8, 16 or 32 bits by name. Columns that nobody asks for are
 * never looked at, so a newer sensor may send more of them.
 */
final class ArrowBody {
  private static final String CODINGS = "tapline.codings";

  /** Memory that one body may take while it is read. */
  private static final long MEMORY_BYTES_MAX = 16 << 20;

  final int rows;
  private final Map<String, int[]> columns;
  private final Map<String, String> codings;

  private ArrowBody(int rows, Map<String, int[]> columns, Map<String, String> codings) {
    this.rows = rows;
    this.columns = columns;
    this.codings = codings;
  }

  /**
   * Reads the stream.
   *
   * @param wanted which columns to keep
   * @throws WireException WIRE_CORRUPT when it is not what a sensor writes
   */
  static ArrowBody read(byte[] stream, Iterable<String> wanted) {
    try (RootAllocator allocator = new RootAllocator(MEMORY_BYTES_MAX);
        ArrowStreamReader reader =
            new ArrowStreamReader(new ByteArrayInputStream(stream), allocator)) {
      VectorSchemaRoot root = reader.getVectorSchemaRoot();
      if (!reader.loadNextBatch()) throw WireException.corrupt("there is no record batch");
      int rows = root.getRowCount();
      Map<String, int[]> columns = new HashMap<>();
      for (String name : wanted) {
        FieldVector vector = root.getVector(name);
        if (vector == null) throw WireException.corrupt("there is no column " + name);
        columns.put(name, values(vector, rows));
      }
      return new ArrowBody(rows, columns, codings(root));
    } catch (IOException | RuntimeException cause) {
      if (cause instanceof WireException known) throw known;
      throw WireException.corrupt("unexpected Arrow metadata: " + cause.getMessage());
    }
  }

  /** The residuals of a column whose coding must be {@code coding}. */
  int[] column(String name, String coding) {
    if (!coding.equals(codings.get(name))) {
      throw new WireException(
          "WIRE_VERSION",
          "column " + name + " is coded as " + codings.get(name) + ", this build reads " + coding);
    }
    return columns.get(name);
  }

  private static Map<String, String> codings(VectorSchemaRoot root) {
    Map<String, String> metadata = root.getSchema().getCustomMetadata();
    String[] codings = metadata.getOrDefault(CODINGS, "").split(",");
    List<FieldVector> vectors = root.getFieldVectors();
    if (codings.length != vectors.size()) throw WireException.corrupt("codings of other columns");
    Map<String, String> byName = new HashMap<>();
    for (int column = 0; column < codings.length; column++) {
      byName.put(vectors.get(column).getName(), codings[column]);
    }
    return byName;
  }

  private static int[] values(FieldVector vector, int rows) {
    int[] values = new int[rows];
    if (!(vector instanceof BaseFixedWidthVector fixed) || fixed.getValueCount() != rows) {
      throw WireException.corrupt("a column of another kind");
    }
    ArrowBuf data = vector.getDataBuffer();
    if (vector instanceof UInt1Vector) {
      for (int row = 0; row < rows; row++) values[row] = data.getByte(row) & 0xff;
    } else if (vector instanceof UInt2Vector) {
      for (int row = 0; row < rows; row++) values[row] = data.getChar(2L * row);
    } else if (vector instanceof UInt4Vector) {
      for (int row = 0; row < rows; row++) values[row] = data.getInt(4L * row);
    } else throw WireException.corrupt("a column of another kind");
    return values;
  }
}
