package tapline.window;

import java.io.Serializable;
import tapline.sketch.Hash;

/**
 * Where flows go that a bound does not let stay records of their own (core/src/window/flow-bucket.ts), as far as KPIs ask
 * for it; the contact sketches of the TypeScript stages are for detectors alone.
 */
public final class FlowBucket implements Serializable {
  /** What the flows of a bucket have in common; the order gives the kind its number. */
  public enum Kind {
    /** Responder and its port. */
    SERVICE,
    /** Responder. */
    VICTIM,
    /** Initiator and the responder's port. */
    SWEEP,
    /** Initiator and responder. */
    PROBE,
    /** Initiator. */
    SOURCE
  }

  static final Kind[] KINDS = Kind.values();

  public final Kind kind;
  public final int protocol;
  public final int addressType;

  /** The host that gives the bucket its key, and of a probe its one peer, else zeros: four words each. */
  public final int[] host;

  public final int[] peer;

  /** The responder's port; 0 unless kind is service or sweep. */
  public final int port;

  public long flows;
  public long failed;
  public long completed;
  public long answered;
  public long opens;

  /** Sides are 0 = initiator, 1 = responder. */
  public final long[] packets = new long[2];

  public final long[] bytes = new long[2];

  private FlowBucket(
      Kind kind, int protocol, int addressType, int[] host, int[] peer, int port) {
    this.kind = kind;
    this.protocol = protocol;
    this.addressType = addressType;
    this.host = host;
    this.peer = peer;
    this.port = port;
  }

  /** An empty bucket for the key of a flow. */
  static FlowBucket of(FlowRecord flow, Kind kind, int initiator) {
    int[] asker = address(flow, initiator);
    int[] answerer = address(flow, 1 - initiator);
    boolean byResponder = kind == Kind.SERVICE || kind == Kind.VICTIM;
    boolean withPort = kind == Kind.SERVICE || kind == Kind.SWEEP;
    return new FlowBucket(
        kind,
        flow.protocol,
        flow.addressType,
        byResponder ? answerer : asker,
        kind == Kind.PROBE ? answerer : new int[4],
        withPort ? flow.port(1 - initiator) : 0);
  }

  FlowBucket empty() {
    return new FlowBucket(kind, protocol, addressType, host, peer, port);
  }

  /** What the bucket of a flow is found by. */
  static int hash(FlowRecord flow, Kind kind, int initiator) {
    int salt = Hash.pair(kind.ordinal(), flow.protocol);
    int asker = FlowRecord.addressAt(initiator);
    int answerer = FlowRecord.addressAt(1 - initiator);
    int port = flow.port(1 - initiator);
    int[] words = flow.addresses;
    return switch (kind) {
      case SERVICE -> Hash.pair(Hash.addressSalted(words, answerer, salt), port);
      case VICTIM -> Hash.addressSalted(words, answerer, salt);
      case SWEEP -> Hash.pair(Hash.addressSalted(words, asker, salt), port);
      case PROBE ->
          Hash.pair(
              Hash.addressSalted(words, asker, salt), Hash.addressSalted(words, answerer, salt));
      case SOURCE -> Hash.addressSalted(words, asker, salt);
    };
  }

  void fold(FlowRecord flow, int initiator) {
    int answerer = 1 - initiator;
    flows++;
    if (FlowTraits.isIllegalProbe(flow) || FlowTraits.isFailedContact(flow, initiator)) failed++;
    if (FlowTraits.isCompleted(flow, initiator)) completed++;
    if (FlowTraits.isAnswered(flow, initiator)) answered++;
    opens += flow.opens[initiator];
    packets[0] += flow.packets[initiator];
    packets[1] += flow.packets[answerer];
    bytes[0] += flow.bytes[initiator];
    bytes[1] += flow.bytes[answerer];
  }

  void merge(FlowBucket other) {
    flows += other.flows;
    failed += other.failed;
    completed += other.completed;
    answered += other.answered;
    opens += other.opens;
    for (int side = 0; side < 2; side++) {
      packets[side] += other.packets[side];
      bytes[side] += other.bytes[side];
    }
  }

  private static int[] address(FlowRecord flow, int side) {
    int at = FlowRecord.addressAt(side);
    return java.util.Arrays.copyOfRange(flow.addresses, at, at + 4);
  }
}
