/** Pub/Sub: the topics, the subscriptions that push them, and the functions they are pushed to. */
import { makePubSub } from '@tapline/adapters/pubsub/client';
import { pubsubError, statusCode } from '@tapline/adapters/pubsub/pubsub-error';
import { SETTINGS } from '@tapline/core/settings/settings';
import {
  deadLetterSubscription,
  PUSHED_KINDS,
  pubsubTopic,
  pushSubscription,
  TOPIC_KINDS,
  type PushedKind,
} from '@tapline/core/settings/topics';
import type { PubSub } from '@google-cloud/pubsub';
import { fail, ok, warn, type Check, type Finding } from './check.ts';
import { unreachable } from './reach.ts';

const START = `start the emulator ("tapline services up"), or set ${SETTINGS.pubsubEmulator.name} or ${SETTINGS.project.name}`;
const MAKE = 'apply terraform, or start "tapline functions" here, which makes them in the emulator';
const NOT_FOUND = 5;

export const pubsub: Check = {
  name: 'pubsub',
  needs: [],
  advice: START,
  examine: async (visit) => {
    const { pubsubEmulator, project, topicPrefix } = visit.settings;
    const problem = pubsubEmulator === undefined ? undefined : await unreachable(pubsubEmulator);
    if (problem !== undefined) return fail(`the emulator at ${pubsubEmulator!}: ${problem}`, START);
    const client = makePubSub(visit.settings);
    visit.closeAtEnd(() => client.close());
    const missing = await missingTopics(client, topicPrefix);
    if (missing.length > 0) return fail(`project ${project} has no topic ${missing.join(', ')}`, MAKE);
    const subscriptions = await Promise.all(PUSHED_KINDS.map((kind) => endpointOf(client, topicPrefix, kind)));
    const lacking = PUSHED_KINDS.filter((_, i) => subscriptions[i] === undefined);
    if (lacking.length > 0) {
      const names = lacking.map((kind) => pushSubscription(topicPrefix, kind));
      return fail(`there is no push subscription ${names.join(', ')}`, MAKE);
    }
    visit.endpoints = new Map(PUSHED_KINDS.map((kind, i) => [kind, subscriptions[i]!]));
    const where = pubsubEmulator === undefined ? `project ${project}` : `the emulator at ${pubsubEmulator}`;
    const saw = `${where}: ${TOPIC_KINDS.length} topics, ${PUSHED_KINDS.length} push subscriptions`;
    const [hasLetterBox] = await client.subscription(deadLetterSubscription(topicPrefix)).exists();
    if (!hasLetterBox) {
      return warn(`${saw}, but no ${deadLetterSubscription(topicPrefix)}`, `dead letters are lost without it: ${MAKE}`);
    }
    return ok(saw);
  },
};

async function missingTopics(client: PubSub, prefix: string): Promise<string[]> {
  const names = TOPIC_KINDS.map((kind) => pubsubTopic(prefix, kind));
  const there = await Promise.all(names.map(async (name) => (await client.topic(name).exists())[0]));
  return names.filter((_, i) => !there[i]);
}

/** The URL that a topic is pushed to; undefined without subscription or URL. */
async function endpointOf(client: PubSub, prefix: string, kind: PushedKind): Promise<string | undefined> {
  const name = pushSubscription(prefix, kind);
  try {
    const [metadata] = await client.subscription(name).getMetadata();
    const endpoint = metadata.pushConfig?.pushEndpoint ?? '';
    return endpoint === '' ? undefined : endpoint;
  } catch (error) {
    if (statusCode(error) === NOT_FOUND) return undefined;
    throw pubsubError(error, `looking at ${name}`);
  }
}

const FUNCTION_NAMES: Readonly<Record<PushedKind, string>> = {
  packets: 'parse',
  heartbeats: 'window',
  windows: 'score',
};

export const functions: Check = {
  name: 'functions',
  needs: ['pubsub'],
  advice: 'start "tapline functions" here, or look at the log of the functions',
  examine: async ({ endpoints, requestMs }) => {
    const findings = await Promise.all(
      [...endpoints!].map(([kind, url]) => judgeFunction(FUNCTION_NAMES[kind], url, requestMs)),
    );
    const broken = findings.find(({ outcome }) => outcome === 'FAIL');
    return broken ?? ok(findings.map(({ saw }) => saw).join('; '));
  },
};

/** A function that is pushed to refuses everything but POST before it looks at anything else. */
async function judgeFunction(name: string, url: string, requestMs: number): Promise<Finding> {
  let status: number;
  try {
    const response = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(requestMs) });
    status = response.status;
  } catch (error) {
    const advice = 'start "tapline functions" here, or deploy it; its subscription pushes to this URL';
    return fail(`${name} at ${url}: ${fetchProblem(error)}`, advice);
  }
  const asksForToken = url.startsWith('https:') && (status === 401 || status === 403);
  if (status === 405 || asksForToken) return ok(`${name} answers`);
  return fail(
    `${name} at ${url} answers with ${status}`,
    status >= 500 ? 'look at the log of the function' : 'something else answers there: correct the push subscription',
  );
}

/** What `fetch` keeps in the cause of its error. */
export function fetchProblem(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return 'no answer in time';
  const { cause } = error;
  const code = (cause as NodeJS.ErrnoException | undefined)?.code;
  if (code === 'ECONNREFUSED') return 'connection refused';
  return cause instanceof Error ? cause.message : error.message;
}
