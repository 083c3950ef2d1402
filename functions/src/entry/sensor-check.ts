/** Who may send: names become parts of keys, and a deployment may know its sensors by name. */
import { PipelineError } from '@tapline/core/errors';
import { checkName } from '@tapline/core/wire/header-codec';

/** @throws PipelineError USAGE when the sensor is not one of ours, or a name is none */
export type SensorCheck = (sensor: string, session?: string) => void;

/** @param list names of the sensors, comma-separated; undefined: every sensor */
export function createSensorCheck(list: string | undefined): SensorCheck {
  const known = list === undefined ? undefined : new Set(list.split(',').map((name) => name.trim()));
  return (sensor, session) => {
    checkName('sensor', sensor);
    if (session !== undefined) checkName('session', session);
    if (known?.has(sensor) === false) {
      throw new PipelineError('USAGE', `a message of sensor ${sensor}, which TAPLINE_SENSORS does not name`);
    }
  };
}
