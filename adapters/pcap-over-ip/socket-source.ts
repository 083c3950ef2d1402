/** PCAP over IP: the bytes that a peer sends, a capture without any framing, until it closes the connection. */
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { addAbortSignal } from 'node:stream';
import { PipelineError } from '@tapline/core/errors';
import type { CaptureSource } from '@tapline/core/pcap/capture-source';

/** A peer that is gone without a word is found out after about this long without a packet of it. */
const KEEP_ALIVE_MS = 30_000;

/**
 * Connects to a sender.
 * @throws PipelineError SOURCE in one line when nobody is there; the reason of `signal` when that is aborted
 */
export async function connectToSender(host: string, port: number, signal?: AbortSignal): Promise<SocketSource> {
  const name = `tcp://${hostPort(host, port)}`;
  const socket = connect({ host, port });
  const source = new SocketSource(name, socket, signal);
  try {
    await once(socket, 'connect');
    return source;
  } catch (cause) {
    signal?.throwIfAborted();
    throw new PipelineError('SOURCE', `cannot read ${name}: ${reason(cause, host, port)}`, { cause, retriable: true });
  }
}

export class SocketSource implements CaptureSource {
  readonly name: string;
  readonly sizeBytes = undefined;
  bytesRead = 0;
  readonly #socket: Socket;
  readonly #signal: AbortSignal | undefined;

  /** @param socket is closed when reading ends, and the sender is held back while nobody reads */
  constructor(name: string, socket: Socket, signal: AbortSignal | undefined) {
    this.name = name;
    this.#socket = socket.setKeepAlive(true, KEEP_ALIVE_MS);
    this.#signal = signal;
    // Before somebody reads; from then on the iteration throws it.
    socket.on('error', () => undefined);
    if (signal !== undefined) addAbortSignal(signal, socket);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of this.#socket as AsyncIterable<Uint8Array>) {
        this.bytesRead += chunk.length;
        yield chunk;
      }
    } catch (cause) {
      this.#signal?.throwIfAborted();
      const what = cause instanceof Error ? cause.message : String(cause);
      throw new PipelineError('SOURCE', `the connection broke at byte ${this.bytesRead} (${what})`, { cause });
    }
  }
}

/** `host:port`, with the brackets that IPv6 needs. */
export function hostPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function reason(cause: unknown, host: string, port: number): string {
  // Both addresses of a name may be refused: then the errors come together.
  const error: unknown = cause instanceof AggregateError ? cause.errors[0] : cause;
  if (!(error instanceof Error)) return String(error);
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ECONNREFUSED') return `nobody answers at ${hostPort(host, port)}`;
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `no host of the name ${host} is known`;
  return error.message;
}
