/** What every function starts with, whatever it does: its settings, checked before the first request, and its log. */
import { PipelineError } from '@tapline/core/errors';
import { internalNetworks, type IsInternal } from '@tapline/core/history/host-place';
import type { Clock } from '@tapline/core/ports';
import { numberSetting, readSettings, SETTINGS, type Settings } from '@tapline/core/settings/settings';
import { createLog, severityOf, type Log } from './log.ts';
import { createSensorCheck, type SensorCheck } from './sensor-check.ts';

export interface Instance {
  readonly settings: Settings;
  readonly log: Log;
  /** For arrival times only. */
  readonly clock: Clock;
  readonly checkSensor: SensorCheck;
  readonly windowUs: number;
  readonly timeoutUs: number;
  readonly allowedLatenessUs: number;
  readonly blindAfterUs: number;
  readonly falseAlarmsPerDay: number;
  readonly isInternal: IsInternal;
}

/**
 * @param name of the function, as it appears in the log
 * @throws PipelineError USAGE naming a setting that is wrong: a deployment that cannot work is to fail when it starts
 */
export function startInstance(name: string, environment = process.env): Instance {
  const settings = readSettings(environment);
  const least = severityOf(settings.log);
  if (least === undefined) {
    throw new PipelineError('USAGE', `${SETTINGS.log.name} is ${settings.log}: use debug, info, warning or error`);
  }
  const windowUs = numberSetting(settings, 'window', 1) * 1e6;
  if (windowUs % 1e6 !== 0) throw new PipelineError('USAGE', `${SETTINGS.window.name}: use whole seconds`);
  return {
    settings,
    log: createLog({ labels: { function: name }, project: settings.project, least }),
    clock: { nowUs: () => Date.now() * 1000 },
    checkSensor: createSensorCheck(settings.sensors),
    windowUs,
    timeoutUs: numberSetting(settings, 'timeout') * 1e6,
    allowedLatenessUs: numberSetting(settings, 'lateness') * 1e6,
    blindAfterUs: numberSetting(settings, 'blindAfter', 1) * 1e6,
    falseAlarmsPerDay: numberSetting(settings, 'falseAlarms'),
    isInternal: internalNetworks(settings.internalNetworks),
  };
}
