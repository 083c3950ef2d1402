/**
 * What travels on the heartbeat topics beside packets: heartbeats of sensors, and receipts of the bridge, which say which
 * batches went through a hop. JSON, because it is small, rare, and read by people too (`tapline consume`).
 */
import { PipelineError } from '../errors.ts';
import { NO_MIRROR_COUNTERS, type MirrorCounters } from '../mirror/mirror-counters.ts';
import type { Hop, HopEntry } from '../ports.ts';
import { HOPS } from '../ports.ts';
import { NO_COUNTERS } from './heartbeat.ts';
import type { Heartbeat, MinuteCount, SensorCounters, WindowCount } from './heartbeat.ts';
import { MINUTE_COUNTERS } from './minute.ts';

const VERSION = 1;
/** Windows, minutes or entries in one message at most. */
const ITEMS_AT_MOST = 100_000;
const NAME_AT_MOST = 256;

export type ControlMessage =
  | { readonly kind: 'heartbeat'; readonly heartbeat: Heartbeat }
  | { readonly kind: 'receipt'; readonly entries: readonly HopEntry[] };

/** The message as JSON, to be sent as UTF-8. */
export function encodeControlMessage(message: ControlMessage): string {
  return JSON.stringify({ tapline: VERSION, ...message });
}

/**
 * Reads a message of `encodeControlMessage`, checking every field: it comes from a network.
 * @throws PipelineError WIRE_FORMAT when it is no such message, WIRE_VERSION, WIRE_CORRUPT naming the first wrong field
 */
export function decodeControlMessage(json: string): ControlMessage {
  const fields = parseObject(json);
  if (!('tapline' in fields)) throw new PipelineError('WIRE_FORMAT', 'not a heartbeat or receipt of Tapline');
  if (fields['tapline'] !== VERSION) {
    throw new PipelineError(
      'WIRE_VERSION',
      `a heartbeat or receipt of version ${JSON.stringify(fields['tapline'])}, this build reads ${VERSION}`,
    );
  }
  switch (fields['kind']) {
    case 'heartbeat':
      return { kind: 'heartbeat', heartbeat: readHeartbeat(object(fields, 'heartbeat')) };
    case 'receipt':
      return { kind: 'receipt', entries: list(fields, 'entries').map(readEntry) };
    default:
      throw wrong('kind');
  }
}

type Fields = Readonly<Record<string, unknown>>;

function wrong(field: string): PipelineError {
  return new PipelineError('WIRE_CORRUPT', `the field ${field} of a heartbeat or receipt is not what it must be`);
}

function parseObject(json: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw new PipelineError('WIRE_FORMAT', 'not a heartbeat or receipt: it is no JSON', { cause });
  }
  return asObject(value, 'message');
}

function asObject(value: unknown, field: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(field);
  return value as Fields;
}

const object = (fields: Fields, field: string): Fields => asObject(fields[field], field);

function list(fields: Fields, field: string): Fields[] {
  const value = fields[field];
  if (!Array.isArray(value) || value.length > ITEMS_AT_MOST) throw wrong(field);
  return value.map((item) => asObject(item, field));
}

function text(fields: Fields, field: string): string {
  const value = fields[field];
  if (typeof value !== 'string' || value === '' || value.length > NAME_AT_MOST) throw wrong(field);
  return value;
}

/** A whole number that a double holds exactly. */
function whole(fields: Fields, field: string, least = 0): number {
  const value = fields[field];
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < least) throw wrong(field);
  return value;
}

const time = (fields: Fields, field: string): number => whole(fields, field, Number.MIN_SAFE_INTEGER);

function flag(fields: Fields, field: string): boolean {
  const value = fields[field];
  if (typeof value !== 'boolean') throw wrong(field);
  return value;
}

function finite(fields: Fields, field: string): number {
  const value = fields[field];
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) throw wrong(field);
  return value;
}

function readCounters<C extends string>(fields: Fields, names: readonly C[]): Record<C, number> {
  return Object.fromEntries(names.map((name) => [name, whole(fields, name)])) as Record<C, number>;
}

const SENSOR_COUNTERS = Object.keys(NO_COUNTERS) as readonly (keyof SensorCounters)[];
const MIRROR_COUNTERS = Object.keys(NO_MIRROR_COUNTERS) as readonly (keyof MirrorCounters)[];
const WINDOW_COUNTS: readonly (keyof WindowCount)[] = ['batches', 'packets', 'bytes'];

function readHeartbeat(fields: Fields): Heartbeat {
  const optional = (field: 'lastPublished' | 'spooled', least: number): object =>
    fields[field] === undefined ? {} : { [field]: whole(fields, field, least) };
  return {
    sensor: text(fields, 'sensor'),
    session: text(fields, 'session'),
    sequence: whole(fields, 'sequence'),
    arrivalUs: time(fields, 'arrivalUs'),
    watermarkUs: fields['watermarkUs'] === null ? null : time(fields, 'watermarkUs'),
    lastBatch: whole(fields, 'lastBatch', -1),
    ...optional('lastPublished', -1),
    ...optional('spooled', 0),
    windowUs: whole(fields, 'windowUs', 1),
    windows: list(fields, 'windows').map((item) => ({
      windowStartUs: time(item, 'windowStartUs'),
      ...readCounters(item, WINDOW_COUNTS),
    })),
    minutes: list(fields, 'minutes').map((item): MinuteCount => ({
      minuteStartUs: time(item, 'minuteStartUs'),
      ...readCounters(item, MINUTE_COUNTERS),
    })),
    counters: readCounters(object(fields, 'counters'), SENSOR_COUNTERS),
    ...(fields['mirror'] === undefined ? {} : { mirror: readCounters(object(fields, 'mirror'), MIRROR_COUNTERS) }),
    cpuPercent: finite(fields, 'cpuPercent'),
    rssBytes: finite(fields, 'rssBytes'),
    final: flag(fields, 'final'),
  };
}

function readEntry(fields: Fields): HopEntry {
  const hop = HOPS.find((known) => known === fields['hop']);
  if (hop === undefined) throw wrong('hop');
  return {
    sensor: text(fields, 'sensor'),
    session: text(fields, 'session'),
    sequence: whole(fields, 'sequence'),
    hop: hop satisfies Hop,
    packets: whole(fields, 'packets'),
    bytes: whole(fields, 'bytes'),
    malformed: whole(fields, 'malformed'),
    minutes: list(fields, 'minutes').map((item) => ({
      minuteStartUs: time(item, 'minuteStartUs'),
      packets: whole(item, 'packets'),
      bytes: whole(item, 'bytes'),
    })),
  };
}
