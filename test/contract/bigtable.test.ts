/** The contract of window state against Bigtable, each test in a table of its own. */
import { BigtableWindowStore } from '@tapline/adapters/bigtable/window-store';
import type { WindowStore } from '@tapline/core/ports';
import type { Settings } from '@tapline/core/settings/settings';
import { OwnTable } from '../helpers/own-table.ts';
import { describeWithServices } from '../helpers/services.ts';
import type { StoreHarness } from './harness.ts';
import { describeWindowStore } from './window-store.ts';

function inTable(settings: Settings, shards: number): StoreHarness<WindowStore> {
  const own = new OwnTable(settings);
  return {
    open: async (clock) => new BigtableWindowStore(await own.open(), clock, { shards }),
    close: () => own.close(),
    dispose: () => own.dispose(),
  };
}

describeWithServices(['bigtable'], 'window state in Bigtable', (settings) => {
  describeWindowStore('Bigtable', () => inTable(settings, 1));
  describeWindowStore('Bigtable, four shards', () => inTable(settings, 4));
});
