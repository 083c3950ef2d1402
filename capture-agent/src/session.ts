/** What a session is called when nobody says. */
import { randomBytes } from 'node:crypto';
import { directoryIdentity } from '@tapline/adapters/file/directory';
import { captureIdentity, identityOf, SAMPLE_BYTES } from '@tapline/adapters/file/identity';
import { sha256 } from '@tapline/adapters/hash/sha256';
import type { BatcherOptions } from './batcher.ts';
import { webTarget } from './source/open-source.ts';
import { sourceAddress } from './source/source-address.ts';

/** What decides, beside the capture, which batches are made of it. */
export type ReplayedWith = Pick<BatcherOptions, 'windowUs' | 'duplicatesWithinUs'> & {
  readonly reorderWithinUs?: number;
};

/**
 * The session of a replay: what the capture is and what it is run with, so that the same run has the same name and
 * replaces itself, wherever the same bytes came from. Fresh where that cannot be known before they were read: pipes,
 * sockets, and servers that do not send parts of a file.
 * @throws PipelineError USAGE or SOURCE when `source` cannot be read
 */
export async function replaySession(source: string, replayed: ReplayedWith): Promise<string> {
  const { windowUs, duplicatesWithinUs, reorderWithinUs } = replayed;
  const ordered = reorderWithinUs === undefined ? '' : ` ordered=${reorderWithinUs}`;
  const without = duplicatesWithinUs === undefined ? '' : ` without=${duplicatesWithinUs}`;
  const identity = await identityOfSource(source);
  return identity === undefined
    ? freshSession()
    : sha256(`${identity} window=${windowUs}${without}${ordered}`).slice(0, 16);
}

/** A session, and whether somebody chose its name. */
export interface SessionName {
  readonly session: string;
  readonly isChosen: boolean;
}

/** Room for the number behind a chosen name (see parseName). */
const CHOSEN_LETTERS = 56;

/**
 * The session that follows as the `number`th (from 2) in a run that has several: always the same for the same first one.
 * @param kind what makes it another session
 */
export function followingSession({ session, isChosen }: SessionName, kind: string, number: number): string {
  if (isChosen) return `${session.slice(0, CHOSEN_LETTERS)}-${number}`;
  return sha256(`${session} ${kind}=${number}`).slice(0, 16);
}

/** A name that no other session has, for what cannot be replayed. */
export function freshSession(): string {
  return randomBytes(8).toString('hex');
}

/** What a source is by its content; undefined where that cannot be known before it was read. Throws as replaySession. */
export async function identityOfSource(source: string): Promise<string | undefined> {
  const address = sourceAddress(source);
  switch (address.kind) {
    case 'file':
      return captureIdentity(address.path);
    case 'directory':
      return directoryIdentity(address.path);
    case 'http':
    case 'cloud-storage': {
      const { sampleHttp } = await import('@tapline/adapters/http/sample');
      const sample = await sampleHttp(await webTarget(source, address), SAMPLE_BYTES);
      return sample === undefined ? undefined : identityOf(sample.sizeBytes, sample.first, sample.last);
    }
    case 'tcp':
    case 'listen':
      return undefined;
  }
}
