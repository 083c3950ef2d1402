/**
 * The messages on the windows topic: a window to be scored, or a sensor whose alerts may have become final. Small JSON,
 * harmless to repeat.
 */
import { PipelineError } from '../errors.ts';
import type { WindowKey } from '../ports.ts';

const VERSION = 1;

export type WindowMessage =
  { readonly kind: 'window'; readonly key: WindowKey } | { readonly kind: 'confirm'; readonly sensor: string };

/** The message as JSON, to be sent as UTF-8. */
export function encodeWindowMessage(message: WindowMessage): string {
  const { kind } = message;
  const { sensor, windowStartUs } = kind === 'window' ? message.key : { ...message, windowStartUs: undefined };
  return JSON.stringify({ tapline: VERSION, kind, sensor, windowStartUs });
}

/** @throws PipelineError WIRE_FORMAT when it is no such message, WIRE_VERSION when it is of another version */
export function decodeWindowMessage(json: string): WindowMessage {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw new PipelineError('WIRE_FORMAT', 'not a message about a window: it is no JSON', { cause });
  }
  const { tapline, kind, sensor, windowStartUs } = (value ?? {}) as Record<string, unknown>;
  if (kind !== 'window' && kind !== 'confirm') throw new PipelineError('WIRE_FORMAT', 'not a message about a window');
  if (tapline !== VERSION) {
    throw new PipelineError(
      'WIRE_VERSION',
      `a message about a window of version ${JSON.stringify(tapline)}, this build reads ${VERSION}`,
    );
  }
  if (typeof sensor !== 'string' || sensor === '') {
    throw new PipelineError('WIRE_FORMAT', 'a message about a window that names no sensor');
  }
  if (kind === 'confirm') return { kind, sensor };
  if (!Number.isSafeInteger(windowStartUs)) {
    throw new PipelineError('WIRE_FORMAT', 'a message about a window that does not say which');
  }
  return { kind, key: { sensor, windowStartUs: windowStartUs as number } };
}
