/** Asks a broker without a login which requests it knows (ApiVersions, version 0), and whether the client library speaks them. */
import { converse } from '../services/conversation.ts';

const API_VERSIONS = 18;
const FETCH = 1;
const OLDEST_FETCH_OF_4 = 4;
/** The newest version of each request that kafkajs 2.2.4 can send. */
const CLIENT_NEWEST: Readonly<Record<number, { name: string; version: number }>> = {
  0: { name: 'Produce', version: 7 },
  1: { name: 'Fetch', version: 11 },
  2: { name: 'ListOffsets', version: 3 },
  3: { name: 'Metadata', version: 6 },
  8: { name: 'OffsetCommit', version: 5 },
  9: { name: 'OffsetFetch', version: 4 },
  10: { name: 'FindCoordinator', version: 2 },
  11: { name: 'JoinGroup', version: 5 },
};

export interface ApiRange {
  readonly key: number;
  readonly oldest: number;
  readonly newest: number;
}

/** Rejects when the broker hangs up, does not answer in time, or answers something else. */
export async function askVersions(host: string, port: number, timeoutMs: number): Promise<ApiRange[]> {
  const [answer] = await converse(host, port, [{ bytes: request(), answerLength }], timeoutMs);
  const error = answer!.readInt16BE(8);
  if (error !== 0) throw new Error(`the broker answered with error ${error}`);
  const ranges = answer!.readInt32BE(10);
  return Array.from({ length: ranges }, (_, i) => ({
    key: answer!.readInt16BE(14 + 6 * i),
    oldest: answer!.readInt16BE(16 + 6 * i),
    newest: answer!.readInt16BE(18 + 6 * i),
  }));
}

/** length, key, version, correlation id, no client id */
function request(): Buffer {
  const bytes = Buffer.alloc(14);
  bytes.writeInt32BE(10, 0);
  bytes.writeInt16BE(API_VERSIONS, 4);
  bytes.writeInt32BE(1, 8);
  bytes.writeInt16BE(-1, 12);
  return bytes;
}

function answerLength(start: Buffer): number | undefined {
  return start.length < 4 ? undefined : 4 + start.readUInt32BE(0);
}

/** Kafka 4.0 removed the oldest requests (KIP-896); of Produce it still names them, for clients that look at nothing else. */
export function describeVersion(ranges: readonly ApiRange[]): string {
  const fetch = ranges.find(({ key }) => key === FETCH);
  return fetch !== undefined && fetch.oldest >= OLDEST_FETCH_OF_4 ? 'Kafka 4.0 or later' : 'Kafka before 4.0';
}

/** Requests that the client must send and the broker does not take any more. */
export function refusedRequests(ranges: readonly ApiRange[]): string[] {
  return Object.entries(CLIENT_NEWEST).flatMap(([key, { name, version }]) => {
    const range = ranges.find((one) => one.key === Number(key));
    return range === undefined || range.oldest > version ? [name] : [];
  });
}
