/** Kafka: the brokers, the topics of sensors and how fresh they are, and how far the bridge has read them. */
import { kafkaOptions, makeKafka } from '@tapline/adapters/kafka/client';
import { kafkaError } from '@tapline/adapters/kafka/kafka-error';
import { numberSetting, SETTINGS } from '@tapline/core/settings/settings';
import { describeTopic, heartbeatTopic, packetTopic } from '@tapline/core/settings/topics';
import type { Admin } from 'kafkajs';
import { formatCount } from '../cli/format.ts';
import { fail, ok, warn, type Check, type Finding, type Visit } from './check.ts';
import { askVersions, describeVersion, refusedRequests } from './kafka-versions.ts';
import { splitAddress, unreachable } from './reach.ts';

const START = `start Kafka ("tapline services up" here), or set ${SETTINGS.kafkaBrokers.name}`;
/** Sensors looked at when none is named. */
const SENSORS_AT_MOST = 10;
const NAMES_SHOWN = 3;

export const broker: Check = {
  name: 'broker',
  needs: [],
  advice: START,
  examine: async (visit) => {
    const options = kafkaOptions(visit.settings, 'tapline-doctor');
    const problems = await problemsOf(options.brokers);
    if (problems.length === options.brokers.length) return fail(problems.join('; '), START);
    const first = options.brokers.find((address) => !problems.some((problem) => problem.startsWith(`${address}:`)))!;
    const { host, port } = splitAddress(first);
    // Behind TLS this question cannot be asked by hand.
    const versions = options.tls === undefined ? await askVersions(host, port, visit.requestMs) : undefined;
    const refused = versions === undefined ? [] : refusedRequests(versions);
    const version = versions === undefined ? 'over TLS' : describeVersion(versions);
    if (refused.length > 0) {
      return fail(`${first}: ${version}, which takes no ${refused.join(', ')} of this client`, 'use another broker');
    }
    const { brokers } = await describeCluster(visit);
    // Clients are sent on to the addresses that the brokers give.
    const advertised = brokers.map((one) => `${one.host}:${one.port}`);
    const saw = `${version}, ${brokers.length} ${brokers.length === 1 ? 'broker' : 'brokers'}: ${advertised.join(', ')}`;
    const hidden = await problemsOf(advertised);
    if (hidden.length > 0) {
      const advice = 'let advertised.listeners of the broker name an address that can be reached from here';
      return hidden.length === advertised.length
        ? fail(`it calls itself ${hidden[0]!}`, advice)
        : warn(`${saw}; ${hidden[0]!}`, advice);
    }
    return problems.length > 0 ? warn(`${saw}; ${problems[0]!}`, START) : ok(saw);
  },
};

async function problemsOf(addresses: readonly string[]): Promise<string[]> {
  const all = await Promise.all(
    addresses.map(async (address) => {
      const problem = await unreachable(address);
      return problem === undefined ? [] : [`${address}: ${problem}`];
    }),
  );
  return all.flat();
}

async function describeCluster(visit: Visit): ReturnType<Admin['describeCluster']> {
  const options = kafkaOptions(visit.settings, 'tapline-doctor');
  const admin = makeKafka({ ...options, requestMs: visit.requestMs, warn: () => undefined }).admin();
  visit.closeAtEnd(() => admin.disconnect());
  try {
    await admin.connect();
    visit.kafka = admin;
    return await admin.describeCluster();
  } catch (error) {
    throw kafkaError(error, 'connecting');
  }
}

export const topics: Check = {
  name: 'topics',
  needs: ['broker'],
  advice: START,
  examine: async (visit) => {
    const all = await visit.kafka!.listTopics();
    const known = [...new Set(all.map((name) => describeTopic(name)?.sensor).filter((name) => name !== undefined))];
    visit.sensorsWithTopics = known.sort();
    const { sensor } = visit;
    if (sensor === undefined && known.length === 0) {
      return warn('no sensor has topics yet', 'capture something (tapline capture), or "tapline topics ensure"');
    }
    const missing =
      sensor === undefined ? [] : [packetTopic(sensor), heartbeatTopic(sensor)].filter((name) => !all.includes(name));
    if (missing.length > 0) {
      return fail(`there is no ${missing.join(' nor ')}`, `tapline topics ensure --sensor ${sensor!}`);
    }
    return newestRecords(visit, all);
  },
};

const AGES = [
  { words: 'a minute', ms: 60_000 },
  { words: 'an hour', ms: 3_600_000 },
  { words: 'a day', ms: 86_400_000 },
];

