/** The configuration of a Cassandra node for development: loopback only, small, quick to start, no remote management. */
import { join } from 'node:path';

export interface CassandraNode {
  readonly host: string;
  readonly folder: string;
  readonly nativePort: number;
  readonly storagePort: number;
  /** Nodes of the cluster, this one among them. */
  readonly nodes: number;
  readonly heapMb: number;
}

/** The node every other one asks for the ring. */
const SEED_HOST = '127.0.0.1';
const TOKENS = 4;

/** cassandra.yaml; what it does not name keeps Cassandra's own default. */
export function cassandraYaml(node: CassandraNode): string {
  const text = (value: string): string => JSON.stringify(value); // a JSON string is a YAML string
  const path = (name: string): string => text(join(node.folder, name));
  return `cluster_name: tapline
num_tokens: ${TOKENS}
allocate_tokens_for_local_replication_factor: ${Math.min(3, node.nodes)}
partitioner: org.apache.cassandra.dht.Murmur3Partitioner
endpoint_snitch: SimpleSnitch
seed_provider:
  - class_name: org.apache.cassandra.locator.SimpleSeedProvider
    parameters:
      - seeds: ${text(`${SEED_HOST}:${node.storagePort}`)}
listen_address: ${node.host}
rpc_address: ${node.host}
storage_port: ${node.storagePort}
native_transport_port: ${node.nativePort}
native_transport_max_threads: 32
data_file_directories: [${path('data')}]
commitlog_directory: ${path('commitlog')}
saved_caches_directory: ${path('saved_caches')}
hints_directory: ${path('hints')}
cdc_raw_directory: ${path('cdc_raw')}
commitlog_sync: periodic
commitlog_sync_period: 1000ms
commitlog_total_space: 512MiB
disk_failure_policy: stop
commit_failure_policy: stop
authenticator: AllowAllAuthenticator
authorizer: AllowAllAuthorizer
auto_snapshot: false
# The machine is shared by everything the line consists of: a slow answer is better than a timeout.
read_request_timeout: 10000ms
range_request_timeout: 15000ms
write_request_timeout: 10000ms
request_timeout: 15000ms
`;
}

/** Logs to stdout, which the runner sends to the node's log file. */
export function logbackXml(): string {
  return `<configuration>
  <appender name="OUT" class="ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>%d{yyyy-MM-dd'T'HH:mm:ss.SSSXXX} %-5level [%thread] %logger{20} %msg%n</pattern></encoder>
  </appender>
  <root level="INFO"><appender-ref ref="OUT"/></root>
</configuration>
`;
}

/** Packages of the JDK that Cassandra 5.0 uses behind the platform's back; the lists are those of its own start script. */
const EXPORTS = [
  'java.base/jdk.internal.misc',
  'java.base/jdk.internal.ref',
  'java.base/java.lang.ref',
  'java.base/sun.nio.ch',
  'java.management.rmi/com.sun.jmx.remote.internal.rmi',
  'java.rmi/sun.rmi.registry',
  'java.rmi/sun.rmi.server',
  'java.sql/java.sql',
  'jdk.unsupported/sun.misc',
];
const OPENS = [
  'java.base/java.io',
  'java.base/java.lang',
  'java.base/java.lang.module',
  'java.base/java.lang.reflect',
  'java.base/java.math',
  'java.base/java.net',
  'java.base/java.nio',
  'java.base/java.util',
  'java.base/java.util.concurrent',
  'java.base/java.util.concurrent.atomic',
  'java.base/jdk.internal.loader',
  'java.base/jdk.internal.math',
  'java.base/jdk.internal.module',
  'java.base/jdk.internal.ref',
  'java.base/jdk.internal.reflect',
  'java.base/jdk.internal.util.jar',
  'java.base/sun.nio.ch',
  'jdk.management/com.sun.management.internal',
];

/** Arguments of the Java that runs a node: heap, module openings, and no waiting for neighbours that do not exist. */
export function cassandraJavaArgs(
  node: CassandraNode,
  files: { jamm: string; yaml: string; logback: string },
): string[] {
  return [
    `-Xms${Math.min(256, node.heapMb)}m`,
    `-Xmx${node.heapMb}m`,
    '-Xss512k',
    '-XX:+UseSerialGC',
    '-XX:+ExitOnOutOfMemoryError',
    // Several nodes on one machine are there to be started, killed and restarted: the quick compiler alone saves a third
    // of a start's processor time, and costs speed only under long load.
    ...(node.nodes > 1 ? ['-XX:TieredStopAtLevel=1'] : []),
    ...EXPORTS.map((name) => `--add-exports=${name}=ALL-UNNAMED`),
    ...OPENS.map((name) => `--add-opens=${name}=ALL-UNNAMED`),
    '-Djdk.attach.allowAttachSelf=true',
    `-javaagent:${files.jamm}`,
    `-Dcassandra.config=file://${files.yaml}`,
    `-Dlogback.configurationFile=file://${files.logback}`,
    `-Dcassandra.storagedir=${node.folder}`,
    `-Dcassandra.logdir=${node.folder}`,
    '-Dcassandra.skip_wait_for_gossip_to_settle=0',
    `-Dcassandra.ring_delay_ms=${node.nodes > 1 ? 1000 : 100}`,
    '-Dcassandra.superuser_setup_delay_ms=0',
    '-Dcassandra.disable_auth_caches_remote_configuration=true',
  ];
}
