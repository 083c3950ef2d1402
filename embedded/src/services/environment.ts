/** The environment variables that make agent, bridge, functions and commands use a stack, as lines for a shell. */
import { SETTINGS } from '@tapline/core/settings/settings';
import { addressesOf, type Stack } from './stack.ts';

/** Variables by name; only those of services the stack has. */
export function stackEnvironment(stack: Stack): Record<string, string> {
  const all = [
    [SETTINGS.kafkaBrokers.name, addressesOf(stack, 'kafka')],
    [SETTINGS.cassandraContactPoints.name, addressesOf(stack, 'cassandra')],
    [SETTINGS.cassandraDatacenter.name, addressesOf(stack, 'cassandra') === '' ? '' : 'datacenter1'],
    [SETTINGS.pubsubEmulator.name, addressesOf(stack, 'pubsub')],
    [SETTINGS.bigtableEmulator.name, addressesOf(stack, 'bigtable')],
  ] as const;
  return Object.fromEntries(all.filter(([, value]) => value !== ''));
}

/** `export NAME=value` lines; addresses and numbers need no quotes. */
export function environmentLines(stack: Stack): string {
  return Object.entries(stackEnvironment(stack))
    .map(([name, value]) => `export ${name}=${value}\n`)
    .join('');
}
