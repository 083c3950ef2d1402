/** Asks the Pub/Sub emulator for its topics (REST) and the Bigtable emulator for its tables (gRPC over HTTP/2). */
import { connect, constants } from 'node:http2';

/** Rejects unless the emulator lists topics of a project that need not exist. */
export async function probePubsub(host: string, port: number, timeoutMs: number): Promise<void> {
  const url = `http://${host}:${port}/v1/projects/tapline-probe/topics`;
  const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
  if (!response.ok) throw new Error(`the emulator answered ${response.status}`);
  const body = (await response.json()) as unknown;
  if (typeof body !== 'object') throw new Error('the emulator did not answer with a list of topics');
}

const LIST_TABLES = '/google.bigtable.admin.v2.BigtableTableAdmin/ListTables';
/** ListTablesRequest: field 1, `parent`. */
const PARENT = 'projects/tapline-probe/instances/tapline-probe';

/** Rejects unless the emulator lists tables with gRPC status 0. */
export function probeBigtable(host: string, port: number, timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const session = connect(`http://${host}:${port}`);
    const finish = (error?: Error): void => {
      clearTimeout(timer);
      session.destroy();
      if (error === undefined) resolve();
      else reject(error);
    };
    const timer = setTimeout(() => {
      finish(new Error(`no answer from ${host}:${port} within ${timeoutMs} ms`));
    }, timeoutMs);
    session.on('error', finish);
    const stream = session.request({
      [constants.HTTP2_HEADER_METHOD]: 'POST',
      [constants.HTTP2_HEADER_PATH]: LIST_TABLES,
      [constants.HTTP2_HEADER_CONTENT_TYPE]: 'application/grpc',
      te: 'trailers',
    });
    let status: unknown;
    const note = (headers: Record<string, unknown>): void => {
      status = headers['grpc-status'] ?? status;
    };
    stream.on('error', finish);
    stream.on('response', note);
    stream.on('trailers', note);
    stream.on('end', () => {
      finish(status === '0' ? undefined : new Error(`the emulator answered with gRPC status ${String(status)}`));
    });
    stream.resume();
    stream.end(listTablesFrame());
  });
}

/** gRPC frame: not compressed, length, message; the message is one length-delimited field. */
function listTablesFrame(): Buffer {
  const message = Buffer.concat([Buffer.from([0x0a, PARENT.length]), Buffer.from(PARENT)]);
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}
