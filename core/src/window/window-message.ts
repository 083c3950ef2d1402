/** The message that names a window to be scored: small JSON, harmless to repeat. */
import { PipelineError } from '../errors.ts';
import type { WindowKey } from '../ports.ts';

const VERSION = 1;

/** The message as JSON, to be sent as UTF-8. */
export function encodeWindowMessage({ sensor, windowStartUs }: WindowKey): string {
  return JSON.stringify({ tapline: VERSION, kind: 'window', sensor, windowStartUs });
}

/** @throws PipelineError WIRE_FORMAT when it is no such message, WIRE_VERSION when it is of another version */
export function decodeWindowMessage(json: string): WindowKey {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw new PipelineError('WIRE_FORMAT', 'not the name of a window: it is no JSON', { cause });
  }
  const { tapline, kind, sensor, windowStartUs } = (value ?? {}) as Record<string, unknown>;
  if (kind !== 'window') throw new PipelineError('WIRE_FORMAT', 'not the name of a window');
  if (tapline !== VERSION) {
    throw new PipelineError(
      'WIRE_VERSION',
      `a window name of version ${JSON.stringify(tapline)}, this build reads ${VERSION}`,
    );
  }
  if (typeof sensor !== 'string' || sensor === '' || !Number.isSafeInteger(windowStartUs)) {
    throw new PipelineError('WIRE_FORMAT', 'not the name of a window: sensor or start is missing');
  }
  return { sensor, windowStartUs: windowStartUs as number };
}
