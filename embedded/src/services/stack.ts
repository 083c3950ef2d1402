/** The stack of a data folder: which services it consists of, at which ports, from flags and from what is remembered. */
import { resolve } from 'node:path';
import { bigtableService, pubsubService } from './emulators.ts';
import { cassandraServices, defaultHeapMb } from './cassandra.ts';
import { kafkaService } from './kafka.ts';
import { choosePorts, SERVICE_KINDS, type PortChoice, type Ports, type ServiceKind } from './ports.ts';
import type { Service } from './service.ts';
import { readState, type StackState } from './state-file.ts';

export interface StackOptions {
  readonly dataDir: string;
  /** The services a command is about; all of them unless given. */
  readonly only?: readonly ServiceKind[];
  readonly ports?: PortChoice;
  readonly cassandraNodes?: number;
  readonly cassandraHeapMb?: number;
}

export interface Stack {
  /** Absolute. */
  readonly dataDir: string;
  readonly state: StackState;
  readonly ports: Ports;
  readonly cassandraNodes: number;
  readonly cassandraHeapMb: number;
  /** In starting order. */
  readonly services: readonly Service[];
}

/** The stack as flags and memory make it; nothing is touched. Throws PipelineError USAGE for ports that cannot be. */
export function describeStack(options: StackOptions): Stack {
  const dataDir = resolve(options.dataDir);
  const state = readState(dataDir);
  const ports = choosePorts(options.ports ?? { explicit: {} }, state.ports);
  const cassandraNodes = options.cassandraNodes ?? state.cassandraNodes;
  const cassandraHeapMb = options.cassandraHeapMb ?? state.cassandraHeapMb ?? defaultHeapMb(cassandraNodes);
  const only = options.only ?? SERVICE_KINDS;
  const services = [
    kafkaService(dataDir, ports),
    ...cassandraServices(dataDir, ports, cassandraNodes, cassandraHeapMb),
    pubsubService(dataDir, ports),
    bigtableService(dataDir, ports),
  ].filter(({ kind }) => only.includes(kind));
  return { dataDir, state, ports, cassandraNodes, cassandraHeapMb, services };
}

/** Addresses of a service as its clients take them, `host:port`, comma-separated where it has several nodes. */
export function addressesOf(stack: Stack, kind: ServiceKind): string {
  return stack.services
    .filter((service) => service.kind === kind)
    .map(({ host, ports: [port] }) => `${host}:${port}`)
    .join(',');
}
