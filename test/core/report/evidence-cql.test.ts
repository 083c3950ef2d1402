import { describe, expect, it } from 'vitest';
import { evidenceCql } from '@tapline/core/report/evidence-cql';
import { statements } from '@tapline/embedded/queries/cql-answer';
import { cqlQuestions } from '@tapline/embedded/queries/cql-questions';
import { hostileAlert } from '../../fixtures/report-alerts.ts';

describe('the CQL behind an alert', () => {
  it.each([
    ["o'brien; --", 0, 10e6],
    ['tap', 590e6, 10e6],
    ['tap', 0, 1_900e6],
  ])(
    'of sensor %s is the question "evidence" with its values, one statement per partition',
    (sensor, afterUs, lengthUs) => {
      const windowStartUs = 1_499_428_800_000_000 + afterUs;
      const alert = { ...hostileAlert(sensor, windowStartUs), windowStartUs, windowEndUs: windowStartUs + lengthUs };
      const values = new Map(Object.entries({ sensor, detector: alert.detector, entity: alert.entity }));
      const range = { fromMs: windowStartUs / 1000, toMs: alert.windowEndUs / 1000 };
      const question = cqlQuestions().find(({ name }) => name === 'evidence')!;
      const asked = statements(question, { values, range, limit: Math.max(50, alert.windows), windowMs: 10_000 });
      expect(evidenceCql(alert)).toEqual(asked);
    },
  );
});
