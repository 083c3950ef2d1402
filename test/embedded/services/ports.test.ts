/** Ports of the development services: who wins, and what cannot be. */
import { describe, expect, it } from 'vitest';
import { choosePorts, DEFAULT_PORTS, parseKinds } from '@tapline/embedded/services/ports';

describe('ports of the services', () => {
  it('are the default ones when nobody says', () => {
    expect(choosePorts({ explicit: {} })).toEqual(DEFAULT_PORTS);
  });

  it('come from a flag before the offset, from the offset before memory, from memory before the default', () => {
    const remembered = { kafka: 1001, cassandra: 1002, pubsub: 1003 };
    expect(choosePorts({ explicit: {} }, remembered)).toEqual({ ...DEFAULT_PORTS, ...remembered });
    const ports = choosePorts({ explicit: { kafka: 5000 }, offset: 100 }, remembered);
    expect(ports).toEqual({
      kafka: 5000,
      kafkaController: 9193,
      cassandra: 9142,
      cassandraStorage: 7100,
      pubsub: 8185,
      bigtable: 8186,
    });
  });

  it('cannot be shared by two services, nor lie out of range', () => {
    expect(() => choosePorts({ explicit: { pubsub: 9092 } })).toThrow('kafka and pubsub cannot share port 9092');
    expect(() => choosePorts({ explicit: {}, offset: 60_000 })).toThrow('port 69092 for kafka is out of range');
  });
});

describe('names of services', () => {
  it('are taken in any order and put in starting order', () => {
    expect(parseKinds('bigtable, kafka')).toEqual(['kafka', 'bigtable']);
  });

  it('must exist', () => {
    expect(() => parseKinds('kafka,redis')).toThrow(
      'no such service: redis; there are kafka, cassandra, pubsub, bigtable',
    );
    expect(() => parseKinds(' , ')).toThrow('no service named');
  });
});