async function newestRecords(visit: Visit, all: readonly string[]): Promise<Finding> {
  const blindAfterS = numberSetting(visit.settings, 'blindAfter');
  const sensors = visit.sensor === undefined ? visit.sensorsWithTopics!.slice(0, SENSORS_AT_MOST) : [visit.sensor];
  const heard = sensors.filter((sensor) => all.includes(heartbeatTopic(sensor)));
  const agesMs = [blindAfterS * 1000, ...AGES.map(({ ms }) => ms)];
  const withinMs = await Promise.all(heard.map((sensor) => newestWithin(visit.kafka!, heartbeatTopic(sensor), agesMs)));
  const fresh = heard.filter((_, i) => withinMs[i]! <= blindAfterS * 1000);
  if (fresh.length > 0) return ok(`heartbeats of ${few(fresh)} come in`);
  const last = AGES.find(({ ms }) => ms === Math.min(...withinMs));
  const since = last === undefined ? 'nor within a day' : `the last within ${last.words}`;
  const advice = 'unless the capture is over: look at tapline capture, or start it';
  return warn(`no heartbeat of ${few(sensors)} within ${blindAfterS} s, ${since}`, advice);
}

/** Some names of many. */
function few(names: readonly string[]): string {
  const more = names.length - NAMES_SHOWN;
  return names.slice(0, NAMES_SHOWN).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

/**
 * The smallest of the ages within which the topic has a record, Infinity when none has one. The broker knows the first
 * record after a time, not the time of the last.
 */
async function newestWithin(admin: Admin, topic: string, agesMs: readonly number[]): Promise<number> {
  const ends = await admin.fetchTopicOffsets(topic);
  const endOf = (partition: number): number => Number(ends.find((end) => end.partition === partition)?.high ?? 0);
  const nowMs = Date.now();
  const hits = await Promise.all(
    agesMs.map(async (ageMs) => {
      const starts = await admin.fetchTopicOffsetsByTimestamp(topic, nowMs - ageMs);
      return starts.some(({ partition, offset }) => Number(offset) < endOf(partition));
    }),
  );
  return agesMs[hits.indexOf(true)] ?? Infinity;
}

/** Records that wait for longer than a moment. */
const LAG_HIGH = 1_000;

export const bridge: Check = {
  name: 'bridge',
  needs: ['topics'],
  advice: 'look at tapline bridge, or start it',
  examine: async (visit) => {
    const sensors = visit.sensor === undefined ? visit.sensorsWithTopics! : [visit.sensor];
    if (sensors.length === 0) return ok('there is nothing to carry yet');
    const admin = visit.kafka!;
    const { groups } = await admin.describeGroups([visit.group]);
    const members = groups[0]?.members.length ?? 0;
    const names = sensors
      .slice(0, 10 * SENSORS_AT_MOST)
      .flatMap((sensor) => [packetTopic(sensor), heartbeatTopic(sensor)]);
    const existing = await admin.listTopics();
    const lag = await lagOf(
      admin,
      visit.group,
      names.filter((name) => existing.includes(name)),
    );
    return judgeBridge(visit.group, members, lag);
  },
};

/** Records of the topics that the group has not committed yet. */
async function lagOf(admin: Admin, groupId: string, topics: string[]): Promise<number> {
  const committed = await admin.fetchOffsets({ groupId, topics });
  const lags = await Promise.all(
    committed.map(async ({ topic, partitions }) => {
      const bounds = await admin.fetchTopicOffsets(topic);
      return bounds.reduce((sum, { partition, low, high }) => {
        const offset = Number(partitions.find((one) => one.partition === partition)?.offset ?? -1);
        return sum + Math.max(0, Number(high) - Math.max(offset, Number(low)));
      }, 0);
    }),
  );
  return lags.reduce((sum, lag) => sum + lag, 0);
}

export function judgeBridge(group: string, members: number, lag: number): Finding {
  const waiting = `${formatCount(lag)} records wait`;
  if (members === 0 && lag > 0) return fail(`no bridge is in group ${group}, and ${waiting}`, 'start tapline bridge');
  if (members === 0)
    return warn(`no bridge is in group ${group}; nothing waits`, 'start tapline bridge before you capture');
  const saw = `${members} ${members === 1 ? 'bridge' : 'bridges'} in group ${group}, ${lag === 0 ? 'nothing waits' : waiting}`;
  return lag > LAG_HIGH ? warn(saw, 'ask again: when it grows, start another bridge or look at Pub/Sub') : ok(saw);
}
