/** The rows of what is usual that alerts are to be explained with. */
import type { Alert } from '@tapline/core/detect/alert';
import type { UsualRow } from '@tapline/core/detect/usual';
import { ROWS_BEFORE_US } from '@tapline/core/history/explain-usual';
import type { ResultStore } from '@tapline/core/ports';

/** Of every sensor the time that its alerts span. Throws PipelineError STORE. */
export async function readUsual(
  alerts: readonly Alert[],
  results: Pick<ResultStore, 'usual'>,
): Promise<readonly UsualRow[]> {
  const bySensor = Map.groupBy(alerts, ({ sensor }) => sensor);
  const rows = await Promise.all(
    Array.from(bySensor, ([sensor, own]) => {
      const fromUs = own.reduce((least, { windowStartUs }) => Math.min(least, windowStartUs), Infinity);
      const toUs = own.reduce((most, { windowEndUs }) => Math.max(most, windowEndUs), -Infinity);
      return results.usual(sensor, { fromUs: fromUs - ROWS_BEFORE_US, toUs });
    }),
  );
  return rows.flat();
}
