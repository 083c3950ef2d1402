/** What an agent reads: what a SOURCE on the command line names, or an interface that is captured now. */
import type { InterfaceCapture } from '@tapline/adapters/interface/capture';
import type { KernelDrop } from '@tapline/adapters/interface/drops';
import { openInterface } from '@tapline/adapters/interface/source';
import { PipelineError } from '@tapline/core/errors';
import type { CapturePiece, CaptureSource } from '@tapline/core/pcap/capture-source';
import { openSource, type OpenOptions } from './open-source.ts';
import { checkFollowed, sourceName } from './source-address.ts';

export type SourceChoice = string | InterfaceCapture;

export interface OpenChoice {
  readonly source: CaptureSource<CapturePiece>;
  /** As runAgent has it. */
  readonly drops?: () => readonly KernelDrop[];
  /** What interrupts the agent. */
  readonly interrupt: AbortSignal;
}

/**
 * Opens it for one pass; an interface is being captured from then on.
 * @param options `signal` ends the reading early
 * @throws PipelineError USAGE or SOURCE when there is nothing to read or to capture
 */
export async function openChoice(
  choice: SourceChoice,
  options: OpenOptions & { readonly signal: AbortSignal },
): Promise<OpenChoice> {
  const { signal, warn } = options;
  if (typeof choice === 'string') return { source: await openSource(choice, options), interrupt: signal };
  const source = await openInterface(choice, signal, warn);
  // It ends by itself, and what it hands on until then was captured: the agent is to read all of it.
  return { source, drops: () => source.takeDrops(), interrupt: new AbortController().signal };
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
