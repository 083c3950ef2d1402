/** Whether somebody listens at an address, before a client library that tries for long is asked. */
import { connect } from 'node:net';

const CONNECT_MS = 2_000;

/** Why no connection could be made, in a word or two; undefined when one was. */
export function unreachable(address: string): Promise<string | undefined> {
  const { host, port } = splitAddress(address);
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (problem?: string): void => {
      socket.destroy();
      resolve(problem);
    };
    socket.setTimeout(CONNECT_MS, () => {
      end('no connection within 2 s');
    });
    socket.on('connect', () => {
      end();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      end(WORDS[error.code ?? ''] ?? error.message);
    });
  });
}

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ENOTFOUND: 'no such host',
  EHOSTUNREACH: 'host unreachable',
  ENETUNREACH: 'network unreachable',
};

/** `host:port`; the host may be an IPv6 address in brackets. */
export function splitAddress(address: string): { host: string; port: number } {
  const at = address.lastIndexOf(':');
  return { host: address.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(address.slice(at + 1)) };
}
