/**
 * Every setting of the deployed line, in one table: the environment variable, what it means, and what it is when nobody
 * sets it (the services of `tapline services up`). Functions, agent, bridge and commands read it from here and nowhere
 * else, so that what is documented is what is read.
 */
import { PipelineError } from '../errors.ts';
import { PRIVATE_NETWORKS } from '../history/host-place.ts';

export interface SettingRule {
  readonly name: string;
  readonly meaning: string;
  /** Absent = unset unless given. */
  readonly fallback?: string;
  /** Never printed. */
  readonly secret?: true;
}

export const SETTINGS = {
  kafkaBrokers: {
    name: 'TAPLINE_KAFKA_BROKERS',
    meaning: 'brokers to start from, host:port, comma-separated',
    fallback: '127.0.0.1:9092',
  },
  kafkaTls: { name: 'TAPLINE_KAFKA_TLS', meaning: 'true to speak TLS to the brokers', fallback: 'false' },
  kafkaTlsCa: { name: 'TAPLINE_KAFKA_TLS_CA', meaning: 'file with the certificate authority of the brokers (PEM)' },
  kafkaTlsCert: { name: 'TAPLINE_KAFKA_TLS_CERT', meaning: 'file with the client certificate (PEM)' },
  kafkaTlsKey: { name: 'TAPLINE_KAFKA_TLS_KEY', meaning: 'file with the key of the client certificate (PEM)' },
  kafkaSasl: { name: 'TAPLINE_KAFKA_SASL', meaning: 'plain, scram-sha-256 or scram-sha-512; unset: no login' },
  kafkaUsername: { name: 'TAPLINE_KAFKA_USERNAME', meaning: 'user name for SASL' },
  kafkaPassword: { name: 'TAPLINE_KAFKA_PASSWORD', meaning: 'password for SASL', secret: true },
  project: { name: 'GOOGLE_CLOUD_PROJECT', meaning: 'Google Cloud project', fallback: 'tapline-local' },
  topicPrefix: {
    name: 'TAPLINE_TOPIC_PREFIX',
    meaning: 'what the names of the Pub/Sub topics begin with',
    fallback: 'tapline',
  },
  pubsubEmulator: { name: 'PUBSUB_EMULATOR_HOST', meaning: 'host:port of the Pub/Sub emulator, unset in the cloud' },
  bigtableEmulator: {
    name: 'BIGTABLE_EMULATOR_HOST',
    meaning: 'host:port of the Bigtable emulator, unset in the cloud',
  },
  bigtableInstance: { name: 'TAPLINE_BIGTABLE_INSTANCE', meaning: 'Bigtable instance', fallback: 'tapline' },
  bigtableTable: { name: 'TAPLINE_BIGTABLE_TABLE', meaning: 'Bigtable table of window state', fallback: 'windows' },
  cassandraContactPoints: {
    name: 'TAPLINE_CASSANDRA_CONTACT_POINTS',
    meaning: 'Cassandra nodes to start from, host:port, comma-separated',
    fallback: '127.0.0.1:9042',
  },
  cassandraDatacenter: {
    name: 'TAPLINE_CASSANDRA_DATACENTER',
    meaning: 'local data centre of the Cassandra driver',
    fallback: 'datacenter1',
  },
  cassandraKeyspace: { name: 'TAPLINE_CASSANDRA_KEYSPACE', meaning: 'keyspace', fallback: 'tapline' },
  cassandraUsername: { name: 'TAPLINE_CASSANDRA_USERNAME', meaning: 'user name; "token" for Astra' },
  cassandraPassword: { name: 'TAPLINE_CASSANDRA_PASSWORD', meaning: 'password, or the Astra token', secret: true },
  astraBundle: {
    name: 'TAPLINE_ASTRA_BUNDLE',
    meaning: 'file of the secure connect bundle: with it the database is Astra, and contact points are not used',
  },
  window: { name: 'TAPLINE_WINDOW', meaning: 'window length in whole seconds', fallback: '10' },
  timeout: {
    name: 'TAPLINE_WINDOW_TIMEOUT',
    meaning: 'seconds a window waits for announced packets after its last arrival',
    fallback: '60',
  },
  lateness: { name: 'TAPLINE_ALLOWED_LATENESS', meaning: 'seconds of event time a packet may be late', fallback: '60' },
  blindAfter: {
    name: 'TAPLINE_BLIND_AFTER',
    meaning: 'seconds without a heartbeat after which a sensor counts as blind',
    fallback: '15',
  },
  falseAlarms: {
    name: 'TAPLINE_FALSE_ALARMS_PER_DAY',
    meaning: 'false alarms a day and sensor that the detector unlike-history may raise',
    fallback: '1',
  },
  internalNetworks: {
    name: 'TAPLINE_INTERNAL_NETWORKS',
    meaning: 'networks of our own, address/bits, comma-separated',
    fallback: PRIVATE_NETWORKS,
  },
  rowsPerSecond: {
    name: 'TAPLINE_ROWS_PER_SECOND',
    meaning: 'packets per second of event time up to which packets are also kept as rows; 0 for chunks only',
    fallback: '2000',
  },
  pushAudience: {
    name: 'TAPLINE_PUSH_AUDIENCE',
    meaning: 'audience that push tokens must have; unset: tokens are not checked (Cloud Run IAM checks them first)',
  },
  pushServiceAccount: {
    name: 'TAPLINE_PUSH_SERVICE_ACCOUNT',
    meaning: 'e-mail of the service account that push tokens must name; several comma-separated',
  },
  auth: {
    name: 'TAPLINE_AUTH',
    meaning: 'firebase: readers of the report sign in; none: whoever reaches the report function reads it',
    fallback: 'none',
  },
  firebaseProject: {
    name: 'TAPLINE_FIREBASE_PROJECT',
    meaning: 'project whose accounts sign in; unset: GOOGLE_CLOUD_PROJECT',
  },
  firebaseApiKey: {
    name: 'TAPLINE_FIREBASE_API_KEY',
    meaning: 'Web API key with which the page signs in; it names the project and is no secret',
  },
  reportRate: {
    name: 'TAPLINE_REPORT_RATE',
    meaning: 'requests a minute that one caller may make of one instance of the report function',
    fallback: '600',
  },
  allowList: {
    name: 'TAPLINE_ALLOW_LIST',
    meaning: 'allow-list of the report as JSON (docs/alerts.md); unset: every alert is shown',
  },
  sensors: {
    name: 'TAPLINE_SENSORS',
    meaning: 'sensors whose messages the functions take, comma-separated; unset: all',
  },
  rawSensor: {
    name: 'TAPLINE_RAW_SENSOR',
    meaning: 'sensor of captures and text on the packets topic that came there without a name',
    fallback: 'instance-1',
  },
  log: {
    name: 'TAPLINE_LOG',
    meaning: 'what functions log at least: debug, info, warning or error',
    fallback: 'warning',
  },
} as const satisfies Record<string, SettingRule>;

