import { describe, expect, it } from 'vitest';
import { foldAlerts } from '@tapline/core/detect/alert-fold';
import type { Evidence } from '@tapline/core/detect/alert';
import { reasonSeries } from '@tapline/core/report/reason-series';

const WINDOW_US = 10e6;
const START_US = 1_700_000_000_000_000;

const flood = (window: number, halfOpen: number): Evidence => ({
  sensor: 'tap',
  detector: 'syn-flood',
  entity: '10.0.0.1:80',
  windowStartUs: START_US + window * WINDOW_US,
  windowEndUs: START_US + (window + 1) * WINDOW_US,
  features: { halfOpen, requests: halfOpen, unrefused: halfOpen, sources: 3, ports: 1, anyPort: 0 },
  contacts: [],
  contributors: [],
  firstPacketUs: START_US + window * WINDOW_US,
  lastPacketUs: START_US + window * WINDOW_US + 1,
  filter: { fromUs: START_US, toUs: START_US + 1, host: '10.0.0.1', port: 80, protocol: 'tcp' },
});

describe('the reasons of an alert over time', () => {
  const evidence = [flood(2, 400), flood(3, 900)];
  const [alert] = foldAlerts(evidence, () => ({ complete: true, quality: {} as never, final: true }));

  it('are what its detector says of each window, and nothing where it stayed below the bar or nothing was scored', () => {
    const rows = [0, 1, 2, 3].map((window) => ({
      windowStartUs: START_US + window * WINDOW_US,
      complete: window !== 3,
    }));
    const series = reasonSeries(
      alert!,
      evidence,
      rows,
      { fromUs: START_US, toUs: START_US + 5 * WINDOW_US },
      WINDOW_US,
    );
    const column = alert!.reasons.findIndex(({ feature }) => feature === 'half-open requests');
    expect(series.map(({ values, scored, complete }) => [values[column], scored, complete])).toEqual([
      [null, true, true],
      [null, true, true],
      [400, true, true],
      [900, true, false],
      [null, false, false],
    ]);
    expect(Math.max(...series.map(({ values }) => values[column] ?? 0))).toBe(alert!.reasons[column]!.value);
  });

  it('are not known of an alert that is not made from windows', () => {
    const range = { fromUs: START_US, toUs: START_US + WINDOW_US };
    expect(reasonSeries({ ...alert!, isFromHistory: true }, evidence, [], range, WINDOW_US)).toEqual([]);
  });
});
