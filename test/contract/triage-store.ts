/** The contract of TriageStore: every implementation passes this suite. */
import type { TriageStore, TriageSubject } from '@tapline/core/ports';
import type { TriageEntry } from '@tapline/core/triage/triage-entry';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MakeHarness, StoreHarness } from './harness.ts';
import { HandClock, HOSTILE_NAMES, shuffled } from './harness.ts';

const MONTH_US = 31 * 86_400e6;
const alert = (id: string, sensor = 'tap', windowStartUs = 1_499_258_930_000_000): TriageSubject => ({
  id,
  sensor,
  windowStartUs,
});
const ONE = alert('one');

const entry = (id: string, changes: Partial<TriageEntry> = {}): TriageEntry => ({
  id,
  action: 'note',
  text: 'seen',
  by: 'local',
  atUs: 1_700_000_000_000_001,
  ...changes,
});

export function describeTriageStore(
  name: string,
  make: MakeHarness<TriageStore>,
  { persistent = true }: { persistent?: boolean } = {},
): void {
  describe(`TriageStore on ${name}`, () => {
    let harness: StoreHarness<TriageStore>;
    let store: TriageStore;
    beforeEach(async () => {
      harness = make();
      store = await harness.open(new HandClock());
    });
    afterEach(() => harness.dispose());

    const of = async (subject: TriageSubject): Promise<readonly TriageEntry[] | undefined> =>
      (await store.entries([subject])).get(subject.id);

    it('knows nothing of an alert that nobody has touched', async () => {
      expect(await store.entries([ONE])).toEqual(new Map());
      expect(await store.entries([])).toEqual(new Map());
    });

    it('gives back every field, in the order of time and then of ids', async () => {
      const entries = [
        entry('entry-01', { action: 'acknowledge', text: '' }),
        entry('entry-02', { text: 'a note\nof two lines, with \u202eevil\u202c, 😀 and a "quote"' }),
        entry('entry-03', {
          action: 'mute',
          text: 'load test',
          untilUs: 1_700_003_600_000_000,
          atUs: 1_700_000_000_000_002,
        }),
        entry('entry-04', {
          action: 'undo',
          text: '',
          undoes: 'entry-03',
          atUs: 1_700_000_000_000_003,
          by: 'a@example.org',
        }),
      ];
      for (const one of shuffled(entries, 7)) expect(await store.add(ONE, one)).toEqual(one);
      expect(await of(ONE)).toEqual(entries);
    });

    it('keeps the first of two entries under one id, and says which', async () => {
      const first = entry('entry-01');
      await store.add(ONE, first);
      const second = entry('entry-01', { text: 'another', by: 'b@example.org', atUs: first.atUs + 9 });
      expect(await store.add(ONE, second)).toEqual(first);
      expect(await of(ONE)).toEqual([first]);
    });

    it('lets one of many that come at once stand, and tells all of them which', async () => {
      const tries = [1, 2, 3, 4, 5].map((n) => store.add(ONE, entry('entry-01', { text: `try ${n}` })));
      const stood = new Set((await Promise.all(tries)).map(({ text }) => text));
      expect(stood.size).toBe(1);
      expect(await of(ONE)).toHaveLength(1);
    });

    it('keeps alerts apart, also of other sensors and months, and answers for many at once', async () => {
      const subjects = [ONE, alert('two'), alert('three', 'other'), alert('four', 'tap', ONE.windowStartUs + MONTH_US)];
      for (const subject of subjects) await store.add(subject, entry('entry-01', { text: subject.id }));
      const more = [...subjects, alert('five'), alert('six'), alert('seven')];
      const found = await store.entries(more);
      expect([...found].map(([id, [one]]) => [id, one!.text]).sort()).toEqual(
        subjects.map(({ id }) => [id, id]).sort(),
      );
      expect([...(await store.entries(subjects.slice(0, 2))).keys()].sort()).toEqual(['one', 'two']);
    });

    it('takes any text as the name of an alert, a sensor and a person', async () => {
      const names = HOSTILE_NAMES.filter((hostile) => hostile !== '');
      for (const hostile of names) await store.add(alert(hostile, hostile), entry('entry-01', { by: hostile }));
      for (const hostile of names) expect((await of(alert(hostile, hostile)))?.[0]?.by).toBe(hostile);
    });

    if (persistent)
      it('still has it when it is opened again', async () => {
        await store.add(ONE, entry('entry-01'));
        await harness.close();
        store = await harness.open(new HandClock());
        expect(await of(ONE)).toEqual([entry('entry-01')]);
      });
  });
}
