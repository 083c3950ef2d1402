/** The payload of a message that is text. */
import { PipelineError } from '@tapline/core/errors';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** @throws PipelineError WIRE_FORMAT when the bytes are no UTF-8 */
export function messageText(payload: Uint8Array): string {
  try {
    return utf8.decode(payload);
  } catch (cause) {
    throw new PipelineError('WIRE_FORMAT', 'the message is no text: it is no UTF-8', { cause });
  }
}
