/** The KPI rows that `tapline run --data` stored, whole. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { KpiRow } from '@tapline/core/kpi/kpi-row';

/** In time order. */
export function storedKpis(folder: string): KpiRow[] {
  const database = new DatabaseSync(join(folder, 'tapline.db'), { readOnly: true });
  try {
    const rows = database.prepare('SELECT row FROM kpi ORDER BY window_start_us').all();
    return rows.map(({ row }) => JSON.parse(row as string) as KpiRow);
  } finally {
    database.close();
  }
}