export type SettingName = keyof typeof SETTINGS;
type WithFallback = {
  [N in SettingName]: (typeof SETTINGS)[N] extends { fallback: string } ? N : never;
}[SettingName];

/** Values by name: text as it was given or the fallback; those without a fallback may be undefined. */
export type Settings = Readonly<Record<WithFallback, string>> &
  Readonly<Record<Exclude<SettingName, WithFallback>, string | undefined>>;

/** Reads the table from an environment; an empty value counts as unset. */
export function readSettings(environment: Readonly<Record<string, string | undefined>>): Settings {
  const values = Object.entries(SETTINGS).map(([key, rule]: [string, SettingRule]) => {
    const given = environment[rule.name];
    return [key, given === undefined || given === '' ? rule.fallback : given] as const;
  });
  return Object.fromEntries(values) as unknown as Settings;
}

/** A setting that counts something: a number of at least `least`. Throws PipelineError USAGE naming the variable. */
export function numberSetting(settings: Settings, name: WithFallback, least = 0): number {
  const value = Number(settings[name]);
  if (settings[name].trim() === '' || !Number.isFinite(value) || value < least) {
    throw new PipelineError(
      'USAGE',
      `${SETTINGS[name].name} is ${JSON.stringify(settings[name])}: use a number of at least ${least}`,
    );
  }
  return value;
}

/** A list such as brokers; throws PipelineError USAGE when it is empty. */
export function listSetting(settings: Settings, name: WithFallback): string[] {
  const items = settings[name]
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
  if (items.length === 0) throw new PipelineError('USAGE', `${SETTINGS[name].name} names nothing`);
  return items;
}
