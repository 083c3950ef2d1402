/** What a SOURCE on the command line names: a place in the file system, or an address with a scheme. */
import { statSync } from 'node:fs';
import { inspect } from '@tapline/adapters/file/source';
import { PipelineError } from '@tapline/core/errors';

export type SourceAddress =
  /** A file, a named pipe, or `-`. */
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'directory'; readonly path: string }
  | { readonly kind: 'http'; readonly url: URL }
  | { readonly kind: 'cloud-storage'; readonly object: string }
  /** PCAP over IP: we connect, or wait to be connected to. */
  | { readonly kind: 'tcp' | 'listen'; readonly host: string; readonly port: number };

const SOCKET = /^(?:tcp|listen):\/\/(?:(\[[0-9a-f:.]+(?:%\w+)?\]|[^:/[\]]*):)?(\d{1,5})\/?$/i;
const LISTEN_HOST = '127.0.0.1';

/** Throws PipelineError USAGE when there is nothing there, or the address is none. Connects to nothing. */
export function sourceAddress(text: string): SourceAddress {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase();
  switch (scheme) {
    case undefined:
      if (text !== '-' && statSync(text, { throwIfNoEntry: false })?.isDirectory() === true) {
        return { kind: 'directory', path: text };
      }
      inspect(text);
      return { kind: 'file', path: text };
    case 'http':
    case 'https': {
      const url = URL.parse(text);
      if (url === null) throw new PipelineError('USAGE', `${sourceName(text)} is no web address`);
      return { kind: 'http', url };
    }
    case 'gs':
      return { kind: 'cloud-storage', object: text };
    case 'tcp':
    case 'listen':
      return socketAddress(scheme, text);
    default:
      throw new PipelineError(
        'USAGE',
        `there is no source of the kind ${scheme}:// (only http, https, gs, tcp and listen)`,
      );
  }
}

/** Throws PipelineError USAGE unless it is something that can be followed. */
export function checkFollowed(text: string, { kind }: Pick<SourceAddress, 'kind'> = sourceAddress(text)): void {
  if (kind === 'directory') return;
  throw new PipelineError('USAGE', `--follow is for a directory, which ${sourceName(text)} is not`);
}

/** How a source is called where others read it: user, password and query of a web address may be secrets. */
export function sourceName(text: string): string {
  return text.replace(/^(https?:\/\/)(?:[^/?#]*@)?([^?#]*).*$/is, '$1$2');
}

function socketAddress(kind: 'tcp' | 'listen', text: string): SourceAddress {
  const [, given, digits] = SOCKET.exec(text) ?? [];
  const host = given?.replace(/^\[|\]$/g, '') ?? '';
  const port = Number(digits);
  const lowest = kind === 'tcp' ? 1 : 0;
  if (digits === undefined || port < lowest || port > 65_535 || (kind === 'tcp' && host === '')) {
    const use = kind === 'tcp' ? 'tcp://HOST:PORT' : 'listen://HOST:PORT or listen://PORT';
    throw new PipelineError('USAGE', `${text} is no address of a socket: use ${use}`);
  }
  return { kind, host: host === '' ? LISTEN_HOST : host, port };
}
