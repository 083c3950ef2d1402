/** The doctor at a whole line on the real services: healthy, and with each service in turn dead or deaf. */
import { createServer, type AddressInfo, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makePubSub } from '@tapline/adapters/pubsub/client';
import { removeTopology } from '@tapline/adapters/pubsub/topology';
import { KafkaTopics } from '@tapline/adapters/kafka/topics';
import { kafkaOptions } from '@tapline/adapters/kafka/client';
import { SETTINGS, type SettingName } from '@tapline/core/settings/settings';
import { resultLine } from '@tapline/embedded/commands/doctor';
import { CHECKS } from '@tapline/embedded/doctor/checks';
import { examine, firstBroken, type CheckResult } from '@tapline/embedded/doctor/examine';
import { urlOf } from '@tapline/embedded/functions/plan';
import { connectCassandra, cassandraOptions } from '@tapline/adapters/cassandra/client';
import { writeGenerated } from '../../helpers/generated-capture.ts';
import { describeWithServices } from '../../helpers/services.ts';
import { startTapline, type Started } from '../../helpers/tapline.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { until } from '../../helpers/until.ts';

const folder = temporaryFolder();
const id = `${process.pid}${Date.now() % 1e6}`;
const SENSOR = `doctor-${id}`;
const GROUP = `doctor-${id}`;
const PORT_BASE = 18_891;
/** Under test, machines are busy. */
const DEADLINE_MS = 10_000;
const DEAF_MS = 3_000;

