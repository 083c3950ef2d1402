/** What the client library throws, as the pipeline's own error: one line that says what to do, and whether to retry. */
import { PipelineError } from '@tapline/core/errors';

/** gRPC status codes that say what happened (https://grpc.io/docs/guides/status-codes). */
export const STATUS = {
  cancelled: 1,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  alreadyExists: 6,
  permissionDenied: 7,
  resourceExhausted: 8,
  aborted: 10,
  outOfRange: 11,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const;

const ADVICE: Readonly<Record<number, string>> = {
  [STATUS.deadlineExceeded]: 'no answer in time',
  [STATUS.notFound]: 'the table, or a family of it, is missing: apply terraform, or start "tapline functions" here',
  [STATUS.permissionDenied]: 'this account may not use the table: give it roles/bigtable.user on the instance',
  [STATUS.unauthenticated]: 'no valid credentials: set GOOGLE_APPLICATION_CREDENTIALS, or BIGTABLE_EMULATOR_HOST here',
};

/** Statuses that an operation may be tried again after at once: whatever it did is done the same way again. */
const PASSING: ReadonlySet<number> = new Set([
  STATUS.deadlineExceeded,
  STATUS.resourceExhausted,
  STATUS.aborted,
  STATUS.internal,
  STATUS.unavailable,
]);

export function statusOf(error: unknown): number | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'number' ? code : undefined;
}

export function isPassing(error: unknown): boolean {
  return PASSING.has(statusOf(error) ?? -1);
}

/**
 * Only what is wrong with the request itself is hopeless. A missing table or right is put right by somebody, and until
 * then the messages must wait and not be thrown away.
 * @param doing what failed, e.g. `writing a window of instance-1`
 * @returns PipelineError STORE; a PipelineError is returned as it is
 */
export function bigtableError(error: unknown, doing: string): PipelineError {
  if (error instanceof PipelineError) return error;
  const status = statusOf(error);
  const message = error instanceof Error ? error.message : String(error);
  const said = message
    .replace(/\s+/g, ' ')
    .replace(/ ?Resolution note:.*$/, '')
    .slice(0, 300);
  const advice = ADVICE[status ?? -1];
  const reason = advice === undefined ? said : `${advice} (${said})`;
  const retriable = status !== STATUS.invalidArgument && status !== STATUS.outOfRange;
  return new PipelineError('STORE', `Bigtable: ${doing}: ${reason}`, { retriable, cause: error });
}
