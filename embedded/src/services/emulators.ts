/** The Pub/Sub and Bigtable emulators of the gcloud SDK. Both keep everything in memory: what they hold ends with them. */
import { basename, join } from 'node:path';
import { findEmulator } from './cloud-sdk.ts';
import { probeBigtable, probePubsub } from './emulator-probes.ts';
import { findJava } from './java.ts';
import type { Ports } from './ports.ts';
import type { Service } from './service.ts';

const HOST = '127.0.0.1';
const DEADLINE_MS = 60_000;

/** The Pub/Sub emulator: the SDK's jar, run by Java itself. */
export function pubsubService(dataDir: string, ports: Ports): Service {
  return {
    name: 'pubsub',
    kind: 'pubsub',
    title: 'Pub/Sub emulator',
    host: HOST,
    ports: [ports.pubsub],
    logFile: join(dataDir, 'logs', 'pubsub.log'),
    deadlineMs: DEADLINE_MS,
    async prepare({ tell }) {
      const java = await findJava();
      const jar = findEmulator(
        'Pub/Sub emulator',
        'pubsub-emulator/lib/cloud-pubsub-emulator-*.jar',
        'pubsub-emulator',
      );
      tell(`Pub/Sub emulator from ${basename(jar)}`);
      const heap = ['-Xms64m', '-Xmx768m', '-XX:+UseSerialGC', '-XX:+ExitOnOutOfMemoryError'];
      return { command: java, args: [...heap, '-jar', jar, `--host=${HOST}`, `--port=${ports.pubsub}`] };
    },
    probe: (timeoutMs) => probePubsub(HOST, ports.pubsub, timeoutMs),
  };
}

/** The Bigtable emulator: one native program. */
export function bigtableService(dataDir: string, ports: Ports): Service {
  return {
    name: 'bigtable',
    kind: 'bigtable',
    title: 'Bigtable emulator',
    host: HOST,
    ports: [ports.bigtable],
    logFile: join(dataDir, 'logs', 'bigtable.log'),
    deadlineMs: DEADLINE_MS,
    prepare: () =>
      Promise.resolve({
        command: findEmulator('Bigtable emulator', 'bigtable-emulator/cbtemulator', 'bigtable'),
        args: [`-host=${HOST}`, `-port=${ports.bigtable}`],
      }),
    probe: (timeoutMs) => probeBigtable(HOST, ports.bigtable, timeoutMs),
  };
}