/** A port on which nobody listens. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describeWithServices(['kafka', 'pubsub', 'bigtable', 'cassandra'], 'tapline doctor', (services) => {
  const ours: Partial<Record<SettingName, string>> = {
    project: `doctor-${id}`,
    bigtableTable: `doctor-${id}`,
    cassandraKeyspace: `doctor_${id}`,
    sensors: SENSOR,
  };
  const settings = { ...services, ...ours };
  const environment = Object.fromEntries(
    Object.entries(settings).flatMap(([name, value]) =>
      value === undefined ? [] : [[SETTINGS[name as SettingName].name, value]],
    ),
  );
  const line: Started[] = [];
  let deaf: Server;
  let deafAddress: string;
  let deadAddress: string;

  const visit = (
    changed: Partial<Record<SettingName, string>> = {},
    more: object = {},
    deadlineMs = DEADLINE_MS,
  ): Promise<CheckResult[]> =>
    examine(
      CHECKS,
      {
        settings: { ...settings, ...changed },
        sensor: SENSOR,
        group: GROUP,
        reportUrl: urlOf('report', PORT_BASE),
        folders: [folder],
        ...more,
      },
      deadlineMs,
      () => undefined,
    );
  const outcomes = (results: readonly CheckResult[]): Record<string, string> =>
    Object.fromEntries(results.map(({ name, outcome }) => [name, outcome]));
  const untilDoctorSays = async (
    isSo: (results: readonly CheckResult[]) => boolean,
    deadlineMs: number,
  ): Promise<void> => {
    let last: readonly CheckResult[] = [];
    const ask = async (): Promise<boolean> => {
      last = await visit();
      if (!isSo(last)) await sleep(500);
      return isSo(last);
    };
    await until('what the doctor should say', ask, deadlineMs).catch((error: unknown) => {
      throw new Error(last.map(resultLine).join(''), { cause: error });
    });
  };
  const run = async (...args: string[]): Promise<void> => {
    const { code, stderr } = await startTapline(args, undefined, environment).finished;
    if (code !== 0) throw new Error(`tapline ${args.join(' ')}: ${stderr}`);
  };

  beforeAll(async () => {
    deaf = createServer((socket) => socket.on('error', () => undefined)).listen(0, '127.0.0.1');
    await new Promise((resolve) => deaf.once('listening', resolve));
    deafAddress = `127.0.0.1:${(deaf.address() as AddressInfo).port}`;
    deadAddress = `127.0.0.1:${await closedPort()}`;
    await run('migrate');
    line.push(startTapline(['functions', '--port-base', String(PORT_BASE)], undefined, environment));
    // A bridge ends when there are no topics to publish to, and the functions make them.
    await untilDoctorSays((results) => outcomes(results)['functions'] === 'ok', 90_000);
    await run('capture', writeGenerated(folder, 2000), '--sensor', SENSOR, '--spool', folder);
    line.push(startTapline(['bridge', '--group', GROUP, '--topics', `${SENSOR}-*`], undefined, environment));
    await untilDoctorSays((results) => firstBroken(results) === undefined, 150_000);
  }, 300_000);

  afterAll(async () => {
    deaf.close();
    for (const { child } of line) child.kill('SIGTERM');
    await Promise.all(line.map(({ finished }) => finished));
    const topics = new KafkaTopics(kafkaOptions(settings));
    await topics.delete(SENSOR);
    await topics.close();
    const pubsub = makePubSub(settings);
    await removeTopology({ client: pubsub, prefix: settings.topicPrefix });
    await pubsub.close();
    const client = await connectCassandra(cassandraOptions(settings), { withKeyspace: false });
    await client.execute(`DROP KEYSPACE ${settings.cassandraKeyspace}`, [], { readTimeout: 60_000 });
    await client.shutdown();
  }, 60_000);

  it('finds every hop of a healthy line, and exits with 0', async () => {
    await untilDoctorSays((results) => outcomes(results)['rows'] === 'ok', 60_000);
    const { code, stdout } = await startTapline(
      [
        'doctor',
        '--sensor',
        SENSOR,
        '--group',
        GROUP,
        '--report',
        urlOf('report', PORT_BASE),
        '--spool',
        folder,
        '--deadline',
        '10s',
      ],
      undefined,
      environment,
    ).finished;
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(CHECKS.length + 1);
    const hops = CHECKS.map(({ name }) => name);
    expect(lines.slice(0, -1).map((text) => /^\S+ +(\S+) +\d+ ms {2}\S/.exec(text)?.[1])).toEqual(hops);
    expect(lines.filter((text) => /^(FAIL|skipped)/.test(text)).join('\n')).toBe('');
    expect(lines.at(-1)).toBe('nothing is broken');
    expect(code).toBe(0);
  });

  it.each([
    ['broker', 'kafkaBrokers', ['topics', 'bridge']],
    ['pubsub', 'pubsubEmulator', ['functions']],
    ['bigtable', 'bigtableEmulator', []],
    ['cassandra', 'cassandraContactPoints', ['schema', 'consistency', 'page', 'heartbeats', 'rows', 'mirror']],
  ] as const)('names %s when nobody listens there, and skips what depends on it', async (name, setting, skipped) => {
    const results = await visit({ [setting]: deadAddress });
    expect(firstBroken(results)).toMatchObject({
      name,
      saw: expect.stringContaining(`${deadAddress}: connection refused`) as string,
    });
    expect(results.filter(({ outcome }) => outcome === 'skipped').map((one) => one.name)).toEqual(skipped);
    expect(results.filter(({ outcome }) => outcome === 'FAIL')).toHaveLength(1);
  });

  it.each([
    ['broker', 'kafkaBrokers'],
    ['pubsub', 'pubsubEmulator'],
    ['bigtable', 'bigtableEmulator'],
    ['cassandra', 'cassandraContactPoints'],
  ] as const)('names %s when somebody listens there who never answers', async (name, setting) => {
    const broken = firstBroken(await visit({ [setting]: deafAddress }, {}, DEAF_MS));
    expect(broken).toMatchObject({ name, saw: expect.stringMatching(/no answer|time[d ]?out|deadline/i) as string });
    expect(broken?.advice).toBeDefined();
    expect(broken!.tookMs).toBeLessThan(DEAF_MS + 1000);
  });

  it.each([
    ['a report function that is not there', 'page', {}, { reportUrl: 'http://127.0.0.1:2/' }],
    ['something else where the report should be', 'page', {}, { reportUrl: urlOf('parse', PORT_BASE) }],
    ['a sensor without topics', 'topics', {}, { sensor: 'nobody' }],
    ['a bridge that is not there', 'bridge', {}, { group: `${GROUP}-none` }],
    ['topics that nobody made', 'pubsub', { topicPrefix: 'other' }, {}],
    ['a table that nobody made', 'bigtable', { bigtableTable: 'other' }, {}],
    ['a keyspace that nobody made', 'schema', { cassandraKeyspace: 'other' }, {}],
    ['a data centre that does not exist', 'cassandra', { cassandraDatacenter: 'moon' }, {}],
  ])('names the hop of %s', async (_, name, changed, more) => {
    const broken = firstBroken(await visit(changed, more));
    expect(broken?.name).toBe(name);
    expect(broken?.advice).toBeDefined();
  });

  it('names the function that is not there', async () => {
    const pubsub = makePubSub(settings);
    const subscription = pubsub.subscription(`${settings.topicPrefix}-windows-push`);
    const url = urlOf('score', PORT_BASE);
    try {
      await subscription.modifyPushConfig({ pushEndpoint: `http://${deadAddress}/` });
      const broken = firstBroken(await visit());
      expect(broken).toMatchObject({ name: 'functions', saw: `score at http://${deadAddress}/: connection refused` });
    } finally {
      await subscription.modifyPushConfig({ pushEndpoint: url });
      await pubsub.close();
    }
  });

  it('exits with 1 and one JSON object when something is broken, and does not hang on what it left behind', async () => {
    const { code, stdout, stderr } = await startTapline(
      ['doctor', '--sensor', SENSOR, '--json', '--deadline', '1s'],
      undefined,
      {
        ...environment,
        [SETTINGS.kafkaBrokers.name]: deafAddress,
        [SETTINGS.cassandraContactPoints.name]: deafAddress,
        [SETTINGS.bigtableEmulator.name]: deafAddress,
        [SETTINGS.pubsubEmulator.name]: deafAddress,
      },
    ).finished;
    const report = JSON.parse(stdout) as { ok: boolean; firstBroken: string; checks: CheckResult[] };
    expect([code, report.ok, report.firstBroken, stderr]).toEqual([1, false, 'broker', '']);
    expect(report.checks.map(({ name }) => name)).toEqual(CHECKS.map(({ name }) => name));
    expect(outcomes(report.checks)).toMatchObject({
      broker: 'FAIL',
      topics: 'skipped',
      pubsub: 'FAIL',
      cassandra: 'FAIL',
    });
  });

  it('refuses a report address that is none', async () => {
    const { code, stderr } = await startTapline(['doctor', '--report', 'nowhere']).finished;
    expect([code, stderr]).toEqual([2, expect.stringContaining('--report "nowhere": use for example http://')]);
  });
});
