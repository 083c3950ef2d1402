/** Names windows and sensors to the score function, on the windows topic. */
import type { Publisher, WindowKey } from '@tapline/core/ports';
import { encodeWindowMessage } from '@tapline/core/window/window-message';
import type { WindowMessage } from '@tapline/core/window/window-message';
import { forEachBounded } from './bounded.ts';

/** Messages that wait for the service's word at the same time; the client sends them together. */
const AT_ONCE = 256;

/** Resolves when all of them are published. */
export function publishWindows(keys: readonly WindowKey[], topic: Publisher): Promise<void> {
  return forEachBounded(keys, AT_ONCE, (key) => publish({ kind: 'window', key }, key.sensor, topic));
}

/** Lets score confirm the sensor's alerts that cannot change any more. */
export function publishConfirm(sensor: string, topic: Publisher): Promise<void> {
  return publish({ kind: 'confirm', sensor }, sensor, topic);
}

function publish(message: WindowMessage, sensor: string, topic: Publisher): Promise<void> {
  return topic.publish(new TextEncoder().encode(encodeWindowMessage(message)), { sensor });
}
