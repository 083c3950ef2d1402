/** What can be replayed more than once. */
import { inspect } from '@tapline/adapters/file/source';
import { PipelineError } from '@tapline/core/errors';
import { sourceAddress, sourceName } from '../source/source-address.ts';
import type { SourceChoice } from '../source/source-choice.ts';

/** Throws PipelineError USAGE unless `choice` ends by itself, and can be read again unless it is kept in memory. */
export function checkReplayed(choice: SourceChoice, flag: '--loop' | '--preload', isKept: boolean): void {
  if (typeof choice !== 'string') throw new PipelineError('USAGE', `${flag} is for captures, and --interface is live`);
  const address = sourceAddress(choice);
  const isStream =
    address.kind === 'tcp' ||
    address.kind === 'listen' ||
    (address.kind === 'file' && (address.path === '-' || !inspect(address.path).isFile()));
  if (isStream && !isKept) {
    throw new PipelineError('USAGE', `${sourceName(choice)} can be read once only: ${flag} needs --preload for it`);
  }
}
