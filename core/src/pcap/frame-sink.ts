/** What a capture reader hands on: frames, one call each, without an object per packet. */

export interface FrameSink {
  /**
   * One captured frame. The bytes are valid only during the call.
   * @param bytes buffer that holds the frame
   * @param offset where the frame starts in `bytes`
   * @param capturedLength bytes present from `offset`
   * @param wireLength bytes the frame had on the wire
   * @param timeUs event time in whole microseconds since 1970 (may be negative; at most TIME_LIMIT_US away)
   * @param timeNs nanoseconds beyond timeUs, 0 to 999
   * @param linkType LINKTYPE_ value of the interface it was captured on
   */
  frame(
    bytes: Uint8Array,
    offset: number,
    capturedLength: number,
    wireLength: number,
    timeUs: number,
    timeNs: number,
    linkType: number,
  ): void;
}

/** A push parser of one capture format: feed it chunks of any size, it calls the sink for every whole frame. */
export interface CaptureParser {
  /** Consumes all of `chunk` (what is left over is kept inside). Throws PipelineError at the first fault. */
  feed(chunk: Uint8Array): void;
  /** Says that no more bytes come. Throws CAPTURE_TRUNCATED when a header or packet is unfinished. */
  end(): void;
}
