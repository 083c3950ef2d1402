/** The fold of a sensor that runs for ever: what a whole fold says, in bounded memory, also when windows come again. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Alert } from '@tapline/core/detect/alert';
import { foldAlerts, type KnownWindow } from '@tapline/core/detect/alert-fold';
import { NO_QUALITY } from '@tapline/core/detect/data-quality';
import { TrailingFold } from '@tapline/core/detect/trailing-fold';
import { flood, WINDOW } from '../../fixtures/flood-evidence.ts';

const KEPT = 8;

/** A window as it was scored. */
interface Scored {
  readonly halfOpen: number;
  readonly complete: boolean;
}

const known = (window: Scored): KnownWindow => ({
  complete: window.complete,
  quality: { ...NO_QUALITY, packets: window.halfOpen, missing: window.complete ? 0 : 1 },
});

describe('TrailingFold', () => {
  const scored = fc.record({ halfOpen: fc.constantFrom(0, 1, 40, 300, 5000), complete: fc.boolean() });

  it('says what a fold of everything says, although windows among the last ones are scored again', () => {
    const again = fc.option(fc.record({ back: fc.nat({ max: KEPT - 1 }), window: scored }));
    fc.assert(
      fc.property(fc.array(fc.record({ window: scored, again }), { maxLength: 60 }), (steps) => {
        const windows = new Map<number, Scored>();
        const said = new Map<string, Alert>();
        const fold = new TrailingFold(KEPT * WINDOW, () => true);
        const take = (number: number, window: Scored, isNew: boolean): void => {
          windows.set(number, window);
          const evidence = window.halfOpen === 0 ? [] : [flood(number, window.halfOpen)];
          if (isNew && evidence.length === 0) return;
          const { fromUs } = fold;
          const alerts = isNew
            ? fold.add(number * WINDOW, evidence, known(window))
            : fold.replace(number * WINDOW, evidence, known(window));
          if (!isNew) for (const [id, { windowEndUs }] of said) if (windowEndUs > fromUs) said.delete(id);
          for (const alert of alerts) said.set(alert.id, alert);
        };
        for (const [number, step] of steps.entries()) {
          take(number, step.window, true);
          if (step.again !== null && step.again.back <= number)
            take(number - step.again.back, step.again.window, false);
        }
        const all = [...windows].flatMap(([number, { halfOpen }]) => (halfOpen === 0 ? [] : [flood(number, halfOpen)]));
        const whole = foldAlerts(all, (startUs) => ({ ...known(windows.get(startUs / WINDOW)!), final: true }));
        expect([...said.values()].sort((a, b) => a.windowStartUs - b.windowStartUs)).toEqual(whole);
      }),
      { numRuns: 500 },
    );
  });

  it('keeps no more of an attack that lasts for months than of one that lasts minutes', () => {
    const fold = new TrailingFold(KEPT * WINDOW, () => true);
    const sizes = [];
    let last: Alert | undefined;
    for (let number = 0; number < 20_000; number++) {
      [last] = fold.add(number * WINDOW, [flood(number, 5000)], known({ halfOpen: 5000, complete: true }));
      if (number === 100) sizes.push(fold.size);
    }
    expect(last).toMatchObject({ windowStartUs: 0, windows: 20_000 });
    expect(fold.size).toEqual(sizes[0]);
    expect(fold.size.windows).toBeLessThanOrEqual(KEPT + 1);
  });

  it('forgets hosts that came once', () => {
    const fold = new TrailingFold(KEPT * WINDOW, () => true);
    const sizes = new Set<number>();
    for (let number = 0; number < 1000; number++) {
      const evidence = Array.from({ length: 20 }, (_, host) => flood(number, 5000, `10.${number % 250}.${host}.1:80`));
      fold.add(number * WINDOW, evidence, known({ halfOpen: 1, complete: true }));
      if (number > 100) sizes.add(fold.size.entities);
    }
    expect(Math.max(...sizes)).toBeLessThan(1000);
  });

  it('refuses a window that it has settled', () => {
    const fold = new TrailingFold(KEPT * WINDOW, () => true);
    for (const number of [0, 20])
      fold.add(number * WINDOW, [flood(number, 5000)], known({ halfOpen: 1, complete: true }));
    expect(() => fold.replace(0, [], known({ halfOpen: 0, complete: true }))).toThrow('window 0 is settled');
  });
});
