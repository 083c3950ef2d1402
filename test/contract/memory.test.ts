/** The contract suites against the stores in memory. */
import { MemoryHistoryStore } from '@tapline/adapters/memory/history-store';
import { MemoryLedgerStore } from '@tapline/adapters/memory/ledger-store';
import { MemoryPacketStore } from '@tapline/adapters/memory/packet-store';
import { MemoryResultStore } from '@tapline/adapters/memory/result-store';
import { MemoryTriageStore } from '@tapline/adapters/memory/triage-store';
import { MemoryWindowStore } from '@tapline/adapters/memory/window-store';
import type { Clock } from '@tapline/core/ports';
import { batchId } from '@tapline/core/wire/batch-header';
import type { StoreHarness } from './harness.ts';
import { describeHistoryStore } from './history-store.ts';
import { describeLedgerStore } from './ledger-store.ts';
import { describePacketStore } from './packet-store.ts';
import { describeResultStore } from './result-store.ts';
import { describeTriageStore } from './triage-store.ts';
import { describeWindowStore } from './window-store.ts';

const inMemory = <S>(make: (clock: Clock) => S): StoreHarness<S> => ({
  open: (clock) => Promise.resolve(make(clock)),
  close: () => Promise.resolve(),
  dispose: () => Promise.resolve(),
});

describeWindowStore('memory', () => inMemory((clock) => new MemoryWindowStore(clock)), { persistent: false });
describeResultStore('memory', () => inMemory(() => new MemoryResultStore()), { persistent: false });
describeHistoryStore('memory', () => inMemory(() => new MemoryHistoryStore()));
describeTriageStore('memory', () => inMemory(() => new MemoryTriageStore()), { persistent: false });
describeLedgerStore('memory', () => inMemory(() => new MemoryLedgerStore()), { persistent: false });
describePacketStore(
  'memory',
  () => {
    const store = new MemoryPacketStore();
    return { ...inMemory(() => store), lose: (batch) => store.deleteBatch(batchId(batch)) };
  },
  { persistent: false },
);
