/** Which Pub/Sub the commands talk to. */
import { readSettings, SETTINGS, type Settings } from '@tapline/core/settings/settings';
import { DEFAULT_PORTS } from '../services/ports.ts';

/**
 * The settings; where the environment names neither a project nor an emulator, the emulator of "tapline services up":
 * nobody can have meant the cloud then.
 */
export function pubsubSettings(environment: Readonly<Record<string, string | undefined>>): Settings {
  const named = [SETTINGS.project.name, SETTINGS.pubsubEmulator.name].some((name) => (environment[name] ?? '') !== '');
  const settings = readSettings(environment);
  return named ? settings : { ...settings, pubsubEmulator: `127.0.0.1:${DEFAULT_PORTS.pubsub}` };
}
