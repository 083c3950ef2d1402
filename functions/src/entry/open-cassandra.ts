/** The session with Cassandra that the stores of a function share. */
import { cassandraOptions, connectCassandra } from '@tapline/adapters/cassandra/client';
import { Directory } from '@tapline/adapters/cassandra/directory';
import { CassandraSession } from '@tapline/adapters/cassandra/session';
import type { Instance } from './instance.ts';
import { closeAtEnd } from './lifecycle.ts';
import { meter } from './meter.ts';

export interface OpenCassandra {
  readonly session: CassandraSession;
  readonly directory: Directory;
}

/** @throws PipelineError STORE, retriable when no node answers */
export async function openCassandra({ settings, clock }: Pick<Instance, 'settings' | 'clock'>): Promise<OpenCassandra> {
  const session = new CassandraSession(await connectCassandra(cassandraOptions(settings)), { meter });
  closeAtEnd(() => session.close());
  return { session, directory: new Directory(session, clock) };
}
