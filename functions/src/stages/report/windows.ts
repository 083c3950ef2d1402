/** `/windows/<start>`: the KPIs of one window with their units and meanings. */
import { explainUsual } from '@tapline/core/history/explain-usual';
import { PipelineError } from '@tapline/core/errors';
import type { KpiReading, WindowReport } from '@tapline/core/report/snapshot';
import { readUsual } from '../read-usual.ts';
import { NotFound, type ReportPorts } from '../report.ts';
import { kpiMeaning } from './kpi-meaning.ts';
import { chooseSensor } from './sensors.ts';

/** `name` is the window's start in microseconds; parameter: `sensor`. Throws NotFound when no such window was scored. */
export async function windowReport(ports: ReportPorts, query: URLSearchParams, name: string): Promise<WindowReport> {
  const startUs = Number(name);
  if (!/^-?\d{1,16}$/u.test(name) || !Number.isSafeInteger(startUs)) {
    throw new PipelineError('USAGE', 'a window is named by its start in microseconds');
  }
  const { chosen } = await chooseSensor(ports, query);
  const rows =
    chosen === undefined ? [] : await ports.results.kpis(chosen.sensor, { fromUs: startUs, toUs: startUs + 1 });
  const found = rows.find((row) => row.windowStartUs === startUs);
  if (found === undefined) throw new NotFound('No packet was scored in this window.');
  const { values, ...row } = found;
  const kpis = Object.entries(values).map(([kpi, value]): KpiReading => ({ name: kpi, value, ...kpiMeaning(kpi) }));
  const alerts = await ports.results.alerts(found.sensor, { fromUs: found.windowStartUs, toUs: found.windowEndUs });
  return { version: 1, row, kpis, alerts: explainUsual(alerts, await readUsual(alerts, ports.results)) };
}
