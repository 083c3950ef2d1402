package tapline.wire;

import com.google.flatbuffers.Table;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.apache.arrow.flatbuf.Buffer;
import org.apache.arrow.flatbuf.Field;
import org.apache.arrow.flatbuf.Int;
import org.apache.arrow.flatbuf.Message;
import org.apache.arrow.flatbuf.MessageHeader;
import org.apache.arrow.flatbuf.RecordBatch;
import org.apache.arrow.flatbuf.Schema;
import org.apache.arrow.flatbuf.Type;

/**
 * The Arrow stream inside a batch: unsigned integer columns of 8, 16 or 32 bits by name. Columns
 * that nobody asks for are never looked at, so a newer sensor may send more of them. Read from the
 * heap through Arrow's own format classes: its readers keep memory outside of it, and lose some
 * with each stream that breaks off.
 */
final class ArrowBody {
  private static final String CODINGS = "tapline.codings";
  private static final int CONTINUATION = -1;

  final int rows;
  private final Map<String, int[]> columns = new HashMap<>();
  private final Map<String, String> codings = new HashMap<>();

  private ArrowBody(ByteBuffer stream, Set<String> wanted) {
    Schema schema = (Schema) header(message(stream), MessageHeader.Schema, new Schema());
    Message message = message(stream);
    RecordBatch batch = (RecordBatch) header(message, MessageHeader.RecordBatch, new RecordBatch());
    rows = Math.toIntExact(batch.length());
    if (rows < 0 || rows > BatchHeader.CAPACITY) throw WireException.corrupt(rows + " rows");
    ByteBuffer body = slice(stream, 0, message.bodyLength());
    String[] coded = codings(schema).split(",");
    if (coded.length != schema.fieldsLength()) {
      throw WireException.corrupt("codings of other columns");
    }
    for (int column = 0; column < coded.length; column++) {
      Field field = schema.fields(column);
      codings.put(field.name(), coded[column]);
      if (!wanted.contains(field.name())) continue;
      // The buffer before it says which rows have a value: all have.
      Buffer data = batch.buffers(2 * column + 1);
      int width = widthOf(field);
      columns.put(field.name(), values(slice(body, data.offset(), (long) rows * width), width));
    }
    if (columns.size() != wanted.size()) throw WireException.corrupt("columns are missing");
  }

  /**
   * Reads the stream.
   *
   * @param wanted which columns to keep
   * @throws WireException WIRE_CORRUPT when it is not what a sensor writes
   */
  static ArrowBody read(byte[] stream, Set<String> wanted) {
    try {
      return new ArrowBody(ByteBuffer.wrap(stream).order(ByteOrder.LITTLE_ENDIAN), wanted);
    } catch (WireException known) {
      throw known;
    } catch (RuntimeException cause) {
      // The metadata leads outside of the stream, in one of many ways.
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

  /** The message at the stream's position, which moves behind its metadata. */
  private static Message message(ByteBuffer stream) {
    if (stream.getInt() != CONTINUATION) throw WireException.corrupt("no Arrow message");
    int length = stream.getInt();
    Message message = Message.getRootAsMessage(slice(stream, 0, length));
    stream.position(stream.position() + length);
    return message;
  }

  private static Table header(Message message, byte type, Table into) {
    if (message.headerType() != type) throw WireException.corrupt("another Arrow message");
    return message.header(into);
  }

  private static String codings(Schema schema) {
    for (int entry = 0; entry < schema.customMetadataLength(); entry++) {
      if (CODINGS.equals(schema.customMetadata(entry).key())) {
        return schema.customMetadata(entry).value();
      }
    }
    throw WireException.corrupt("nothing says how columns are coded");
  }

  /** Bytes of a value. */
  private static int widthOf(Field field) {
    if (field.typeType() != Type.Int) throw WireException.corrupt("a column of another kind");
    Int type = (Int) field.type(new Int());
    int bits = type.bitWidth();
    if (type.isSigned() || bits != 8 && bits != 16 && bits != 32) {
      throw WireException.corrupt("a column of another width");
    }
    return bits / 8;
  }

  private int[] values(ByteBuffer data, int width) {
    int[] values = new int[rows];
    for (int row = 0; row < rows; row++) {
      values[row] =
          switch (width) {
            case 1 -> data.get(row) & 0xff;
            case 2 -> data.getChar(2 * row);
            default -> data.getInt(4 * row);
          };
    }
    return values;
  }

  /** So many bytes from so far behind the buffer's position. */
  private static ByteBuffer slice(ByteBuffer from, long offset, long length) {
    int start = Math.addExact(from.position(), Math.toIntExact(offset));
    return from.slice(start, Math.toIntExact(length)).order(ByteOrder.LITTLE_ENDIAN);
  }
}
