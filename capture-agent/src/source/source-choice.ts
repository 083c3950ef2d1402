/** What an agent reads: what a SOURCE on the command line names, or an interface that is captured now. */
import type { InterfaceCapture } from '@tapline/adapters/interface/capture';
import type { KernelDrop } from '@tapline/adapters/interface/drops';
import { openInterface } from '@tapline/adapters/interface/source';
import { OwnSockets } from '@tapline/adapters/own-sockets/own-sockets';
import { resolvePeers } from '@tapline/adapters/own-sockets/peers';
import { PipelineError } from '@tapline/core/errors';
import type { CapturePiece, CaptureSource } from '@tapline/core/pcap/capture-source';
import type { OwnPackets } from '../batcher.ts';
import { openSource, type OpenOptions } from './open-source.ts';
import { checkFollowed, sourceName } from './source-address.ts';

export type SourceChoice = string | InterfaceCapture;

export interface OpenChoice {
  readonly source: CaptureSource<CapturePiece>;
  /** As runAgent has it. */
  readonly drops?: () => readonly KernelDrop[];
  /** As BatcherOptions has it. */
  readonly own?: OwnPackets;
  /** What interrupts the agent. */
  readonly interrupt: AbortSignal;
}

/**
 * Opens it for one pass; an interface is being captured from then on.
 * @param options `signal` ends the reading early; `peers`, host:port each, are where our own traffic goes
 * @throws PipelineError USAGE or SOURCE when there is nothing to read or to capture
 */
export async function openChoice(
  choice: SourceChoice,
  options: OpenOptions & { readonly signal: AbortSignal; readonly peers?: readonly string[] },
): Promise<OpenChoice> {
  const { signal, peers = [], warn } = options;
  if (typeof choice === 'string') return { source: await openSource(choice, options), interrupt: signal };
  const own = choice.includeSelf ? undefined : await openOwnSockets(peers, warn);
  const source = await openInterface(choice, signal, warn);
  // It ends by itself, and what it hands on until then was captured: the agent is to read all of it.
  const interrupt = new AbortController().signal;
  return { source, drops: () => source.takeDrops(), ...(own && { own }), interrupt };
}

async function openOwnSockets(peers: readonly string[], warn: (line: string) => void): Promise<OwnSockets> {
  const sshConnection = process.env['SSH_CONNECTION'];
  return new OwnSockets({ peers: await resolvePeers(peers), ...(sshConnection && { sshConnection }), warn });
}

/** Throws PipelineError USAGE unless it is something that can be followed. */
export function checkFollowable(choice: SourceChoice): void {
  if (typeof choice === 'string') checkFollowed(choice);
  else
    throw new PipelineError('USAGE', `--follow is for a directory, and --interface is live by itself: leave one away`);
}

/** How people call it: the path or address, without secrets, or the name of the interface. */
export function choiceName(choice: SourceChoice): string {
  return typeof choice === 'string' ? sourceName(choice) : choice.interface;
}
