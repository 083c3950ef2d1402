package tapline.wire;

/**
 * The packets of one batch as columns, as far as windows and KPIs ask for them; the names and their meaning are those of
 * core/src/packet/columns.ts. Unsigned 32-bit values are kept in ints. Address columns hold four words a row.
 */
public final class PacketColumns {
  public final int count;
  public final long firstNumber;
  public final int[] flow;
  public final int[] direction;
  public final long[] timeUs;
  public final int[] layers;
  public final int[] quality;
  public final int[] length;
  public final int[] etherType;
  public final int[] addressType;
  public final int[] source;
  public final int[] destination;
  public final int[] ipProtocol;
  public final int[] sourcePort;
  public final int[] destinationPort;
  public final int[] tcpFlags;
  public final int[] payloadLength;
  public final int[] icmpType;
  public final int[] icmpCode;
  public final int[] arpOp;
  public final int[] tunnelDepth;

  /** Which row continues which flow; by it the columns were decoded, and packets are added up. */
  public final FlowIndex index;

  PacketColumns(ColumnDecoder decoder, long firstNumber) {
    count = decoder.rows();
    this.firstNumber = firstNumber;
    index = decoder.index();
    flow = decoder.flowNumbers();
    direction = decoder.direction();
    timeUs = decoder.times("timeUs");
    layers = decoder.byFlow("layers", 32);
    quality = decoder.byFlow("quality", 16);
    length = decoder.plain("length");
    etherType = decoder.byFlow("etherType", 16);
    addressType = decoder.byFlow("addressType", 8);
    int[][] addresses = decoder.addresses("source", "destination");
    source = addresses[0];
    destination = addresses[1];
    ipProtocol = decoder.byFlow("ipProtocol", 8);
    int[][] ports = decoder.ports("sourcePort", "destinationPort");
    sourcePort = ports[0];
    destinationPort = ports[1];
    tcpFlags = decoder.plain("tcpFlags");
    payloadLength = decoder.payloads("payloadLength", length);
    icmpType = decoder.byFlow("icmpType", 8);
    icmpCode = decoder.byFlow("icmpCode", 8);
    arpOp = decoder.byFlow("arpOp", 16);
    tunnelDepth = decoder.byFlow("tunnelDepth", 8);
  }
}
