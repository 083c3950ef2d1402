/** Ports and names of the development services: what is fixed, what flags move, and what a data folder remembers. */
import { PipelineError } from '@tapline/core/errors';

export const SERVICE_KINDS = ['kafka', 'cassandra', 'pubsub', 'bigtable'] as const;
export type ServiceKind = (typeof SERVICE_KINDS)[number];

export const PORT_NAMES = ['kafka', 'kafkaController', 'cassandra', 'cassandraStorage', 'pubsub', 'bigtable'] as const;
export type PortName = (typeof PORT_NAMES)[number];
export type Ports = Readonly<Record<PortName, number>>;

/** The ports their own documentation gives them; the Pub/Sub and Bigtable emulators get neighbours. */
export const DEFAULT_PORTS: Ports = {
  kafka: 9092,
  kafkaController: 9093,
  cassandra: 9042,
  cassandraStorage: 7000,
  pubsub: 8085,
  bigtable: 8086,
};

/** Which ports a service listens on; the first is the one its clients use. */
export const PORTS_OF: Readonly<Record<ServiceKind, readonly [PortName, ...PortName[]]>> = {
  kafka: ['kafka', 'kafkaController'],
  cassandra: ['cassandra', 'cassandraStorage'],
  pubsub: ['pubsub'],
  bigtable: ['bigtable'],
};

export interface PortChoice {
  readonly explicit: Partial<Ports>;
  /** Added to every default port that no flag names. */
  readonly offset?: number;
}

/**
 * Every port: a flag wins, then the offset, then what the data folder was last started with, then the default.
 * Throws PipelineError USAGE when a port is out of range or two services would share one.
 */
export function choosePorts(choice: PortChoice, remembered: Partial<Ports> = {}): Ports {
  const ports = Object.fromEntries(
    PORT_NAMES.map((name) => {
      const moved = choice.offset === undefined ? undefined : DEFAULT_PORTS[name] + choice.offset;
      return [name, choice.explicit[name] ?? moved ?? remembered[name] ?? DEFAULT_PORTS[name]];
    }),
  ) as Record<PortName, number>;
  for (const [index, name] of PORT_NAMES.entries()) {
    const port = ports[name];
    if (!Number.isInteger(port) || port < 1 || port > 65_535) {
      throw new PipelineError('USAGE', `port ${port} for ${name} is out of range: use 1 to 65535`);
    }
    const twin = PORT_NAMES.slice(0, index).find((other) => ports[other] === port);
    if (twin !== undefined) throw new PipelineError('USAGE', `${twin} and ${name} cannot share port ${port}`);
  }
  return ports;
}

/** `kafka,cassandra` as kinds, in starting order. Throws PipelineError USAGE for a name that is none. */
export function parseKinds(text: string): ServiceKind[] {
  const names = text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  const unknown = names.find((name) => !(SERVICE_KINDS as readonly string[]).includes(name));
  if (unknown !== undefined || names.length === 0) {
    const what = unknown === undefined ? 'no service named' : `no such service: ${unknown}`;
    throw new PipelineError('USAGE', `${what}; there are ${SERVICE_KINDS.join(', ')}`);
  }
  return SERVICE_KINDS.filter((kind) => names.includes(kind));
}
