/**
 * Which messages are poison: what is wrong with them is in themselves, so no retry can help. They are kept with the reason
 * on the dead-letters topic, where people look at them and send them again (`tapline dlq`), and then count as taken.
 * Everything else that fails is left to Pub/Sub, which delivers it again.
 */
import { PipelineError } from '@tapline/core/errors';
import type { ErrorCode } from '@tapline/core/errors';
import type { PushedKind } from '@tapline/core/settings/topics';
import type { Settings } from '@tapline/core/settings/settings';
import { lazily } from './lazily.ts';

export interface DeadLetter {
  /** Topic the message came from. */
  readonly kind: PushedKind;
  readonly payload: Uint8Array;
  readonly attributes: Readonly<Record<string, string>>;
}

export interface DeadLetters {
  /** Resolves when the letter is kept. @throws PipelineError STORE */
  put(letter: DeadLetter, problem: { readonly code: string; readonly reason: string }): Promise<void>;
}

const POISON: Record<ErrorCode, boolean> = {
  CAPTURE_FORMAT: true,
  CAPTURE_TRUNCATED: true,
  CAPTURE_CORRUPT: true,
  COMPRESSION: true,
  WIRE_FORMAT: true,
  WIRE_VERSION: true,
  WIRE_CORRUPT: true,
  USAGE: true,
  CAPTURE_LOST: false,
  STORE: false,
  SERVICE: false,
  SOURCE: false,
};

export function isPoison(error: unknown): error is PipelineError {
  return error instanceof PipelineError && !error.retriable && POISON[error.code];
}

/** The dead-letters topic; its client is loaded when the first message is given up, so that a good day never pays for it. */
export function deadLettersOf(settings: Settings): DeadLetters {
  const opened = lazily(async () => (await import('./open-topics.ts')).openDeadLetters(settings));
  return { put: async (letter, problem) => (await opened()).put(letter, problem) };
}
