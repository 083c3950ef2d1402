/** What an agent reads: a stored capture or a pipe by its path, or an interface that is captured now. */
import { openCapture, type CaptureSource } from '@tapline/adapters/file/source';
import type { InterfaceCapture } from '@tapline/adapters/interface/capture';
import type { KernelDrop } from '@tapline/adapters/interface/drops';
import { openInterface } from '@tapline/adapters/interface/source';

/** Path of a capture, `-`, or what to capture from an interface. */
export type SourceChoice = string | InterfaceCapture;

export interface OpenSource {
  readonly source: CaptureSource;
  /** As runAgent has it. */
  readonly drops?: () => readonly KernelDrop[];
  /** What interrupts the agent. */
  readonly interrupt: AbortSignal;
}

/**
 * Opens it for one pass; an interface is being captured from then on.
 * @param interrupt ends the reading early
 * @param warn takes one line at a time for whoever watches
 * @throws PipelineError USAGE when there is nothing to read or to capture
 */
export async function openSource(
  choice: SourceChoice,
  interrupt: AbortSignal,
  warn: (line: string) => void,
): Promise<OpenSource> {
  if (typeof choice === 'string') return { source: openCapture(choice, { signal: interrupt }), interrupt };
  const source = await openInterface(choice, interrupt, warn);
  // It ends by itself, and what it hands on until then was captured: the agent is to read all of it.
  return { source, drops: () => source.takeDrops(), interrupt: new AbortController().signal };
}

/** How people call it: the path, or the name of the interface. */
export function sourceName(choice: SourceChoice): string {
  return typeof choice === 'string' ? choice : choice.interface;
}
