/** PCAP over IP the other way round: waits for senders, who connect as `tcpdump -U -w - | nc HOST PORT` does. */
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { PipelineError } from '@tapline/core/errors';
import type { CaptureSource } from '@tapline/core/pcap/capture-source';
import { hostPort, SocketSource } from './socket-source.ts';

/** Senders that wait their turn, unread and held back; more are turned away. */
const WAITING_MOST = 16;

export class Listener {
  /** `host:port` that is listened on. */
  readonly address: string;
  readonly #server: Server;
  readonly #waiting: Socket[] = [];
  #wake: (() => void) | undefined;
  readonly #wakeUp = (): void => this.#wake?.();

  /** @throws PipelineError SOURCE when the port is taken or may not be used */
  static async open(host: string, port: number): Promise<Listener> {
    const server = createServer({ pauseOnConnect: true });
    server.listen(port, host);
    try {
      await once(server, 'listening');
    } catch (cause) {
      const { code, message } = cause as NodeJS.ErrnoException;
      const reasons: Record<string, string> = {
        EADDRINUSE: 'another program listens there',
        EADDRNOTAVAIL: 'this machine has no such address',
        EACCES: 'no permission to use that port',
      };
      const reason = reasons[code ?? ''] ?? message;
      throw new PipelineError('SOURCE', `cannot listen on ${hostPort(host, port)}: ${reason}`, { cause });
    }
    return new Listener(server);
  }

  private constructor(server: Server) {
    const { address, port } = server.address() as AddressInfo;
    this.address = hostPort(address, port);
    this.#server = server;
    server.on('connection', (socket) => {
      // What becomes of a connection shows when its turn to be read comes.
      socket.on('error', () => undefined);
      if (this.#waiting.length >= WAITING_MOST) socket.destroy();
      else this.#waiting.push(socket);
      this.#wakeUp();
    });
  }

  /** The next sender, in the order in which they came. Rejects with the reason of `signal` when that is aborted. */
  async next(signal?: AbortSignal): Promise<SocketSource> {
    for (;;) {
      signal?.throwIfAborted();
      const socket = this.#waiting.shift();
      if (socket !== undefined) {
        const peer = hostPort(socket.remoteAddress ?? 'unknown', socket.remotePort ?? 0);
        return new SocketSource(`tcp://${peer}`, socket, signal);
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        signal?.addEventListener('abort', this.#wakeUp, { once: true });
      });
    }
  }

  /** Takes no more senders, and turns away those that wait. */
  close(): void {
    this.#server.close();
    for (const socket of this.#waiting.splice(0)) socket.destroy();
  }
}

/** The stream of the first sender that comes; nobody else is let in. */
export class FirstSender implements CaptureSource {
  readonly name: string;
  readonly sizeBytes = undefined;
  readonly #listener: Listener;
  readonly #signal: AbortSignal | undefined;
  #sender: SocketSource | undefined;

  constructor(listener: Listener, signal: AbortSignal | undefined) {
    this.name = `listen://${listener.address}`;
    this.#listener = listener;
    this.#signal = signal;
  }

  get bytesRead(): number {
    return this.#sender?.bytesRead ?? 0;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      this.#sender = await this.#listener.next(this.#signal);
    } finally {
      this.#listener.close();
    }
    yield* this.#sender;
  }
}
