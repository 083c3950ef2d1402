/** Which sensor a request is about, and what there is of it. */
import type { SensorSummary, TimeRange } from '@tapline/core/ports';
import { NotFound, type ReportPorts } from '../report.ts';
import { range, sensorName } from './query.ts';

/** A sensor's last time may be the start of its last window; no window is longer than this. */
const LONGEST_WINDOW_US = 3_600_000_000;

export interface ChosenSensor {
  readonly sensors: readonly SensorSummary[];
  /** The one asked for, else the one with the newest packets; undefined while there is none. */
  readonly chosen: SensorSummary | undefined;
}

/** Throws NotFound when the request names a sensor that is not there. */
export async function chooseSensor(ports: ReportPorts, query: URLSearchParams): Promise<ChosenSensor> {
  const name = sensorName(query);
  const sensors = await ports.results.sensors();
  if (name === undefined) {
    const newest = sensors.toSorted((a, b) => b.lastUs - a.lastUs || (a.sensor < b.sensor ? -1 : 1));
    return { sensors, chosen: newest[0] };
  }
  const chosen = sensors.find(({ sensor }) => sensor === name);
  if (chosen === undefined) throw new NotFound('no such sensor');
  return { sensors, chosen };
}

/** The sensor and range a request is about; without from and to, everything there is of the sensor. */
export async function chooseRange(
  ports: ReportPorts,
  query: URLSearchParams,
): Promise<{ readonly sensor: string; readonly within: TimeRange }> {
  const asked = range(query);
  const { chosen } = await chooseSensor(ports, query);
  if (chosen === undefined) throw new NotFound('no sensor has sent anything yet');
  return {
    sensor: chosen.sensor,
    within: asked ?? { fromUs: chosen.firstUs, toUs: chosen.lastUs + LONGEST_WINDOW_US },
  };
}
