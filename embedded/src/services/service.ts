/** What the runner knows of a service: where it listens, how it is launched, and how to see that it really answers. */
import type { ServiceKind } from './ports.ts';

/** A process to start. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
}

export interface PrepareContext {
  /** One line of progress for the person who waits. */
  readonly tell: (line: string) => void;
  readonly signal: AbortSignal;
}

export interface Service {
  /** `kafka`, `cassandra`, `cassandra-2`, `pubsub`, `bigtable`: unique in a stack, and the name of its folder. */
  readonly name: string;
  readonly kind: ServiceKind;
  /** With its version, for people. */
  readonly title: string;
  readonly host: string;
  /** The first one is for clients. */
  readonly ports: readonly [number, ...number[]];
  /** Configuration and data; undefined where nothing is kept on disk. */
  readonly folder?: string;
  readonly logFile: string;
  /** How long a start may take before it counts as failed. */
  readonly deadlineMs: number;
  /** Writes configuration and finds the programs; throws PipelineError SERVICE saying what is missing. */
  prepare(context: PrepareContext): Promise<Launch>;
  /** Resolves once the service has answered a real request; rejects while it does not. */
  probe(timeoutMs: number): Promise<void>;
}
