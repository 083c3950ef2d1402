/** What a request about the shown time means: its sensor, the width of its windows, and the time in whole windows. */
import type { TimeRange } from '@tapline/core/ports';
import { NotFound, type ReportPorts } from '../report.ts';
import { wholeWindows, windowWidthUs } from './overview.ts';
import { range } from './query.ts';
import { chooseSensor } from './sensors.ts';

export interface Shown {
  readonly sensor: string;
  readonly windowUs: number;
  readonly within: TimeRange;
  /** Everything there is of the sensor, in whole windows; the default of `within`. */
  readonly all: TimeRange;
}

/** Parameters: `sensor`, `from`, `to`. Throws NotFound while there is no sensor. */
export async function shownTime(ports: ReportPorts, query: URLSearchParams): Promise<Shown> {
  const within = range(query);
  const { chosen } = await chooseSensor(ports, query);
  if (chosen === undefined) throw new NotFound('no sensor has sent anything yet');
  const { sensor, firstUs, lastUs } = chosen;
  const windowUs = await windowWidthUs(ports, sensor);
  const all = wholeWindows(firstUs, lastUs, windowUs);
  return { sensor, windowUs, within: within ?? all, all };
}
