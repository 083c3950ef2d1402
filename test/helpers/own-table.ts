/** A Bigtable table of one test: made when it is first opened, deleted at the end. */
import { randomBytes } from 'node:crypto';
import { openTable, type BigtableTable } from '@tapline/adapters/bigtable/client';
import { BigtableRows } from '@tapline/adapters/bigtable/rows';
import { ensureTable } from '@tapline/adapters/bigtable/table';
import type { Meter } from '@tapline/core/cost/meter';
import type { Settings } from '@tapline/core/settings/settings';

/** The clocks of tests stand still in years that are over, and what is old is collected. */
const KEEP_SECONDS = 100 * 365 * 86_400;

export class OwnTable {
  readonly settings: Settings;
  readonly #opened: { table: BigtableTable; rows: BigtableRows }[] = [];

  constructor(settings: Settings) {
    this.settings = { ...settings, bigtableTable: `test-${randomBytes(6).toString('hex')}` };
  }

  /** Another connection to the table. */
  async open(meter?: Meter): Promise<BigtableRows> {
    const table = openTable(this.settings);
    await ensureTable(table.table, KEEP_SECONDS);
    const rows = new BigtableRows(table, meter);
    this.#opened.push({ table, rows });
    return rows;
  }

  async close(): Promise<void> {
    for (const { table, rows } of this.#opened.splice(0)) {
      await rows.close();
      await table.close();
    }
  }

  async dispose(): Promise<void> {
    await this.close();
    const table = openTable(this.settings);
    await table.table.delete();
    await table.close();
  }
}
