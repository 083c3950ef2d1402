/**
 * What functions on this machine need around them: the addresses of the development services, the topics and push
 * subscriptions that bring them messages, and the table of window state. In the cloud all of it is Terraform's.
 */
import type { Settings } from '@tapline/core/settings/settings';
import { PUSHED_KINDS } from '@tapline/core/settings/topics';
import { DEFAULT_PORTS } from '../services/ports.ts';
import { FUNCTION_OF, urlOf, type FunctionName } from './plan.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** The environment with the emulators of `tapline services up` where it names none; an empty value means the real service. */
export function localEnvironment(environment: Environment): Environment {
  return {
    PUBSUB_EMULATOR_HOST: `127.0.0.1:${DEFAULT_PORTS.pubsub}`,
    BIGTABLE_EMULATOR_HOST: `127.0.0.1:${DEFAULT_PORTS.bigtable}`,
    // Nobody answers for the machine's account here, and asking takes seconds.
    METADATA_SERVER_DETECTION: 'none',
    ...environment,
  };
}

/**
 * Makes the topics, and subscriptions that push to the functions that run here. Only in an emulator.
 * @throws PipelineError STORE
 */
export async function subscribe(settings: Settings, names: readonly FunctionName[], portBase: number): Promise<void> {
  const { makePubSub } = await import('@tapline/adapters/pubsub/client');
  const { ensureTopology } = await import('@tapline/adapters/pubsub/topology');
  const client = makePubSub(settings);
  const kinds = PUSHED_KINDS.filter((kind) => names.includes(FUNCTION_OF[kind]));
  const push = Object.fromEntries(kinds.map((kind) => [kind, urlOf(FUNCTION_OF[kind], portBase)]));
  try {
    await ensureTopology({ client, prefix: settings.topicPrefix, push });
  } finally {
    await client.close();
  }
}

/** Makes the table of window state. Only in an emulator. @throws PipelineError STORE */
export async function makeTable(settings: Settings): Promise<void> {
  const { openTable } = await import('@tapline/adapters/bigtable/client');
  const { ensureTable } = await import('@tapline/adapters/bigtable/table');
  const opened = openTable(settings);
  try {
    await ensureTable(opened.table);
  } finally {
    await opened.close();
  }
}
