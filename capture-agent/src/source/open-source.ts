/**
 * Opens what a SOURCE on the command line names, by its kind. What speaks over a network is loaded by those who ask for it:
 * the run of a file is not to have its memory.
 */
import { openDirectory } from '@tapline/adapters/file/directory';
import { followDirectory } from '@tapline/adapters/file/followed-directory';
import { decompressed } from '@tapline/adapters/file/plain-bytes';
import { openCapture } from '@tapline/adapters/file/source';
import type { HttpTarget } from '@tapline/adapters/http/request';
import { PipelineError } from '@tapline/core/errors';
import type { CapturePiece, CaptureSource } from '@tapline/core/pcap/capture-source';
import { checkFollowed, type SourceAddress, sourceAddress, sourceName } from './source-address.ts';

export interface OpenOptions {
  /** Aborting it ends the iteration with the signal's reason. */
  readonly signal?: AbortSignal;
  /** A directory: go on with what is written into it, until the signal. */
  readonly follow?: boolean;
  /** Told what the user is to know and what ends nothing. */
  readonly warn: (line: string) => void;
}

/**
 * Opens a source for one pass; what is on the network is connected then.
 * @throws PipelineError USAGE or SOURCE, one clear line, when there is nothing to read
 */
export async function openSource(text: string, options: OpenOptions): Promise<CaptureSource<CapturePiece>> {
  try {
    return await open(text, options);
  } catch (cause) {
    if (options.signal?.aborted !== true) throw cause;
    throw new PipelineError('SOURCE', `interrupted before ${sourceName(text)} was open`, { cause });
  }
}

async function open(text: string, options: OpenOptions): Promise<CaptureSource<CapturePiece>> {
  const address = sourceAddress(text);
  const { follow = false, signal, warn } = options;
  const reading = signal === undefined ? {} : { signal };
  if (follow) checkFollowed(text, address);
  switch (address.kind) {
    case 'file':
      return openCapture(address.path, reading);
    case 'directory':
      return follow
        ? followDirectory(address.path, { ...reading, warn })
        : openDirectory(address.path, { ...reading, warn });
    case 'http':
    case 'cloud-storage': {
      const { openHttp } = await import('@tapline/adapters/http/source');
      return decompressed(await openHttp(await webTarget(text, address), reading));
    }
    case 'tcp': {
      const { connectToSender } = await import('@tapline/adapters/pcap-over-ip/socket-source');
      return decompressed(await connectToSender(address.host, address.port, signal));
    }
    case 'listen': {
      const { FirstSender, Listener } = await import('@tapline/adapters/pcap-over-ip/listener');
      const listener = await Listener.open(address.host, address.port);
      warn(`listening on ${listener.address}`);
      return decompressed(new FirstSender(listener, signal));
    }
  }
}

/** What is asked for on the web. Throws PipelineError USAGE when `address` is no object. */
export async function webTarget(
  text: string,
  address: Extract<SourceAddress, { kind: 'http' | 'cloud-storage' }>,
): Promise<HttpTarget> {
  const name = sourceName(text);
  if (address.kind === 'http') return { url: address.url, name };
  const { storageObject } = await import('@tapline/adapters/cloud-storage/object');
  return { name, ...storageObject(address.object, process.env['STORAGE_EMULATOR_HOST']) };
}
