/** Window state in Bigtable, for the functions that have it. */
import { openTable } from '@tapline/adapters/bigtable/client';
import { BigtableRows } from '@tapline/adapters/bigtable/rows';
import { BigtableWindowStore } from '@tapline/adapters/bigtable/window-store';
import type { WindowStore } from '@tapline/core/ports';
import type { Instance } from './instance.ts';
import { closeAtEnd } from './lifecycle.ts';
import { meter } from './meter.ts';

/** Connects when it is first used. */
export function openWindows({ settings, clock }: Pick<Instance, 'settings' | 'clock'>): WindowStore {
  const table = openTable(settings);
  const rows = new BigtableRows(table, meter);
  closeAtEnd(async () => {
    await rows.close();
    await table.close();
  });
  return new BigtableWindowStore(rows, clock);
}
