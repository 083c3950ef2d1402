/**
 * The gate of tests that start services of their own instead of using the shared stack: with REQUIRE_SERVICES=1 a missing
 * program fails them, else they are skipped and say what is missing.
 */
import { findEmulator } from '@tapline/embedded/services/cloud-sdk';
import { findJava } from '@tapline/embedded/services/java';
import type { ServiceKind } from '@tapline/embedded/services/ports';

const FINDERS: Readonly<Record<ServiceKind, () => unknown>> = {
  kafka: findJava,
  cassandra: findJava,
  pubsub: async () => {
    await findJava();
    findEmulator('Pub/Sub emulator', 'pubsub-emulator/lib/cloud-pubsub-emulator-*.jar', 'pubsub-emulator');
  },
  bigtable: () => findEmulator('Bigtable emulator', 'bigtable-emulator/cbtemulator', 'bigtable'),
};

/** Whether this machine can run the services; throws when it must and cannot. */
export async function canRunServices(...kinds: ServiceKind[]): Promise<boolean> {
  try {
    for (const kind of kinds) await FINDERS[kind]();
    return true;
  } catch (error) {
    const { message } = error as Error;
    if (process.env['REQUIRE_SERVICES'] === '1')
      throw new Error(`REQUIRE_SERVICES=1, but ${message}`, { cause: error });
    console.warn(`SKIPPED: ${message}`);
    return false;
  }
}
