/** A web server with one file, which misbehaves as a test tells it: cuts connections, knows no ranges, changes the file. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Behaviour {
  /** Byte after which each connection in turn is cut; none left: sent to the end. */
  readonly cutAt?: readonly number[];
  readonly ranges?: boolean;
  /** Headers that name the version of the file. */
  readonly version?: Readonly<Record<string, string>>;
  /** The file that later requests find instead, with its version. */
  readonly later?: { readonly bytes: Buffer; readonly version: Readonly<Record<string, string>> };
  /** Statuses of the first answers; then it answers properly. */
  readonly statuses?: readonly number[];
}

export interface Asked {
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
}

export class CaptureServer {
  readonly asked: Asked[] = [];
  /** Bytes of the file that were handed to sockets so far. */
  sentBytes = 0;
  readonly #server: Server;
  readonly #bytes: Buffer;
  readonly #behaviour: Behaviour;
  #requests = 0;

  private constructor(server: Server, bytes: Buffer, behaviour: Behaviour) {
    this.#server = server;
    this.#bytes = bytes;
    this.#behaviour = { ranges: true, version: { etag: '"one"' }, ...behaviour };
  }

  static async start(bytes: Buffer, behaviour: Behaviour = {}): Promise<CaptureServer> {
    const server = createServer((request, response) => void serving.#answer(request, response));
    const serving = new CaptureServer(server, bytes, behaviour);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return serving;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/captures/day.pcap`;
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.asked.push({ url: request.url!, headers: request.headers });
    const number = this.#requests++;
    const { statuses = [], cutAt = [], ranges, later, version } = this.#behaviour;
    const status = statuses[number] ?? 200;
    if (status !== 200) {
      response.writeHead(status).end();
      return;
    }
    const isLater = later !== undefined && number > 0;
    const bytes = isLater ? later.bytes : this.#bytes;
    const named = isLater ? later.version : version!;
    const asked = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
    const condition = String(request.headers['if-range'] ?? '');
    const partial = ranges === true && asked !== null && (condition === '' || Object.values(named).includes(condition));
    const from = partial ? Number(asked[1]) : 0;
    const to = partial && asked[2] !== '' ? Math.min(Number(asked[2]), bytes.length - 1) : bytes.length - 1;
    response.writeHead(partial ? 206 : 200, {
      ...named,
      'content-length': to + 1 - from,
      ...(partial ? { 'content-range': `bytes ${from}-${to}/${bytes.length}` } : {}),
    });
    const closed = once(response, 'close');
    const end = cutAt[number] ?? to + 1;
    for (let at = from; at < end && !response.destroyed; at += 65_536) {
      const chunk = bytes.subarray(at, Math.min(at + 65_536, end));
      this.sentBytes += chunk.length;
      await Promise.race([new Promise((resolve) => response.write(chunk, resolve)), closed]);
    }
    if (end <= to) response.write('', () => response.socket?.destroySoon());
    else response.end();
  }
}
