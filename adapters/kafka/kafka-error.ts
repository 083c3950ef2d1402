/** What the client library throws, as the pipeline's own error: one line that says what to do, and whether to retry. */
import { PipelineError } from '@tapline/core/errors';

/** Answers of a broker that stay the same however often one asks, and what to do about them. */
const HOPELESS: Readonly<Record<string, string>> = {
  TOPIC_AUTHORIZATION_FAILED: 'this user may not use the topic: give it the right in the access lists of the brokers',
  GROUP_AUTHORIZATION_FAILED: 'this user may not use the consumer group: give it the right in the access lists',
  CLUSTER_AUTHORIZATION_FAILED: 'this user may not do this: give it the right in the access lists of the brokers',
  MESSAGE_TOO_LARGE: 'the topic takes no message of this size: raise max.message.bytes of the topic',
  RECORD_LIST_TOO_LARGE: 'the topic takes no request of this size: raise max.message.bytes of the topic',
  INVALID_TOPIC_EXCEPTION: 'no topic can have this name',
  TOPIC_DELETION_DISABLED: 'the brokers do not allow topics to be deleted',
  INVALID_REPLICATION_FACTOR: 'there are fewer brokers than replicas asked for: use a smaller replication factor',
  INVALID_CONFIG: 'the brokers refuse a setting of the topic',
  UNSUPPORTED_VERSION: 'the brokers are too old or too new for this client',
};

/** Answers that may change, but not without somebody doing something. */
const ADVICE: Readonly<Record<string, string>> = {
  UNKNOWN_TOPIC_OR_PARTITION: 'the topic does not exist: create it with "tapline topics ensure"',
  NOT_ENOUGH_REPLICAS: 'too few replicas are in sync: see which brokers are down',
};

interface LibraryError extends Error {
  readonly type?: string;
  readonly code?: string | number;
  readonly retriable?: boolean;
  /** Of an answer about several topics. */
  readonly errors?: unknown;
}

/**
 * @param doing what failed, e.g. `sending to instance-1-pcap`
 * @returns PipelineError STORE; a PipelineError is returned as it is
 */
export function kafkaError(error: unknown, doing: string): PipelineError {
  if (error instanceof PipelineError) return error;
  const chain = causes(error);
  const hopeless = chain.map(({ type }) => HOPELESS[type ?? '']).find((advice) => advice !== undefined);
  if (hopeless !== undefined) return failed(doing, hopeless, false, error);
  if (chain.some(({ name }) => name === 'KafkaJSSASLAuthenticationError')) {
    return failed(doing, 'the broker refuses the login: check user name, password and mechanism', false, error);
  }
  const certificate = chain.find(({ code, message }) =>
    /CERT|SELF_SIGNED|certificate/.test(`${code ?? ''} ${message}`),
  );
  if (certificate !== undefined) {
    return failed(doing, `the TLS certificates do not fit (${certificate.message})`, false, error);
  }
  const advice = chain.map(({ type }) => ADVICE[type ?? '']).find((text) => text !== undefined);
  const why = advice ?? rootText(chain) ?? String(error);
  return failed(doing, why, advice !== undefined || isRetriable(chain), error);
}

function rootText(chain: readonly LibraryError[]): string | undefined {
  const root = chain.at(-1);
  if (root?.name !== 'KafkaJSConnectionClosedError') return root?.message;
  return `${root.message} (a broker closes connections without the TLS or the login that it wants)`;
}

function failed(doing: string, why: string, retriable: boolean, cause: unknown): PipelineError {
  return new PipelineError('STORE', `Kafka: ${doing}: ${why.replace(/\s+/g, ' ')}`, { retriable, cause });
}

/** The library wraps: giving up after retries is "non-retriable" there, but what it gave up on may well pass. */
function isRetriable(chain: readonly LibraryError[]): boolean {
  return chain.some(({ name, retriable }) => name === 'KafkaJSNumberOfRetriesExceeded' || retriable === true);
}

const DEEPEST = 8;

function causes(error: unknown): LibraryError[] {
  const chain: LibraryError[] = [];
  let next: unknown = error;
  while (next instanceof Error && chain.length < DEEPEST && !chain.includes(next)) {
    chain.push(next);
    const { errors } = next as LibraryError;
    next = next.cause ?? (Array.isArray(errors) ? (errors[0] as unknown) : undefined);
  }
  return chain;
}
