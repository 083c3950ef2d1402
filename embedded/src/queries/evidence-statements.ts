/** The CQL that returns the evidence behind an alert, ready for cqlsh: the question `evidence` with the alert's values. */
import type { Alert } from '@tapline/core/detect/alert';
import { statements } from './cql-answer.ts';
import { cqlQuestions } from './cql-questions.ts';

/** One statement per partition that the alert's windows are in, ascending in time. */
export function evidenceStatements(alert: Alert): string[] {
  const { sensor, detector, entity, windowStartUs, windowEndUs, windows } = alert;
  const question = cqlQuestions().find(({ name }) => name === 'evidence')!;
  return statements(question, {
    values: new Map([
      ['sensor', sensor],
      ['detector', detector],
      ['entity', entity],
    ]),
    range: { fromMs: windowStartUs / 1000, toMs: windowEndUs / 1000 },
    limit: Math.max(50, windows),
    windowMs: (windowEndUs - windowStartUs) / 1000,
  });
}
