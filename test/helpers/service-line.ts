/**
 * The deployed line for tests: functions and bridges as processes, over a stack of services, with names of its own for
 * everything that is shared. What a test kills, slows or sends twice is a real part of it.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { codecs } from '@tapline/adapters/codec/codecs';
import { newHash } from '@tapline/adapters/hash/sha256';
import { digest } from '@tapline/core/digest/digest';
import { makePubSub } from '@tapline/adapters/pubsub/client';
import { ensureTopology } from '@tapline/adapters/pubsub/topology';
import { SETTINGS, readSettings, type Settings } from '@tapline/core/settings/settings';
import { PUSHED_KINDS, type PushedKind } from '@tapline/core/settings/topics';
import { FUNCTION_OF, urlOf } from '@tapline/embedded/functions/plan';
import { ChildCommand, type ChildLine } from '@tapline/embedded/service-line/child-command';
import { freePorts } from '@tapline/embedded/service-line/free-ports';
import { settle, type Settled } from '@tapline/embedded/service-line/settle';
import { openServiceStores, type ServiceStores } from '@tapline/embedded/service-line/stores';
import { CassandraKeyspace } from './cassandra.ts';
import { startTapline, type Finished } from './tapline.ts';
import { UnrulyPush } from './unruly-push.ts';

export interface LineOptions {
  /** Instances of each function. */
  readonly instances?: number;
  /** Variables beside those that name the services. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Delivers every push up to five times and out of order; the number decides how. */
  readonly unruly?: number;
}

export interface Captured {
  readonly session: string;
  readonly result: ChildLine;
}

export class ServiceLine {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly settings: Settings;
  readonly stores: ServiceStores;
  readonly functions: ChildCommand;
  readonly bridges: ChildCommand[] = [];
  /** First of the four ports of the functions. */
  readonly portBase: number;
  /** One for each topic that is pushed, when the line is unruly. */
  readonly unruly: readonly UnrulyPush[];
  readonly #keyspace: CassandraKeyspace;
  readonly #folder = mkdtempSync(join(tmpdir(), 'tapline-line-'));
  readonly #captures: ChildCommand[] = [];

  private constructor(
    parts: Pick<ServiceLine, 'environment' | 'settings' | 'stores' | 'functions' | 'portBase' | 'unruly'> & {
      keyspace: CassandraKeyspace;
    },
  ) {
    this.environment = parts.environment;
    this.settings = parts.settings;
    this.stores = parts.stores;
    this.functions = parts.functions;
    this.portBase = parts.portBase;
    this.unruly = parts.unruly;
    this.#keyspace = parts.keyspace;
  }

  /** Makes the tables and starts the functions; bridges and captures are started by the test. */
  static async start(
    services: Settings,
    { instances = 1, environment: more = {}, unruly: seed }: LineOptions = {},
  ): Promise<ServiceLine> {
    const id = randomBytes(4).toString('hex');
    const keyspace = new CassandraKeyspace(services, 'line');
    await keyspace.make();
    const environment = {
      ...process.env,
      ...addressesOf(services),
      [SETTINGS.project.name]: `line-${id}`,
      [SETTINGS.bigtableTable.name]: `line-${id}`,
      [SETTINGS.cassandraKeyspace.name]: keyspace.options.keyspace,
      METADATA_SERVER_DETECTION: 'none',
      ...more,
    };
    const portBase = await freePorts(4);
    const settings = readSettings(environment);
    const args = ['functions', '--json', `--port-base=${portBase}`, `--instances=${instances}`, '--sweep-every=1s'];
    const functions = new ChildCommand(args, { environment });
    await functions.line(({ event }) => event === 'ready');
    const unruly = seed === undefined ? [] : await pushThrough(settings, portBase, seed);
    const stores = await openServiceStores(settings);
    return new ServiceLine({ environment, settings, stores, functions, portBase, keyspace, unruly });
  }

  /** A sensor's name that no other test has. */
  sensor(): string {
    return `test-${randomBytes(5).toString('hex')}`;
  }

  /** Starts a bridge for the topics of a sensor. */
  bridge(sensor: string, ...args: string[]): ChildCommand {
    const topics = `--topics=${sensor}-pcap,${sensor}-heartbeat`;
    const bridge = new ChildCommand(
      ['bridge', '--json', `--group=${sensor}`, topics, '--member-timeout=6s', ...args],
      this,
    );
    this.bridges.push(bridge);
    return bridge;
  }

  startCapture(source: string, sensor: string, ...args: string[]): ChildCommand {
    const spool = join(this.#folder, sensor);
    const capture = new ChildCommand(
      ['capture', source, '--json', `--sensor=${sensor}`, `--spool=${spool}`, ...args],
      this,
    );
    this.#captures.push(capture);
    return capture;
  }

  /** Captures to the end. */
  async capture(source: string, sensor: string, ...args: string[]): Promise<Captured> {
    return capturedBy(this.startCapture(source, sensor, ...args));
  }

  /** Runs a command to its end with the settings of the line. */
  command(...args: string[]): Promise<Finished> {
    return startTapline(args, undefined, this.environment).finished;
  }

  /** Waits until the session is in its place, or nothing has moved for a while. */
  settle(sensor: string, session: string, idleMs = 90_000): Promise<Settled> {
    return settle(this.stores, { sensor, session, idleMs });
  }

  digest(sensor: string): Promise<string> {
    return digest(sensor, { ...this.stores, codecs, newHash });
  }

  /** Process ids of the instances of a function that were started and have not been reported dead. */
  instances(name: string): number[] {
    const pids = new Set<number>();
    for (const line of this.functions.lines) {
      if (line['name'] !== name) continue;
      if (line['event'] === 'started') pids.add(line['pid'] as number);
      if (line['event'] === 'died') pids.delete(line['pid'] as number);
    }
    return [...pids];
  }

  async close(): Promise<void> {
    for (const child of [...this.#captures, ...this.bridges]) child.kill();
    await Promise.all(this.unruly.map((push) => push.close()));
    await this.functions.stop();
    await this.stores.close();
    await this.#keyspace.drop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Puts an unruly push between each subscription and its function. */
async function pushThrough(settings: Settings, portBase: number, seed: number): Promise<UnrulyPush[]> {
  const client = makePubSub(settings);
  const made: UnrulyPush[] = [];
  const push: Partial<Record<PushedKind, string>> = {};
  for (const kind of PUSHED_KINDS) {
    const between = new UnrulyPush(urlOf(FUNCTION_OF[kind], portBase), seed + made.length);
    push[kind] = await between.open();
    made.push(between);
  }
  await ensureTopology({ client, prefix: settings.topicPrefix, push });
  await client.close();
  return made;
}

/** What a capture said when it ended; throws when it failed without a word. */
export async function capturedBy(capture: ChildCommand): Promise<Captured> {
  await capture.ended;
  const result = capture.lines.at(-1);
  if (result === undefined) throw capture.failure();
  return { session: result['session'] as string, result };
}

function addressesOf(services: Settings): Record<string, string> {
  const names = [
    'kafkaBrokers',
    'cassandraContactPoints',
    'cassandraDatacenter',
    'pubsubEmulator',
    'bigtableEmulator',
  ] as const;
  return Object.fromEntries(names.map((name) => [SETTINGS[name].name, services[name] ?? '']));
}
