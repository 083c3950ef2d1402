/**
 * A function that Pub/Sub pushes to: request in, status out. 204: taken, or kept as a dead letter; 4xx: not a push of
 * ours; 5xx: deliver it again. Logs one line per problem and, at debug, one per message.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { PipelineError } from '@tapline/core/errors';
import type { PushedKind } from '@tapline/core/settings/topics';
import { readJson, readPush, type PushMessage } from './envelope.ts';
import { lazily } from './lazily.ts';
import { serve } from './lifecycle.ts';
import type { Labels, Log } from './log.ts';
import { meter } from './meter.ts';
import type { TokenCheck } from './push-token.ts';
import { isPoison, type DeadLetters } from './quarantine.ts';
import { Refusal } from './refusal.ts';
import { isLongToDrain, readBody } from './request-body.ts';

export interface PushParts<D> {
  /** Where the messages come from. */
  readonly kind: PushedKind;
  /** Opens what messages are taken with, once. Its failure is never the message's fault. */
  readonly open: () => Promise<D>;
  /** Takes one message; resolves when everything it caused is stored, with what to call it in the log. */
  readonly take: (message: PushMessage, deps: D) => Promise<Labels>;
  /** Called by the body `{"sweep": true}`: a timer's request. */
  readonly sweep?: (deps: D) => Promise<void>;
  readonly deadLetters: DeadLetters;
  readonly checkToken: TokenCheck | undefined;
  readonly log: Log;
}

export type HttpHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** The handler to register with the framework. It always answers and never rejects. */
export function pushEndpoint<D>(parts: PushParts<D>): HttpHandler {
  const open = lazily(parts.open);
  return (request, response) =>
    serve(async () => {
      const log = parts.log.ofRequest(request.headers);
      try {
        await answer(request, { ...parts, open }, log);
        response.writeHead(204).end();
      } catch (error) {
        const { status, text } = failed(error, log);
        if (isLongToDrain(request)) response.setHeader('Connection', 'close');
        response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' }).end(`${text}\n`);
      }
    });
}

async function answer<D>(request: IncomingMessage, parts: PushParts<D>, log: Log): Promise<void> {
  if (request.method !== 'POST') throw new Refusal(405, 'this function takes POST requests of its subscription');
  await parts.checkToken?.(request.headers.authorization);
  const body = await readBody(request);
  try {
    meter.add('function.requestBytes', body.bytes.length);
    const json = readJson(body.bytes);
    if (parts.sweep !== undefined && json['sweep'] === true) await parts.sweep(await parts.open());
    else await takeMessage(readPush(json), parts, log);
  } finally {
    body.release();
  }
}

async function takeMessage<D>(message: PushMessage, parts: PushParts<D>, log: Log): Promise<void> {
  const { attributes, messageId } = message;
  const deps = await parts.open();
  try {
    const labels = await parts.take(message, deps);
    log('DEBUG', 'taken', { ...labels, messageId });
  } catch (error) {
    const labels = { sensor: attributes['sensor'], batchId: attributes['batchId'], messageId };
    if (!isPoison(error)) throw new Undelivered(error, labels);
    const { kind, deadLetters } = parts;
    const { payload } = message;
    // No topic takes an empty message, and there is nothing in it to keep.
    const kept = payload.length > 0;
    if (kept) await deadLetters.put({ kind, payload, attributes }, { code: error.code, reason: error.message });
    meter.add('function.quarantined', 1);
    log('ERROR', `${kept ? 'kept as a dead letter' : 'an empty message'}: ${error.message}`, labels, error);
  }
}

/** A failure that Pub/Sub shall answer by delivering again. */
class Undelivered extends Error {
  readonly labels: Labels;

  constructor(cause: unknown, labels: Labels) {
    super('not taken', { cause });
    this.labels = labels;
  }
}

function failed(thrown: unknown, log: Log): { status: number; text: string } {
  const { error, labels } =
    thrown instanceof Undelivered ? { error: thrown.cause, labels: thrown.labels } : { error: thrown, labels: {} };
  if (error instanceof Refusal) {
    meter.add('function.refused', 1);
    log('WARNING', `refused with ${error.status}: ${error.message}`, labels);
    return { status: error.status, text: error.message };
  }
  meter.add('function.failed', 1);
  const text = error instanceof Error ? error.message : String(error);
  if (error instanceof PipelineError && error.retriable)
    log('WARNING', `to be delivered again: ${text}`, labels, error);
  else log('ERROR', `to be delivered again: ${text}`, labels, error);
  const unavailable = error instanceof PipelineError && error.retriable;
  return { status: unavailable ? 503 : 500, text: 'the function failed; its log says why' };
}
