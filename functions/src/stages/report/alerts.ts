/** `/alerts/<id>` and `/alerts/<id>/packets`: one alert, and the packets behind it. */
import type { Alert } from '@tapline/core/detect/alert';
import { explainUsual } from '@tapline/core/history/explain-usual';
import { compileFilter } from '@tapline/core/report/packet-match';
import type { AlertReport, PacketPage } from '@tapline/core/report/snapshot';
import { readUsual } from '../read-usual.ts';
import { NotFound, type ReportPorts } from '../report.ts';
import { scanPackets } from './packets.ts';

/** Throws NotFound. */
export async function findAlert(ports: ReportPorts, id: string): Promise<Alert> {
  const alert = await ports.results.alert(id);
  if (alert === undefined) throw new NotFound('no such alert');
  return alert;
}

export async function alertReport(ports: ReportPorts, _query: URLSearchParams, id: string): Promise<AlertReport> {
  const alert = await findAlert(ports, id);
  const [explained = alert] = explainUsual([alert], await readUsual([alert], ports.results));
  return { version: 1, alert: explained };
}

/** Parameters: `limit`, `after`. */
export async function alertPackets(ports: ReportPorts, query: URLSearchParams, id: string): Promise<PacketPage> {
  const alert = await findAlert(ports, id);
  return scanPackets(ports, alert.sensor, alert.filter, compileFilter(alert.filter), query);
}
