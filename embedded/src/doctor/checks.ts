/** All checks, from the interface to the row. */
import { bigtable } from './bigtable.ts';
import { cassandra, consistency, schema } from './cassandra.ts';
import type { Check } from './check.ts';
import { clock } from './clock.ts';
import { interfaces } from './interfaces.ts';
import { bridge, broker, topics } from './kafka.ts';
import { cpu, disk, memory } from './machine.ts';
import { functions, pubsub } from './pubsub.ts';
import { page } from './report-page.ts';
import { heartbeats, mirror, rows } from './sensors.ts';

export const CHECKS: readonly Check[] = [
  interfaces,
  cpu,
  memory,
  disk,
  clock,
  broker,
  topics,
  bridge,
  pubsub,
  functions,
  bigtable,
  cassandra,
  schema,
  consistency,
  page,
  heartbeats,
  rows,
  mirror,
];
