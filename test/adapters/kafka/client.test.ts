import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { kafkaOptions, makeKafka } from '@tapline/adapters/kafka/client';
import { readSettings } from '@tapline/core/settings/settings';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

const folder = mkdtempSync(join(temporaryFolder(), 'pem-'));
const pem = join(folder, 'ca.pem');
writeFileSync(pem, '-----BEGIN CERTIFICATE-----\n');
const notPem = join(folder, 'note.txt');
writeFileSync(notPem, 'hello');

const options = (environment: Record<string, string>): ReturnType<typeof kafkaOptions> =>
  kafkaOptions(readSettings(environment), 'test');

describe('how Kafka is reached', () => {
  it('is the broker of the development services when nobody says anything', () => {
    expect(options({})).toEqual({ brokers: ['127.0.0.1:9092'], clientId: 'test' });
  });

  it('takes several brokers, TLS with certificates, and a login', () => {
    expect(
      options({
        TAPLINE_KAFKA_BROKERS: 'kafka-1.example:9093, 10.0.0.2:9093',
        TAPLINE_KAFKA_TLS: 'true',
        TAPLINE_KAFKA_TLS_CA: pem,
        TAPLINE_KAFKA_TLS_CERT: pem,
        TAPLINE_KAFKA_TLS_KEY: pem,
        TAPLINE_KAFKA_SASL: 'SCRAM-SHA-512',
        TAPLINE_KAFKA_USERNAME: 'sensor',
        TAPLINE_KAFKA_PASSWORD: 'secret',
      }),
    ).toEqual({
      brokers: ['kafka-1.example:9093', '10.0.0.2:9093'],
      clientId: 'test',
      tls: {
        ca: '-----BEGIN CERTIFICATE-----\n',
        cert: '-----BEGIN CERTIFICATE-----\n',
        key: '-----BEGIN CERTIFICATE-----\n',
      },
      login: { mechanism: 'scram-sha-512', username: 'sensor', password: 'secret' },
    });
  });

  it.each([
    [{ TAPLINE_KAFKA_BROKERS: 'kafka' }, /TAPLINE_KAFKA_BROKERS has "kafka": use name:port/],
    [{ TAPLINE_KAFKA_BROKERS: 'kafka:0' }, /use name:port/],
    [{ TAPLINE_KAFKA_BROKERS: '[::1]:9092' }, /use name:port/],
    [{ TAPLINE_KAFKA_TLS: 'yes' }, /TAPLINE_KAFKA_TLS is "yes": use true or false/],
    [{ TAPLINE_KAFKA_TLS_CA: pem }, /TAPLINE_KAFKA_TLS is not true/],
    [{ TAPLINE_KAFKA_TLS: 'true', TAPLINE_KAFKA_TLS_CERT: pem }, /TLS_CERT and TAPLINE_KAFKA_TLS_KEY together/],
    [{ TAPLINE_KAFKA_TLS: 'true', TAPLINE_KAFKA_TLS_CA: join(folder, 'none') }, /TAPLINE_KAFKA_TLS_CA: ENOENT/],
    [{ TAPLINE_KAFKA_TLS: 'true', TAPLINE_KAFKA_TLS_CA: notPem }, /note\.txt is not a PEM file/],
    [{ TAPLINE_KAFKA_SASL: 'kerberos' }, /TAPLINE_KAFKA_SASL: use plain, scram-sha-256, scram-sha-512/],
    [{ TAPLINE_KAFKA_SASL: 'plain', TAPLINE_KAFKA_USERNAME: 'u' }, /set TAPLINE_KAFKA_PASSWORD too/],
  ])('refuses %j and names what is wrong', (environment, message) => {
    expect(() => options(environment as Record<string, string>)).toThrow(message);
  });

  it('says what goes wrong in single lines, each once in a while', async () => {
    const said: string[] = [];
    const kafka = makeKafka({ brokers: ['127.0.0.1:1'], clientId: 'test', warn: (line) => said.push(line) });
    const admin = kafka.admin({ retry: { retries: 2, initialRetryTime: 10, maxRetryTime: 20 } });
    await expect(admin.connect()).rejects.toThrow('ECONNREFUSED');
    expect(said.length).toBeGreaterThan(0);
    expect(said).toEqual([...new Set(said)]);
    for (const line of said) expect(line).toMatch(/^kafka: [^\n{}]*127\.0\.0\.1:1[^\n{}]*$/);
  });
});
