/**
 * Where tests find the development services, and what happens when they are not there: with REQUIRE_SERVICES=1 the suite
 * fails, else it is skipped and says why once. Addresses come from the environment (names in core/src/settings), else
 * they are the default ports of `tapline services up`.
 */
import { describe } from 'vitest';
import { readSettings, type Settings } from '@tapline/core/settings/settings';
import { probeBigtable, probePubsub } from '@tapline/embedded/services/emulator-probes';
import { probeCassandra } from '@tapline/embedded/services/cassandra-probe';
import { probeKafka } from '@tapline/embedded/services/kafka-probe';
import { DEFAULT_PORTS, SERVICE_KINDS, type ServiceKind } from '@tapline/embedded/services/ports';

/** Only a service that is there and stuck is waited for: where nobody listens, the connection is refused at once. */
const PROBE_MS = 10_000;

/** Settings of the stack under test; the emulators' client libraries read two of them from the environment themselves. */
export const SERVICES: Settings = readSettings({
  PUBSUB_EMULATOR_HOST: `127.0.0.1:${DEFAULT_PORTS.pubsub}`,
  BIGTABLE_EMULATOR_HOST: `127.0.0.1:${DEFAULT_PORTS.bigtable}`,
  ...process.env,
});

const ADDRESS: Readonly<Record<ServiceKind, string>> = {
  kafka: SERVICES.kafkaBrokers,
  cassandra: SERVICES.cassandraContactPoints,
  pubsub: SERVICES.pubsubEmulator!,
  bigtable: SERVICES.bigtableEmulator!,
};

/** Why a service cannot be used; undefined when it answered a real request. */
async function problemOf(kind: ServiceKind): Promise<string | undefined> {
  const first = ADDRESS[kind].split(',')[0]!;
  const { hostname, port } = new URL(`tcp://${first}`);
  const probes = {
    kafka: () => probeKafka(hostname, Number(port), PROBE_MS),
    cassandra: () => probeCassandra(hostname, Number(port), 0, PROBE_MS),
    pubsub: () => probePubsub(hostname, Number(port), PROBE_MS),
    bigtable: () => probeBigtable(hostname, Number(port), PROBE_MS),
  };
  try {
    await probes[kind]();
    return undefined;
  } catch (error) {
    return `${kind} at ${first} does not answer (${(error as Error).message})`;
  }
}

/** Asked once per test file, before its suites are collected: all four answer in milliseconds, or refuse at once. */
const problems = new Map(await Promise.all(SERVICE_KINDS.map(async (kind) => [kind, await problemOf(kind)] as const)));
const told = new Set<string>();

/**
 * A `describe` that needs services. The suite gets the settings of the stack; it isolates itself by names of its own
 * (topics, keyspace, Bigtable instance, Pub/Sub project), because everybody uses one stack.
 */
export function describeWithServices(
  kinds: readonly ServiceKind[],
  title: string,
  suite: (settings: Settings) => void,
): void {
  const missing = kinds.map((kind) => problems.get(kind)).filter((problem) => problem !== undefined);
  if (missing.length === 0) {
    describe(title, () => {
      suite(SERVICES);
    });
    return;
  }
  const reason = `${missing.join('; ')}: run "npx tapline services up"`;
  if (process.env['REQUIRE_SERVICES'] === '1') throw new Error(`REQUIRE_SERVICES=1, but ${reason}`);
  if (!told.has(reason)) console.warn(`SKIPPED: ${reason}`);
  told.add(reason);
  describe.skip(title, () => {
    suite(SERVICES);
  });
}
