/** What score does with the messages of the windows topic. Several instances may do it for the same sensor at once. */
import { decodeWindowMessage } from '@tapline/core/window/window-message';
import { confirmFinal, scoreWindow, type ScoreDeps } from '../stages/score.ts';
import type { PushMessage } from './envelope.ts';
import type { Labels, Log } from './log.ts';
import { messageText } from './message-text.ts';
import type { SensorCheck } from './sensor-check.ts';

export interface WindowTopicDeps {
  readonly score: ScoreDeps;
  readonly checkSensor: SensorCheck;
  /** Hears of windows whose announced packets did not all come: an alarm of the deployment counts these lines. */
  readonly log?: Log;
}

/**
 * Resolves when everything is stored.
 * @throws PipelineError WIRE_* or USAGE when the message, or what is stored of its window, can never be taken, STORE
 */
export async function onWindow({ payload }: Pick<PushMessage, 'payload'>, deps: WindowTopicDeps): Promise<Labels> {
  const message = decodeWindowMessage(messageText(payload));
  const sensor = message.kind === 'window' ? message.key.sensor : message.sensor;
  deps.checkSensor(sensor);
  const scored = message.kind === 'window' ? await scoreWindow(message.key, deps.score) : undefined;
  const unexplained = scored === undefined ? 0 : scored.kpi.announced.packets - scored.kpi.arrived.packets;
  if (unexplained > 0) {
    deps.log?.('WARNING', 'a window lacks packets that were announced', {
      sensor,
      unexplainedPackets: String(unexplained),
    });
  }
  // Also after a window: its alerts may have been written when the last heartbeat's confirmation had passed already.
  await confirmFinal(sensor, deps.score);
  return { sensor };
}
