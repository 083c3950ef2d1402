package tapline.wire;

/** Bytes that are no batch of this format, or a damaged one; {@link #code} is the one the TypeScript stages use. */
public final class WireException extends RuntimeException {
  /** WIRE_FORMAT (no batch), WIRE_VERSION (another version or codec) or WIRE_CORRUPT. */
  private final String code;

  public WireException(String code, String message) {
    super(message);
    this.code = code;
  }

  public String code() {
    return code;
  }

  static WireException corrupt(String what) {
    return new WireException("WIRE_CORRUPT", "damaged batch: " + what);
  }
}
