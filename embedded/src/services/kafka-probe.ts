/** Asks a Kafka broker for its cluster's metadata: the broker has joined and a controller leads, or it is not ready. */
import { converse } from './conversation.ts';

const METADATA = 3;
const VERSION = 1;

/** Rejects unless the broker at the address is registered and knows its controller. */
export async function probeKafka(host: string, port: number, timeoutMs: number): Promise<void> {
  const [answer] = await converse(host, port, [{ bytes: metadataRequest(), answerLength: frameLength }], timeoutMs);
  const { brokers, controller } = parseMetadata(answer!);
  if (brokers === 0 || controller < 0) throw new Error('the broker has not joined its cluster yet');
}

/** Metadata v1 for no topic at all: only brokers and controller come back. */
function metadataRequest(): Buffer {
  const client = Buffer.from('tapline');
  const body = Buffer.alloc(4 + 2 + 2 + 4 + 2 + client.length + 4);
  body.writeInt32BE(body.length - 4, 0);
  body.writeInt16BE(METADATA, 4);
  body.writeInt16BE(VERSION, 6);
  body.writeInt32BE(1, 8); // correlation id
  body.writeInt16BE(client.length, 12);
  client.copy(body, 14);
  body.writeInt32BE(0, 14 + client.length); // an empty list of topics
  return body;
}

function frameLength(start: Buffer): number | undefined {
  return start.length < 4 ? undefined : 4 + start.readUInt32BE(0);
}

/** size, correlation id, [node id, host, port, rack], controller id */
function parseMetadata(answer: Buffer): { brokers: number; controller: number } {
  const brokers = answer.readInt32BE(8);
  let at = 12;
  const skipString = (): void => {
    at += 2 + Math.max(0, answer.readInt16BE(at)); // a null string has length -1
  };
  for (let index = 0; index < brokers; index += 1) {
    at += 4;
    skipString();
    at += 4;
    skipString();
  }
  return { brokers, controller: answer.readInt32BE(at) };
}
