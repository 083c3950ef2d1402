package tapline.names;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.Map;
import tapline.window.FlowRecord;
import tapline.window.KeyedCounts;

/** Names of protocols, read from a file that is made from the tables of core/ and tested to be equal to them. */
public final class Names {
  private static final String FILE = "/tapline/names.json";
  private static final JsonNode TABLES = load();
  private static final Map<Integer, String> ETHER_TYPES = new HashMap<>();
  private static final boolean[] REFLECTORS = new boolean[65_536];

  static {
    TABLES.get("etherTypes").properties().forEach(
        entry -> ETHER_TYPES.put(Integer.valueOf(entry.getKey()), entry.getValue().asText()));
    TABLES.get("reflectorPorts").forEach(port -> REFLECTORS[port.asInt()] = true);
  }

  private Names() {}

  /** Whether a UDP service on this port answers a small request with much. */
  public static boolean isReflectorPort(int port) {
    return REFLECTORS[port];
  }

  /** {@code TCP}, {@code ARP} …: the name of a protocol code of {@link FlowRecord}. */
  public static String protocol(long code) {
    if (code == KeyedCounts.OTHER) return "other";
    return code < FlowRecord.NOT_IP
        ? ipProtocol((int) code)
        : etherType((int) code - FlowRecord.NOT_IP);
  }

  /** {@code icmp/8/0} or {@code icmpv6/135/0} of a key of {@code icmpTypes}. */
  public static String icmpType(long key) {
    if (key == KeyedCounts.OTHER) return "other";
    String family = key >>> 16 == 58 ? "icmpv6" : "icmp";
    return family + "/" + ((key >>> 8) & 0xff) + "/" + (key & 0xff);
  }

  private static String ipProtocol(int number) {
    String name = TABLES.get("ipProtocols").path(number).asText("");
    return name.isEmpty() ? "IPPROTO_" + number : name;
  }

  private static String etherType(int number) {
    String name = ETHER_TYPES.get(number);
    if (name != null) return name;
    return number < 0x100
        ? String.format("DSAP_0x%02x", number)
        : String.format("ETHERTYPE_0x%04x", number);
  }

  private static JsonNode load() {
    try (InputStream file = Names.class.getResourceAsStream(FILE)) {
      return new ObjectMapper().readTree(file);
    } catch (IOException cause) {
      throw new UncheckedIOException(FILE, cause);
    }
  }
}
