/**
 * How every part of Tapline reaches Kafka: brokers, TLS, login and time limits from the settings, and what the client
 * library has to say as single lines on stderr. Producer, consumer and topics stand on this.
 */
import { readFileSync } from 'node:fs';
import { Kafka, logLevel, type KafkaConfig, type LogEntry, type SASLOptions } from 'kafkajs';
import { PipelineError } from '@tapline/core/errors';
import { listSetting, SETTINGS, type SettingName, type Settings } from '@tapline/core/settings/settings';
import { mendRequestTimers } from './request-timers.ts';

export interface KafkaOptions {
  /** `host:port` each. */
  readonly brokers: readonly string[];
  /** Who the brokers' logs say it was. */
  readonly clientId: string;
  readonly tls?: KafkaTls;
  readonly login?: KafkaLogin;
  /** How long to wait for the answer to a request, milliseconds; default 30,000. */
  readonly requestMs?: number;
  /** Takes one line about something that went wrong; default: stderr. */
  readonly warn?: (line: string) => void;
}

/** PEM texts; without `ca` the certificate authorities that Node knows. */
export interface KafkaTls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

export interface KafkaLogin {
  readonly mechanism: (typeof MECHANISMS)[number];
  readonly username: string;
  readonly password: string;
}

const MECHANISMS = ['plain', 'scram-sha-256', 'scram-sha-512'] as const;

/** Limits, so that nothing waits for ever on a network that swallows packets. */
const CONNECT_MS = 5_000;
const LOGIN_MS = 10_000;
const REQUEST_MS = 30_000;
/** Few and short: whoever uses the client has a better idea of what to do while the brokers are away. */
const RETRY = { retries: 3, initialRetryTime: 200, maxRetryTime: 2_000 };

/**
 * The Kafka part of the settings, checked, with the PEM files read.
 * @throws PipelineError USAGE naming the setting that is wrong
 */
export function kafkaOptions(settings: Settings, clientId = 'tapline'): KafkaOptions {
  const tls = tlsOf(settings);
  const login = loginOf(settings);
  return {
    brokers: listSetting(settings, 'kafkaBrokers').map(checkBroker),
    clientId,
    ...(tls === undefined ? {} : { tls }),
    ...(login === undefined ? {} : { login }),
  };
}

/** A client; it connects only when a producer, consumer or admin made from it does. */
export function makeKafka(options: KafkaOptions): Kafka {
  const { brokers, clientId, tls, login, requestMs = REQUEST_MS, warn = toStderr } = options;
  mendRequestTimers();
  const say = onceInAWhile(warn);
  const config: KafkaConfig = {
    brokers: [...brokers],
    clientId,
    connectionTimeout: CONNECT_MS,
    authenticationTimeout: LOGIN_MS,
    requestTimeout: requestMs,
    retry: RETRY,
    logLevel: logLevel.WARN,
    logCreator: () => (entry) => {
      if (!isThrownToo(entry)) say(logLine(entry));
    },
    ...(tls === undefined ? {} : { ssl: { ...tls } }),
    ...(login === undefined ? {} : { sasl: { ...login } as SASLOptions }),
  };
  return new Kafka(config);
}

function checkBroker(broker: string): string {
  const match = /^[A-Za-z0-9._-]+:(\d{1,5})$/.exec(broker);
  if (match === null || Number(match[1]) < 1 || Number(match[1]) > 65_535) {
    throw new PipelineError(
      'USAGE',
      `${SETTINGS.kafkaBrokers.name} has ${JSON.stringify(broker)}: use name:port or IPv4 address:port`,
    );
  }
  return broker;
}

function tlsOf(settings: Settings): KafkaTls | undefined {
  const on = settings.kafkaTls;
  if (on !== 'true' && on !== 'false') {
    throw new PipelineError('USAGE', `${SETTINGS.kafkaTls.name} is ${JSON.stringify(on)}: use true or false`);
  }
  const ca = readPem(settings, 'kafkaTlsCa');
  const cert = readPem(settings, 'kafkaTlsCert');
  const key = readPem(settings, 'kafkaTlsKey');
  if ((cert === undefined) !== (key === undefined)) {
    throw new PipelineError('USAGE', `set ${SETTINGS.kafkaTlsCert.name} and ${SETTINGS.kafkaTlsKey.name} together`);
  }
  if (on === 'false') {
    if (ca === undefined && cert === undefined) return undefined;
    // Somebody who names certificates believes that the connection is safe.
    throw new PipelineError('USAGE', `certificates are named, but ${SETTINGS.kafkaTls.name} is not true`);
  }
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}

function readPem(settings: Settings, name: 'kafkaTlsCa' | 'kafkaTlsCert' | 'kafkaTlsKey'): string | undefined {
  const path = settings[name];
  if (path === undefined) return undefined;
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new PipelineError('USAGE', `${SETTINGS[name].name}: ${reason}`, { cause });
  }
  if (!text.includes('-----BEGIN ')) {
    throw new PipelineError('USAGE', `${SETTINGS[name].name}: ${path} is not a PEM file`);
  }
  return text;
}

function loginOf(settings: Settings): KafkaLogin | undefined {
  const { kafkaSasl } = settings;
  if (kafkaSasl === undefined) return undefined;
  const mechanism = MECHANISMS.find((known) => known === kafkaSasl.toLowerCase());
  if (mechanism === undefined) {
    throw new PipelineError('USAGE', `${SETTINGS.kafkaSasl.name}: use ${MECHANISMS.join(', ')}`);
  }
  const required = (name: SettingName): string => {
    const value = settings[name];
    if (value === undefined) {
      throw new PipelineError('USAGE', `${SETTINGS.kafkaSasl.name} is set: set ${SETTINGS[name].name} too`);
    }
    return value;
  };
  return { mechanism, username: required('kafkaUsername'), password: required('kafkaPassword') };
}

/** Answers of a broker that are errors are logged and thrown; whoever asked knows better what they mean. */
function isThrownToo({ namespace, log }: LogEntry): boolean {
  return namespace === 'Connection' && log.message.startsWith('Response ');
}

function logLine({ log }: LogEntry): string {
  const broker: unknown = log['broker'];
  const error: unknown = log['error'];
  const parts = [log.message, typeof error === 'string' ? error : ''].filter((part) => part !== '').join(': ');
  const place = typeof broker === 'string' && broker !== '' && !parts.includes(broker) ? ` (${broker})` : '';
  return `kafka: ${parts.replace(/\s+/g, ' ')}${place}`;
}

function toStderr(line: string): void {
  process.stderr.write(`tapline: ${line}\n`);
}

/** A broker that is away makes the library say the same several times a second. */
const SILENCE_MS = 30_000;
const REMEMBERED_LINES = 50;

function onceInAWhile(warn: (line: string) => void): (line: string) => void {
  const said = new Map<string, number>();
  return (line) => {
    const nowMs = performance.now();
    if (nowMs - (said.get(line) ?? -Infinity) < SILENCE_MS) return;
    if (said.size >= REMEMBERED_LINES) said.clear();
    said.set(line, nowMs);
    warn(line);
  };
}
