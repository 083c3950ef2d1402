/** Asks a Cassandra node, in CQL native protocol version 4, how many other nodes it knows. */
import { converse, type Request } from './conversation.ts';

const HEADER_BYTES = 9;
const OPCODE = { startup: 0x01, ready: 0x02, query: 0x07, result: 0x08 } as const;
const CONSISTENCY_ONE = 0x0001;
const SKIP_METADATA = 0x02;

/** Rejects unless the node answers a query and sees at least `peers` other nodes. */
export async function probeCassandra(host: string, port: number, peers: number, timeoutMs: number): Promise<void> {
  const requests = [
    request(OPCODE.startup, Buffer.concat([short(1), string('CQL_VERSION'), string('3.0.0')])),
    request(
      OPCODE.query,
      Buffer.concat([
        longString('SELECT peer FROM system.peers_v2'),
        short(CONSISTENCY_ONE),
        Buffer.from([SKIP_METADATA]),
      ]),
    ),
  ];
  const [startup, result] = await converse(host, port, requests, timeoutMs);
  if (startup![4] !== OPCODE.ready) throw new Error('the node asks for a login, which the development node never does');
  if (result![4] !== OPCODE.result) throw new Error('the node refused the query');
  const known = rowCount(result!);
  if (known < peers) throw new Error(`the node knows ${known} of ${peers} other nodes`);
}

function request(opcode: number, body: Buffer): Request {
  const header = Buffer.alloc(HEADER_BYTES);
  header[0] = 4; // protocol version, request
  header[4] = opcode;
  header.writeUInt32BE(body.length, 5);
  return {
    bytes: Buffer.concat([header, body]),
    answerLength: (start) => (start.length < HEADER_BYTES ? undefined : HEADER_BYTES + start.readUInt32BE(5)),
  };
}

/** kind, flags, columns, rows: without metadata nothing stands between them (a first page has no paging state here). */
function rowCount(result: Buffer): number {
  return result.readInt32BE(HEADER_BYTES + 12);
}

function short(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

function string(text: string): Buffer {
  return Buffer.concat([short(text.length), Buffer.from(text)]);
}

function longString(text: string): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(text.length);
  return Buffer.concat([length, Buffer.from(text)]);
}
