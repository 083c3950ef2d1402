/** What the client library throws, as the pipeline's own error: one line that says what to do, and whether to retry. */
import { PipelineError } from '@tapline/core/errors';

/** gRPC status codes that mean the same however often one asks, and what to do about them. */
const HOPELESS: Readonly<Record<number, string>> = {
  3: 'the service refuses the request',
  5: 'it does not exist: create it (terraform apply; "tapline functions" makes it in the emulator)',
  6: 'it exists already',
  7: 'this account may not do this: give it the role (roles/pubsub.publisher or roles/pubsub.subscriber)',
  9: 'the service refuses the request in its present state',
  11: 'the service refuses the request',
  12: 'the service cannot do this',
  16: 'the credentials are not accepted: check GOOGLE_APPLICATION_CREDENTIALS or the service account',
};
/** Codes whose own message says more than the code. */
const OWN_WORDS: readonly number[] = [3, 9, 11, 12];

/** The gRPC status code of what the library threw, if it has one. */
export function statusCode(error: unknown): number | undefined {
  const code: unknown = error instanceof Error ? (error as Error & { code?: unknown }).code : undefined;
  return typeof code === 'number' ? code : undefined;
}

/**
 * @param doing what failed, e.g. `publishing to tapline-packets`
 * @returns PipelineError STORE; a PipelineError is returned as it is
 */
export function pubsubError(error: unknown, doing: string): PipelineError {
  if (error instanceof PipelineError) return error;
  const message = briefly(error instanceof Error ? error.message : String(error));
  const code = statusCode(error);
  const advice = HOPELESS[code ?? -1];
  if (advice !== undefined) {
    const words = OWN_WORDS.includes(code!) ? `${advice}: ${message}` : advice;
    return new PipelineError('STORE', `Pub/Sub: ${doing}: ${words}`, { cause: error });
  }
  if (/default credentials/i.test(message)) {
    const words = 'no credentials: run "gcloud auth application-default login", or set PUBSUB_EMULATOR_HOST';
    return new PipelineError('STORE', `Pub/Sub: ${doing}: ${words}`, { cause: error });
  }
  return new PipelineError('STORE', `Pub/Sub: ${doing}: ${message}`, { retriable: true, cause: error });
}

/** The library's retries append every failure before the last, and its transport some notes. */
function briefly(message: string): string {
  return message
    .replace(/\s+/g, ' ')
    .replace(/:? ?Previous errors :.*$/, '')
    .replace(/\.? Resolution note:.*$/, '')
    .trim();
}
