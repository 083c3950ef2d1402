/** The one error type of the pipeline: a code from a closed list, whether trying again can help, and the cause. */

export const ERROR_CODES = [
  'CAPTURE_FORMAT', // not a capture we know, or a version we do not read
  'CAPTURE_TRUNCATED', // the file ends inside a header or a packet
  'CAPTURE_CORRUPT', // a length or block contradicts itself
  'CAPTURE_LOST', // the interface went down or away while it was captured, or the program that captured it ended
  'COMPRESSION', // gz or zst data is damaged
  'WIRE_FORMAT', // not a batch
  'WIRE_VERSION', // a batch of a version this build does not read
  'WIRE_CORRUPT', // checksum or length mismatch inside a batch
  'STORE', // a store refused or could not be reached
  'SERVICE', // a development service did not start, answer or stop
  'SOURCE', // where a capture comes from cannot be reached, or broke off on the way
  'USAGE', // the caller asked for something that does not exist
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

export class PipelineError extends Error {
  override readonly name = 'PipelineError';
  readonly code: ErrorCode;
  /** Whether doing the same again later can succeed. */
  readonly retriable: boolean;

  constructor(code: ErrorCode, message: string, options: { retriable?: boolean; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retriable = options.retriable ?? false;
  }
}
