/** TriageStore in memory: for tests, and for a line that need not outlive its process. */
import type { TriageStore, TriageSubject } from '@tapline/core/ports';
import type { TriageEntry } from '@tapline/core/triage/triage-entry';
import { inOrder } from '@tapline/core/triage/triage-state';

export class MemoryTriageStore implements TriageStore {
  readonly #alerts = new Map<string, Map<string, TriageEntry>>();

  add(alert: TriageSubject, entry: TriageEntry): Promise<TriageEntry> {
    const known = this.#alerts.get(alert.id) ?? new Map<string, TriageEntry>();
    this.#alerts.set(alert.id, known);
    const standing = known.get(entry.id) ?? { ...entry };
    known.set(entry.id, standing);
    return Promise.resolve(standing);
  }

  entries(alerts: readonly TriageSubject[]): Promise<ReadonlyMap<string, readonly TriageEntry[]>> {
    const found = new Map<string, readonly TriageEntry[]>();
    for (const { id } of alerts) {
      const known = this.#alerts.get(id);
      if (known !== undefined) found.set(id, inOrder([...known.values()]));
    }
    return Promise.resolve(found);
  }
}
