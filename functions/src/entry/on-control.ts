/**
 * What window does with the messages of the heartbeats topic, and with the timer's call: it stores what sensors and
 * bridge say, and names the windows that are to be scored. The timer is for what no message brings: windows that have
 * waited long enough, sensors that are silent, and alerts that became final because one is.
 */
import { decodeControlMessage } from '@tapline/core/ledger/control-message';
import type { Heartbeat } from '@tapline/core/ledger/heartbeat';
import type { HopEntry, LedgerStore, Publisher, WindowState } from '@tapline/core/ports';
import { watchSensor, type SensorHealthDeps } from '../stages/sensor-health.ts';
import { dueWindows, onHeartbeat, type WindowDeps } from '../stages/window.ts';
import { forEachBounded } from './bounded.ts';
import type { PushMessage } from './envelope.ts';
import type { Labels } from './log.ts';
import { messageText } from './message-text.ts';
import type { NamedWindows } from './named-windows.ts';
import type { SensorCheck } from './sensor-check.ts';
import { publishConfirm, publishWindows } from './window-topic.ts';

export interface ControlDeps extends WindowDeps {
  readonly results: SensorHealthDeps['results'];
  readonly blindAfterUs: number;
  readonly ledger: WindowDeps['ledger'] & Pick<LedgerStore, 'accept' | 'sessions'>;
  readonly windowTopic: Publisher;
  readonly named: NamedWindows;
  readonly checkSensor: SensorCheck;
}

const ENTRIES_AT_ONCE = 32;
/** A sensor that makes the stores wait takes one of these places and leaves the rest to the others. */
const SENSORS_AT_ONCE = 8;

/**
 * Resolves when everything is stored and published.
 * @throws PipelineError WIRE_* or USAGE when the message can never be taken, STORE
 */
export async function onControl({ payload }: Pick<PushMessage, 'payload'>, deps: ControlDeps): Promise<Labels> {
  const message = decodeControlMessage(messageText(payload));
  return message.kind === 'heartbeat' ? takeHeartbeat(message.heartbeat, deps) : takeReceipt(message.entries, deps);
}

async function takeHeartbeat(heartbeat: Heartbeat, deps: ControlDeps): Promise<Labels> {
  const { sensor, session, final } = heartbeat;
  deps.checkSensor(sensor, session);
  await nameWindows(await onHeartbeat(heartbeat, deps), deps);
  // Scoring a window confirms what became final before it. After the last heartbeat there may be no window to score.
  if (final) await publishConfirm(sensor, deps.windowTopic);
  return { sensor };
}

async function nameWindows(due: readonly WindowState[], { named, windowTopic }: ControlDeps): Promise<void> {
  const news = named.news(due);
  await publishWindows(news, windowTopic);
  named.add(news);
}

async function takeReceipt(entries: readonly HopEntry[], deps: ControlDeps): Promise<Labels> {
  for (const { sensor, session } of entries) deps.checkSensor(sensor, session);
  await forEachBounded(entries, ENTRIES_AT_ONCE, (entry) => deps.ledger.accept(entry));
  return { sensor: entries[0]?.sensor };
}

/** To be called by a timer, every minute or more often: asks after every sensor that ever sent something. */
export async function onSweep(deps: ControlDeps): Promise<void> {
  const sensors = [...new Set((await deps.ledger.sessions()).map(({ sensor }) => sensor))];
  await forEachBounded(sensors, SENSORS_AT_ONCE, async (sensor) => {
    await watchSensor(sensor, deps);
    await nameWindows(await dueWindows(sensor, deps), deps);
    await publishConfirm(sensor, deps.windowTopic);
  });
}
