/**
 * How every part of Tapline reaches Cassandra, a cluster of one's own or Astra: where, who, and with what guarantees. The
 * stores use it through a CassandraSession (session.ts), the schema migrations directly.
 */
import { existsSync } from 'node:fs';
import { auth, Client, errors, policies, types, type ClientOptions } from 'cassandra-driver';
import { PipelineError } from '@tapline/core/errors';
import { listSetting, SETTINGS, type Settings } from '@tapline/core/settings/settings';

export interface CassandraOptions {
  /** `host:port` each; not used with a bundle. */
  readonly contactPoints: readonly string[];
  readonly localDatacenter: string;
  readonly keyspace: string;
  readonly username?: string;
  readonly password?: string;
  /** File of Astra's secure connect bundle; with it the database is Astra. */
  readonly bundle?: string;
  /** How long to wait for an answer, milliseconds; default 10,000. */
  readonly requestMs?: number;
}

const CONNECT_MS = 5_000;
const REQUEST_MS = 10_000;
/** A node that went away is looked for this often, so that one that returns is used soon. */
const RECONNECT_MS = { first: 250, most: 2_000 };

/**
 * The Cassandra part of the settings, checked.
 * @throws PipelineError USAGE naming the setting that is wrong
 */
export function cassandraOptions(settings: Settings): CassandraOptions {
  const { cassandraUsername: username, cassandraPassword: password, astraBundle: bundle } = settings;
  if ((username === undefined) !== (password === undefined)) {
    throw usage(`set ${SETTINGS.cassandraUsername.name} and ${SETTINGS.cassandraPassword.name} together`);
  }
  if (bundle !== undefined) {
    if (!existsSync(bundle)) throw usage(`${SETTINGS.astraBundle.name}: there is no file ${bundle}`);
    if (username === undefined) {
      throw usage(
        `${SETTINGS.astraBundle.name} is set: set ${SETTINGS.cassandraUsername.name} to "token" and ${SETTINGS.cassandraPassword.name} to the token`,
      );
    }
  }
  return {
    contactPoints: listSetting(settings, 'cassandraContactPoints').map(checkContactPoint),
    localDatacenter: settings.cassandraDatacenter,
    keyspace: settings.cassandraKeyspace,
    ...(username === undefined || password === undefined ? {} : { username, password }),
    ...(bundle === undefined ? {} : { bundle }),
  };
}

const usage = (message: string): PipelineError => new PipelineError('USAGE', message);

function checkContactPoint(point: string): string {
  const port = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::(\d{1,5}))?$/.exec(point);
  if (port === null || Number(port[1] ?? 9042) < 1 || Number(port[1] ?? 9042) > 65_535) {
    throw usage(`${SETTINGS.cassandraContactPoints.name} has ${JSON.stringify(point)}: use host:port`);
  }
  return point;
}

/**
 * A connected client of the driver. Writes and reads are LOCAL_QUORUM, so that what was acknowledged is read by
 * everybody after, and survives the loss of a node where there are three copies.
 * @param withKeyspace false for whoever makes the keyspace
 * @throws PipelineError STORE (retriable when nothing answered) saying what to do
 */
export async function connectCassandra(options: CassandraOptions, { withKeyspace = true } = {}): Promise<Client> {
  const client = new Client(clientOptions(options, withKeyspace));
  try {
    await client.connect();
  } catch (error) {
    await client.shutdown().catch(() => undefined);
    throw connectError(options, error);
  }
  return client;
}

function clientOptions(options: CassandraOptions, withKeyspace: boolean): ClientOptions {
  const { contactPoints, localDatacenter, keyspace, username, password, bundle } = options;
  const place =
    bundle === undefined
      ? { contactPoints: [...contactPoints], localDataCenter: localDatacenter }
      : { cloud: { secureConnectBundle: bundle } };
  const login =
    username === undefined || password === undefined
      ? {}
      : { authProvider: new auth.PlainTextAuthProvider(username, password) };
  return {
    ...place,
    ...login,
    ...(withKeyspace ? { keyspace } : {}),
    queryOptions: { consistency: types.consistencies.localQuorum, prepare: true, isIdempotent: true },
    socketOptions: { connectTimeout: CONNECT_MS, readTimeout: options.requestMs ?? REQUEST_MS },
    policies: {
      reconnection: new policies.reconnection.ExponentialReconnectionPolicy(RECONNECT_MS.first, RECONNECT_MS.most),
    },
    // Times and counts are JavaScript numbers everywhere: they are whole and below 2^53.
    encoding: { set: Set, map: Map },
  };
}

function connectError(options: CassandraOptions, cause: unknown): PipelineError {
  const where = options.bundle === undefined ? `Cassandra at ${options.contactPoints.join(', ')}` : 'Astra';
  const reason = deepestReason(cause);
  const fail = (what: string, retriable: boolean): PipelineError =>
    new PipelineError('STORE', `${where}: ${what}`, { retriable, cause });
  if (isUnauthorized(cause)) return fail(`it refused the login (${reason}): check user name and password`, false);
  if (/keyspace .* does not exist/i.test(reason)) {
    return fail(`there is no keyspace ${options.keyspace}: run "tapline migrate"`, false);
  }
  if (/data ?cent(?:er|re)/i.test(reason)) {
    return fail(`${reason.replace(/\.$/, '')}: check ${SETTINGS.cassandraDatacenter.name}`, false);
  }
  return fail(`no node answers (${reason}): is it running?`, true);
}

const isUnauthorized = (error: unknown): boolean =>
  [error, ...innerErrors(error)].some((one) => one instanceof errors.AuthenticationError);

function innerErrors(error: unknown): unknown[] {
  return error instanceof errors.NoHostAvailableError
    ? Object.values((error.innerErrors as Record<string, unknown> | null) ?? {})
    : [];
}

/** The driver's error about no host says only that; why is inside, by host. */
export function deepestReason(error: unknown): string {
  const inner = innerErrors(error)[0];
  if (inner !== undefined) return deepestReason(inner);
  return error instanceof Error ? error.message : String(error);
}
