/** Bigtable: the table of window state, its families, and how long a read takes. */
import { STATUS, statusOf } from '@tapline/adapters/bigtable/bigtable-error';
import { openTable } from '@tapline/adapters/bigtable/client';
import { BigtableRows } from '@tapline/adapters/bigtable/rows';
import { missingFamilies, type Family } from '@tapline/adapters/bigtable/table';
import { SETTINGS } from '@tapline/core/settings/settings';
import type { Table } from '@google-cloud/bigtable';
import { fail, ok, type Check } from './check.ts';
import { unreachable } from './reach.ts';

const START = `start the emulator ("tapline services up"), or set ${SETTINGS.bigtableEmulator.name} or ${SETTINGS.project.name}`;
const MAKE = 'apply terraform, or start "tapline functions" here, which makes it in the emulator';

export const bigtable: Check = {
  name: 'bigtable',
  needs: [],
  advice: START,
  examine: async (visit) => {
    const { bigtableEmulator, bigtableInstance, bigtableTable } = visit.settings;
    const problem = bigtableEmulator === undefined ? undefined : await unreachable(bigtableEmulator);
    if (problem !== undefined) return fail(`the emulator at ${bigtableEmulator!}: ${problem}`, START);
    const opened = openTable(visit.settings);
    visit.closeAtEnd(() => opened.close());
    const name = `table ${bigtableTable} of instance ${bigtableInstance}`;
    const missing = await familiesOf(opened.table);
    if (missing === 'table') return fail(`there is no ${name}`, MAKE);
    if (missing.length > 0) return fail(`${name} has no family ${missing.join(', ')}`, MAKE);
    const rows = new BigtableRows(opened, undefined, visit.requestMs);
    visit.closeAtEnd(() => rows.close());
    const startMs = performance.now();
    await rows.read(['doctor'], { cellsPerRowLimitFilter: 1 }, 'reading');
    return ok(`${name}, a read takes ${(performance.now() - startMs).toFixed(1)} ms`);
  },
};

/** Families that are missing. Accounts that may only use the data cannot see; then the read will tell. */
async function familiesOf(table: Table): Promise<readonly Family[] | 'table'> {
  try {
    return await missingFamilies(table);
  } catch (error) {
    const status = statusOf(error);
    if (status === STATUS.notFound) return 'table';
    if (status === STATUS.permissionDenied) return [];
    throw error;
  }
}
