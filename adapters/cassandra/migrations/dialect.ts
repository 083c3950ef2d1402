/**
 * Where CQL differs between a cluster of one's own and Astra: keyspaces are made outside CQL there, and table options it
 * does not support, such as compaction, are ignored with a warning, so a statement that sets them is not sent at all.
 */
import { PipelineError } from '@tapline/core/errors';

export const DIALECTS = ['self-hosted', 'astra'] as const;
export type Dialect = (typeof DIALECTS)[number];

/** How many copies: a number for the local data centre, or a number for each data centre by name. */
export type Replication = number | ReadonlyMap<string, number>;

/** Cassandra's rule for names of keyspaces and tables. */
const KEYSPACE = /^[a-z][a-z0-9_]{0,47}$/;

/** Throws PipelineError USAGE unless it is a keyspace name that needs no quotes. */
export function checkKeyspaceName(keyspace: string): string {
  if (KEYSPACE.test(keyspace)) return keyspace;
  throw new PipelineError(
    'USAGE',
    `${JSON.stringify(keyspace)} cannot be a keyspace: use 1 to 48 lower-case letters, digits and underscores, a letter first`,
  );
}

/** `3`, or `dc1:3` and `dc1:3,dc2:2`. Throws PipelineError USAGE for anything else. */
export function parseReplication(text: string): Replication {
  if (/^\d+$/.test(text)) return checkCopies(Number(text), text);
  const factors = new Map<string, number>();
  for (const part of text.split(',')) {
    const match = /^\s*([A-Za-z0-9._-]+):(\d+)\s*$/.exec(part);
    if (match === null || factors.has(match[1]!)) throw replicationError(text);
    factors.set(match[1]!, checkCopies(Number(match[2]), text));
  }
  return factors;
}

function checkCopies(copies: number, text: string): number {
  if (copies < 1 || copies > 99) throw replicationError(text);
  return copies;
}

function replicationError(text: string): PipelineError {
  return new PipelineError(
    'USAGE',
    `${JSON.stringify(text)} is no replication: use a number such as 3, or dc1:3,dc2:2 for several data centres`,
  );
}

/** The map of CREATE KEYSPACE and of system_schema.keyspaces. */
export function replicationOptions(replication: Replication, localDatacenter: string): Record<string, string> {
  const factors = typeof replication === 'number' ? new Map([[localDatacenter, replication]]) : replication;
  const entries = [...factors].map(([datacenter, copies]) => [datacenter, String(copies)]);
  return { class: 'NetworkTopologyStrategy', ...(Object.fromEntries(entries) as Record<string, string>) };
}

/** The statement that makes the keyspace; self-hosted only. */
export function createKeyspace(keyspace: string, replication: Replication, localDatacenter: string): string {
  const options = Object.entries(replicationOptions(replication, localDatacenter)).map(
    ([name, value]) => `'${name.replaceAll("'", "''")}': ${name === 'class' ? `'${value}'` : value}`,
  );
  return `CREATE KEYSPACE IF NOT EXISTS ${keyspace}\nWITH replication = {${options.join(', ')}} AND durable_writes = true`;
}
