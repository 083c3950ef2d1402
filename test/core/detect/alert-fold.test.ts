/** The fold from evidence to alerts: whole, window by window and out of order alike; where episodes begin and end. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Alert, Evidence } from '@tapline/core/detect/alert';
import { AlertFold, foldAlerts, withdrawn } from '@tapline/core/detect/alert-fold';
import { NO_QUALITY } from '@tapline/core/detect/data-quality';
import { compareEvidence } from '@tapline/core/detect/registry';
import { FINAL } from '../../helpers/panes.ts';

const WINDOW_US = 10_000_000;

function flood(window: number, halfOpen: number, entity = '192.0.2.1:80'): Evidence {
  const windowStartUs = window * WINDOW_US;
  return {
    sensor: 'sensor',
    detector: 'syn-flood',
    entity,
    windowStartUs,
    windowEndUs: windowStartUs + WINDOW_US,
    features: { halfOpen, requests: halfOpen, unrefused: halfOpen, sources: 1, ports: 1, anyPort: 0 },
    contacts: [],
    contributors: [{ key: `203.0.113.${window % 3}`, value: halfOpen, unit: 'half-open requests' }],
    firstPacketUs: windowStartUs + 5,
    lastPacketUs: windowStartUs + 9,
    filter: { fromUs: windowStartUs + 5, toUs: windowStartUs + 10, host: '192.0.2.1', port: 80, protocol: 'tcp' },
  };
}

function scan(window: number, ports: readonly number[], entity = '203.0.113.5', peer = '192.0.2.1'): Evidence {
  const windowStartUs = window * WINDOW_US;
  return {
    ...flood(window, 0, entity),
    detector: 'vertical-scan',
    features: { failedPorts: ports.length, answeredPorts: 0, illegalProbes: 0, contactsTheta: 2 ** 32 },
    contacts: ports.toSorted((a, b) => a - b),
    filter: { fromUs: windowStartUs, toUs: windowStartUs + 1, host: entity, peer, protocol: 'tcp' },
  };
}

const evidence: fc.Arbitrary<Evidence[]> = fc
  .uniqueArray(
    fc.record({
      window: fc.integer({ min: 0, max: 120 }),
      isFlood: fc.boolean(),
      entity: fc.constantFrom('192.0.2.1', '192.0.2.2'),
      peer: fc.constantFrom('198.51.100.1', '198.51.100.2'),
      size: fc.integer({ min: 1, max: 400 }),
      contact: fc.integer({ min: 0, max: 40 }),
    }),
    { maxLength: 80, selector: ({ window, isFlood, entity }) => `${window} ${isFlood} ${entity}` },
  )
  .map((all) =>
    all.map(({ window, isFlood, entity, peer, size, contact }) =>
      isFlood
        ? flood(window, size, entity)
        : scan(
            window,
            Array.from({ length: size % 9 }, (_, index) => contact + index),
            entity,
            peer,
          ),
    ),
  );

describe('foldAlerts', () => {
  it('is the same whatever the order of the evidence, and window by window', () => {
    fc.assert(
      fc.property(evidence, fc.integer({ min: 0, max: 200 }), (all, shuffle) => {
        const whole = foldAlerts(all, () => FINAL);
        const shuffled = all.toSorted(
          (a, b) => ((a.windowStartUs + shuffle * 7) % 11) - ((b.windowStartUs + shuffle) % 7),
        );
        expect(foldAlerts(shuffled, () => FINAL)).toEqual(whole);
        const fold = new AlertFold(() => FINAL);
        const last = new Map<string, unknown>();
        for (const one of all.toSorted(compareEvidence)) for (const alert of fold.add([one])) last.set(alert.id, alert);
        expect(fold.alerts()).toEqual(whole);
        // What `add` handed back last about each alert is what it became: nothing changes silently.
        expect([...last.values()]).toEqual(expect.arrayContaining(whole));
        expect(last.size).toBe(whole.length);
      }),
      { numRuns: 300 },
    );
  });

  it('is the same when the fold forgets as it goes', () => {
    fc.assert(
      fc.property(evidence, (all) => {
        const fold = new AlertFold(() => FINAL);
        const released = [];
        for (const one of all.toSorted(compareEvidence)) {
          released.push(...fold.release(one.windowStartUs));
          fold.add([one]);
        }
        const alerts = [...released, ...fold.alerts()].sort(
          (a, b) => a.windowStartUs - b.windowStartUs || (a.id < b.id ? -1 : 1),
        );
        expect(alerts).toEqual(foldAlerts(all, () => FINAL));
      }),
      { numRuns: 300 },
    );
  });

  it('makes one alert of a flood that lasts, and follows it: peak, extent, contributors, windows', () => {
    const sizes = [300, 5000, 400];
    const alerts = foldAlerts(
      sizes.map((size, window) => flood(window, size)),
      () => FINAL,
    );
    expect(alerts).toHaveLength(1);
    expect(alerts[0]).toMatchObject({
      windowStartUs: 0,
      windowEndUs: 3 * WINDOW_US,
      windows: 3,
      firstPacketUs: 5,
      lastPacketUs: 2 * WINDOW_US + 9,
      severity: 'high',
      state: 'confirmed',
      complete: true,
      filter: { fromUs: 5, toUs: 2 * WINDOW_US + 10 },
    });
    expect(alerts[0]!.reasons[0]).toMatchObject({ value: 5000, floor: 200, ratio: 25 });
    expect(alerts[0]!.contributors.map(({ value }) => value)).toEqual([5000, 400, 300]);
  });

  it('keeps an episode over three quiet windows and begins another after four', () => {
    const pause = (windows: number): number => foldAlerts([flood(0, 500), flood(1 + windows, 500)], () => FINAL).length;
    expect(pause(3)).toBe(1);
    expect(pause(4)).toBe(2);
    // A scan's lookback is part of its patience.
    const scans = (windows: number): number => {
      const ports = Array.from({ length: 20 }, (_, index) => index);
      return foldAlerts([scan(0, ports), scan(1 + windows, ports)], () => FINAL).length;
    };
    expect(scans(33)).toBe(1);
    expect(scans(34)).toBe(2);
  });

  it('unites distinct contacts over the lookback, of one victim only', () => {
    const each = [0, 1, 2, 3].map((window) =>
      scan(
        window,
        [1, 2, 3, 4].map((port) => port + 4 * window),
      ),
    );
    const same = [0, 1, 2, 3].map((window) => scan(window, [1, 2, 3, 4]));
    const apart = [0, 1, 2, 3].map((window) =>
      scan(
        window,
        [1, 2, 3, 4].map((port) => port + 4 * window),
        '203.0.113.5',
        `192.0.2.${window}`,
      ),
    );
    expect(foldAlerts(each, () => FINAL)).toMatchObject([{ windowStartUs: 0, windows: 4 }]);
    expect(foldAlerts(same, () => FINAL)).toEqual([]);
    expect(foldAlerts(apart, () => FINAL)).toEqual([]);
  });

  it('gives an alert one id for its life, and different ids to different sensors, detectors, entities and episodes', () => {
    const fold = new AlertFold(() => FINAL);
    const ids = [0, 1, 2].flatMap((window) => fold.add([flood(window, 500)]).map(({ id }) => id));
    expect(new Set(ids).size).toBe(1);
    const others = foldAlerts(
      [flood(0, 500), flood(40, 500), flood(0, 500, 'other'), { ...flood(0, 500), sensor: 'second' }].slice(0, 3),
      () => FINAL,
    ).map(({ id }) => id);
    const second = foldAlerts([{ ...flood(0, 500), sensor: 'second' }], () => FINAL).map(({ id }) => id);
    expect(new Set([...others, ...second]).size).toBe(4);
  });

  it('is provisional until every window is final, and says when one was incomplete', () => {
    const status = (start: number) => ({
      complete: start !== 0,
      final: start < WINDOW_US,
      quality: { ...NO_QUALITY, packets: 900, missing: start === 0 ? 100 : 0 },
    });
    const [alert] = foldAlerts([flood(0, 500), flood(1, 500)], status);
    expect(alert).toMatchObject({ state: 'provisional', complete: false, quality: { confidence: 0.947 } });
    expect(alert!.quality.doubts).toEqual([
      { cause: 'missing', share: 0.053, text: '100 packets (5.26 %) were sent by the sensor and have not arrived' },
    ]);
  });

  it('weighs the reasons of an alert against each other by how far each is beyond its bar', () => {
    const [alert] = foldAlerts([flood(0, 800)], () => FINAL);
    expect(alert!.reasons.map(({ ratio, contribution }) => [ratio, contribution])).toEqual([
      [4, 0.861],
      [1.25, 0.139],
    ]);
  });

  describe('withdraws what later data took away, and says', () => {
    const before = foldAlerts([flood(0, 500), flood(50, 500)], () => FINAL);
    const withdrawal = (evidence: readonly Evidence[]): Alert[] =>
      withdrawn(
        before,
        foldAlerts(evidence, () => FINAL),
        evidence,
      );

    it('that nothing is left of it', () => {
      expect(withdrawal([flood(50, 500)])).toEqual([
        {
          ...before[0]!,
          state: 'withdrawn',
          withdrawal: 'windows of these 10 s were scored again from more packets: nothing of it is left',
        },
      ]);
    });

    it('that what is left stays below the bar', () => {
      expect(withdrawal([flood(0, 150), flood(50, 500)])[0]!.withdrawal).toBe(
        'windows of these 10 s were scored again from more packets: 1 of 1 still speak for it, together below the bar',
      );
    });
  });
});
